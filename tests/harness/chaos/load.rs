//! Changes all the while: frames of commands from a few connections, which find the engine again after each kill.

use std::time::Duration;

use saldo_protocol::{Action, ClientMessage, Command, FrameId, Quantity, ReleaseFrom};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::Stage;
use super::random::Random;
use super::stock::changed_key;
use super::wire::{Heard, Wire};

const CONNECTIONS: u64 = 3;
const FRAMES_PER_SECOND: u64 = 25;
/// Reservations that a connection remembers, to commit or release them.
const REMEMBERED_MAX: usize = 200;

/// The connections that change things.
pub(super) struct Load(JoinSet<()>);

impl Load {
    pub(super) fn start(
        mut random: Random,
        stage: watch::Receiver<Stage>,
        changes_per_second: u64,
    ) -> Self {
        let mut senders = JoinSet::new();
        let commands = (changes_per_second / (CONNECTIONS * FRAMES_PER_SECOND)).max(1);
        for number in 0..CONNECTIONS {
            let sender = Sender {
                random: random.fork(),
                is_binary: number % 2 == 1,
                commands,
                open: Vec::new(),
            };
            senders.spawn(sender.run(stage.clone()));
        }
        Self(senders)
    }

    /// Waits until nothing is sent any more and the last frame is answered.
    pub(super) async fn ended(self) {
        self.0.join_all().await;
    }
}

struct Sender {
    random: Random,
    is_binary: bool,
    /// Commands of a frame.
    commands: u64,
    open: Vec<Command>,
}

impl Sender {
    async fn run(mut self, mut stage: watch::Receiver<Stage>) {
        let mut frames = interval(Duration::from_millis(1_000 / FRAMES_PER_SECOND));
        frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut wire: Option<Wire> = None;
        loop {
            frames.tick().await;
            let (url, calm) = {
                let stage = stage.borrow_and_update();
                (stage.url.clone(), stage.calm)
            };
            if calm {
                return;
            }
            let Some(url) = url else { continue };
            if wire.is_none() {
                wire = Wire::connect(&url, self.is_binary).await;
            }
            let Some(open) = &mut wire else { continue };
            let id = FrameId::new("load").expect("a name");
            let commands = (0..self.commands).map(|_| self.command()).collect();
            let answered = open.send(&ClientMessage::Commands { id, commands }).await
                && matches!(open.next().await, Heard::Message(_));
            if !answered {
                wire = None;
            }
        }
    }

    fn command(&mut self) -> Command {
        let random = &mut self.random;
        if random.percent(35)
            && let Some(reserved) = self.open.pop()
            && let Action::Reserve { reservation_id, .. } = reserved.action
        {
            let action = if random.percent(50) {
                Action::Commit { reservation_id, quantity: None }
            } else {
                Action::Release { reservation_id, quantity: None, from: ReleaseFrom::Held }
            };
            return Command { action, ..reserved };
        }
        let (sku, location) = changed_key(random);
        let quantity = |units: u64| Quantity::new(i128::from(units)).expect("a quantity");
        if random.percent(25) {
            let action = Action::Receive { quantity: quantity(1 + random.below(8)) };
            return Command { key: None, sku, location, action };
        }
        let id = (u128::from(random.next()) << 64) | u128::from(random.next());
        let reservation_id = Uuid::from_u128(id | 1);
        let quantity = quantity(1 + random.below(3));
        let action = Action::Reserve { reservation_id, quantity, hold_seconds: None };
        let command = Command { key: None, sku, location, action };
        if self.open.len() < REMEMBERED_MAX {
            self.open.push(command.clone());
        }
        command
    }
}
