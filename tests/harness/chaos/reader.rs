//! One reader: it subscribes, is cut off or stops reading at moments of the schedule, comes back with its cursor,
//! and checks everything that it is told.

use std::time::Duration;

use saldo_protocol::{ClientMessage, Cursor, FeedMode, FrameId, ServerMessage, View};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::Stage;
use super::events::Events;
use super::levels::Levels;
use super::random::Random;
use super::stock::Wanted;
use super::wire::{Heard, Wire};

/// What a reader subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Levels,
    Events,
}

/// What readers were told and went through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Connections that stood.
    pub connections: u64,
    /// Sockets that a reader cut.
    pub cuts: u64,
    /// Times that a reader stopped reading for a while.
    pub stalls: u64,
    /// Subscriptions taken back and begun again on the same connection.
    pub resubscriptions: u64,
    /// Levels told.
    pub levels: u64,
    /// Events told.
    pub events: u64,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.connections += other.connections;
        self.cuts += other.cuts;
        self.stalls += other.stalls;
        self.resubscriptions += other.resubscriptions;
        self.levels += other.levels;
        self.events += other.events;
    }
}

pub(super) struct Reader {
    number: usize,
    mode: Mode,
    view: View,
    is_binary: bool,
    random: Random,
    stage: watch::Receiver<Stage>,
    wanted: Wanted,
    levels: Levels,
    events: Events,
    tally: Tally,
    /// Subscriptions so far: each has a name of its own, so that what comes late of another one is told apart.
    subscriptions: u64,
}

/// How a connection ended.
enum Ended {
    /// Come back.
    Broken,
    /// Everything is known.
    Agreed,
}

impl Reader {
    pub(super) fn new(
        number: usize,
        mode: Mode,
        is_binary: bool,
        mut random: Random,
        stage: watch::Receiver<Stage>,
    ) -> Self {
        let wanted = Wanted::some(&mut random);
        let view = if mode == Mode::Levels && random.percent(30) {
            random.of(&[View::Banded, View::Boolean])
        } else {
            View::Exact
        };
        Self {
            number,
            mode,
            view,
            is_binary,
            random,
            stage,
            wanted,
            levels: Levels::default(),
            events: Events::default(),
            tally: Tally::default(),
            subscriptions: 0,
        }
    }

    /// Runs until it knows the truth.
    pub(super) async fn run(mut self) -> Result<Tally, String> {
        let outcome = self.connections().await;
        outcome.map(|()| self.tally).map_err(|wrong| {
            let Self { number, mode, view, is_binary, wanted, .. } = &self;
            let form = if *is_binary { "binary" } else { "JSON" };
            format!("reader {number} ({mode:?}, {view:?}, {form}, {wanted:?}): {wrong}")
        })
    }

    async fn connections(&mut self) -> Result<(), String> {
        loop {
            let url = {
                let up = self.stage.wait_for(|stage| stage.url.is_some()).await;
                up.map_err(|error| error.to_string())?.url.clone().unwrap_or_default()
            };
            let Some(mut wire) = Wire::connect(&url, self.is_binary).await else {
                self.pause(20, 100).await;
                continue;
            };
            self.tally.connections += 1;
            if let Ended::Agreed = self.converse(&mut wire).await? {
                return Ok(());
            }
            if !self.stage.borrow().calm {
                self.pause(0, 300).await;
            }
        }
    }

    async fn pause(&mut self, low_ms: u32, high_ms: u32) {
        sleep(Duration::from_millis(1).mul_f64(self.random.between(low_ms, high_ms))).await;
    }

    async fn converse(&mut self, wire: &mut Wire) -> Result<Ended, String> {
        if !self.subscribe(wire).await {
            return Ok(Ended::Broken);
        }
        let mut stage = self.stage.clone();
        let mut attack_at = self.next_attack();
        loop {
            if self.agrees() {
                return Ok(Ended::Agreed);
            }
            let calm = self.stage.borrow().calm;
            tokio::select! {
                heard = wire.next() => match heard {
                    Heard::Message(message) => self.hear(*message)?,
                    Heard::End => return Ok(Ended::Broken),
                    Heard::Wrong(wrong) => return Err(wrong),
                },
                _ = stage.changed() => {}
                () = sleep_until(attack_at), if !calm => {
                    attack_at = self.next_attack();
                    match self.random.below(10) {
                        0..=4 => {
                            self.tally.cuts += 1;
                            return Ok(Ended::Broken);
                        }
                        5..=7 => {
                            self.tally.stalls += 1;
                            self.pause(50, 1_500).await;
                        }
                        _ => {
                            self.tally.resubscriptions += 1;
                            let id = FrameId::new(self.name()).map_err(|it| it.to_string())?;
                            if !wire.send(&ClientMessage::Unsubscribe { id }).await
                                || !self.subscribe(wire).await
                            {
                                return Ok(Ended::Broken);
                            }
                        }
                    }
                }
            }
        }
    }

    fn next_attack(&mut self) -> Instant {
        Instant::now() + Duration::from_millis(100 + self.random.below(2_500))
    }

    fn name(&self) -> String {
        format!("s{}", self.subscriptions)
    }

    async fn subscribe(&mut self, wire: &mut Wire) -> bool {
        self.subscriptions += 1;
        let mut subscribe = self.wanted.subscribe(&self.name());
        let cursor = match self.mode {
            Mode::Levels => {
                subscribe.view = Some(self.view);
                self.levels.begin();
                self.levels.cursor.clone()
            }
            Mode::Events => {
                subscribe.mode = FeedMode::Events;
                Some(self.events.cursor())
            }
        };
        subscribe.cursor = cursor.map(|cursor| Cursor::new(cursor).expect("a cursor"));
        wire.send(&ClientMessage::Subscribe(subscribe)).await
    }

    fn hear(&mut self, message: ServerMessage) -> Result<(), String> {
        let id = match &message {
            ServerMessage::Subscribed { id, .. }
            | ServerMessage::Snapshot { id, .. }
            | ServerMessage::Delta { id, .. }
            | ServerMessage::Events { id, .. }
            | ServerMessage::Gap { id, .. }
            | ServerMessage::Unsubscribed { id } => id,
            other => return Err(format!("heard {other:?}")),
        };
        // What was under way of a subscription that was taken back is not listened to any more: the next one has
        // begun from the cursor before it.
        if *id != self.name() {
            return Ok(());
        }
        match self.mode {
            Mode::Levels => {
                self.tally.levels += self.levels.hear(message, &self.wanted, self.view)?;
            }
            Mode::Events => self.tally.events += self.events.hear(message, &self.wanted)?,
        }
        Ok(())
    }

    /// Whether the end has come and everything is known.
    fn agrees(&self) -> bool {
        let stage = self.stage.borrow();
        stage.truth.as_ref().is_some_and(|truth| {
            let lacks = match self.mode {
                Mode::Levels => self.levels.lacks(truth, &self.wanted),
                Mode::Events => self.events.lacks(truth, &self.wanted),
            };
            lacks.is_none()
        })
    }
}
