//! A follower of all events, across kills: what it is told must go on, key by key, without a gap or a repeat, must be
//! what the rules of stock make of what was there before, and never promises what is not there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use saldo_protocol::client::{ClientConfig, FeedClient, FeedForm};
use saldo_protocol::{
    Balances, Cursor, EARLIEST, FeedMode, FrameId, Movement, MovementKind, ServerMessage,
    Subscribe, Timestamp,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::call::Keys;
use super::worker::Stage;

/// An event, as far as the audit asks for it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its key's version after it.
    pub version: u64,
    /// What happened.
    pub kind: MovementKind,
    /// To how many units.
    pub quantity: i64,
    /// What is available after it.
    pub available: i64,
    /// The reservation.
    pub reservation: Option<Uuid>,
    /// The caller's reference.
    pub reference: Option<String>,
}

/// A key as its events tell it.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// The version after the newest event.
    pub version: u64,
    /// The balances after it.
    pub balances: Balances,
    /// When that was. Of one key time only rises; one message is of one time, and keys are not compared.
    pub at: Option<Timestamp>,
    /// Where the events begin that are kept: the version and what was available before them.
    pub begins: (u64, i64),
    /// The events since the last audit.
    pub events: Vec<Event>,
}

/// What a follower has been told.
#[derive(Debug)]
pub struct Told {
    /// By key number.
    pub stories: Vec<Story>,
    /// What was wrong.
    pub wrong: Vec<String>,
    /// Events over all keys, since the beginning.
    pub events: u64,
    cursor: String,
}

/// A follower, which runs until it is dropped.
#[derive(Debug)]
pub struct Journal {
    told: Arc<Mutex<Told>>,
    task: JoinHandle<()>,
}

impl Journal {
    /// Follows the engine at the stage's address, again after each loss.
    #[must_use]
    pub fn follow(keys: Keys, stage: Stage) -> Self {
        let told = Arc::new(Mutex::new(Told {
            stories: vec![Story::default(); keys.all],
            wrong: Vec::new(),
            events: 0,
            cursor: EARLIEST.to_owned(),
        }));
        Self { told: Arc::clone(&told), task: tokio::spawn(listen(told, stage)) }
    }

    /// What it has been told so far.
    pub fn told(&self) -> MutexGuard<'_, Told> {
        lock(&self.told)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects again and again, from the last cursor on.
async fn listen(told: Arc<Mutex<Told>>, mut stage: Stage) {
    for attempt in 0_u64.. {
        let url = match stage.wait_for(Option::is_some).await {
            Ok(url) => url.clone().unwrap_or_default(),
            Err(_) => return,
        };
        let form = if attempt % 2 == 0 { FeedForm::Json } else { FeedForm::Binary };
        let config = ClientConfig { form, ..ClientConfig::new(&url) };
        let mut subscribe = Subscribe::all(FrameId::new("events").expect("a name"));
        subscribe.mode = FeedMode::Events;
        subscribe.cursor = Some(Cursor::new(lock(&told).cursor.clone()).expect("a cursor"));
        if let Ok(feed) = FeedClient::connect(&config).await
            && let Ok(mut messages) = feed.subscribe(subscribe).await
        {
            while let Some(Ok(message)) = messages.next_message().await {
                lock(&told).hear(message);
            }
        }
        // Whoever was cut off looks where the engine is now.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

impl Told {
    fn hear(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Events { events, .. } => {
                for event in events {
                    if let Err(wrong) = self.take(&event) {
                        self.wrong.push(format!("{wrong}: {event:?}"));
                    }
                    self.cursor.clone_from(&event.cursor);
                }
            }
            other => self.wrong.push(format!("a follower of events heard {other:?}")),
        }
    }

    fn take(&mut self, event: &Movement) -> Result<(), String> {
        let key = Keys::number(&event.sku, &event.location);
        let key = key.ok_or_else(|| "an event of a key that nobody named".to_owned())?;
        let story = self.stories.get_mut(key).ok_or_else(|| "no such key".to_owned())?;
        let (version, before) = (story.version, story.balances);
        story.version = event.version;
        story.balances = event.after;
        story.events.push(Event {
            version: event.version,
            kind: event.kind,
            quantity: event.quantity,
            available: event.after.available,
            reservation: event.reservation_id,
            reference: event.reference.clone(),
        });
        self.events += 1;
        let earlier = story.at.replace(event.at);
        if event.version != version + 1 || event.before != before {
            return Err(format!("version {version} with {before:?} came before"));
        }
        if earlier.is_some_and(|earlier| earlier > event.at) {
            return Err(format!("time ran backwards from {earlier:?}"));
        }
        if !follows(event) {
            return Err("the balances after it are not what it makes of those before".to_owned());
        }
        let Balances { on_hand, reserved, committed, available, .. } = event.after;
        if [on_hand, reserved, committed, available].iter().any(|balance| *balance < 0) {
            return Err("more is promised than there is".to_owned());
        }
        Ok(())
    }
}

/// Whether the balances after an event are those before it and its units.
fn follows(event: &Movement) -> bool {
    let Movement { quantity, before, after, .. } = event;
    let moved = |on_hand: i64, reserved: i64, committed: i64| {
        let mut balances = *before;
        balances.on_hand += on_hand * quantity;
        balances.reserved += reserved * quantity;
        balances.committed += committed * quantity;
        balances.available = balances.on_hand
            - balances.damaged
            - balances.quality_control
            - balances.safety_stock
            - balances.reserved
            - balances.committed;
        balances == *after
    };
    match event.kind {
        MovementKind::Received | MovementKind::Returned => moved(1, 0, 0),
        MovementKind::Reserved => moved(0, 1, 0),
        MovementKind::Committed => moved(0, -1, 1),
        MovementKind::Fulfilled => moved(-1, 0, -1),
        MovementKind::Released => moved(0, -1, 0) || moved(0, 0, -1),
        MovementKind::Expired => moved(0, -1, 0),
        MovementKind::Sold => moved(-1, 0, 0),
        MovementKind::Extended | MovementKind::PolicySet => before == after,
        MovementKind::Adjusted | MovementKind::Counted | MovementKind::Opening => true,
    }
}
