//! What waits for one connection: of each subscription to levels the newest level of each key, of each to events
//! the events, until they are taken.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use saldo_ledger::StockKey;
use thiserror::Error;
use tokio::sync::Notify;

use super::event::SharedEvent;
use super::event_queue::{Change, EventQueue};
use super::level::SharedLevel;
use super::newest::Newest;
use super::view::{Band, View};

/// A subscription, never used for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(super) u64);

/// Why a connection can no longer be told of everything. It begins anew from its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lagging {
    /// The connection reads more slowly than its keys change.
    #[error("more than {levels_max} levels wait: read faster or subscribe to fewer keys")]
    Reader {
        /// The setting `feed_pending_levels_max`.
        levels_max: usize,
    },
    /// More keys changed than the feed could pass on.
    #[error("more than {keys_max} keys changed at once: subscribe again")]
    Feed {
        /// [`super::MERGED_KEYS_MAX`].
        keys_max: usize,
    },
}

/// What a connection takes from its outbox.
#[derive(Debug)]
pub enum Taken {
    /// Levels that changed.
    Levels(Delta),
    /// Events.
    Events(Batch),
}

/// Levels of one subscription that were waiting.
#[derive(Debug)]
pub struct Delta {
    /// Whose.
    pub subscription: SubscriptionId,
    /// In the order in which their keys first changed. Empty where all that waited is as the reader knows it.
    pub levels: Vec<Arc<SharedLevel>>,
    /// Whether nothing more of this subscription is waiting.
    pub drained: bool,
}

/// Events of one subscription that were waiting.
#[derive(Debug)]
pub struct Batch {
    /// Whose.
    pub subscription: SubscriptionId,
    /// In the journal's order.
    pub events: Vec<Arc<SharedEvent>>,
    /// Where the subscription has fallen behind: events from here on are to be read from the journal.
    pub behind_from: Option<u64>,
}

/// How much may wait for one connection, over all its subscriptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Levels; beyond it the connection ends.
    pub levels_max: usize,
    /// Events; beyond it a subscription is caught up from the journal.
    pub events_max: usize,
}

/// What waits for one connection.
#[derive(Debug)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    /// Signalled when something waits after nothing did: a connection that knows is not woken again.
    filled: Notify,
    room: Room,
}

#[derive(Debug, Default)]
struct Waiting {
    subscriptions: HashMap<SubscriptionId, Content>,
    /// Subscriptions of which something waits, each once, in turn.
    turns: VecDeque<SubscriptionId>,
    /// Over all subscriptions.
    levels: usize,
    /// Over all subscriptions.
    events: usize,
    lagging: Option<Lagging>,
}

#[derive(Debug)]
enum Content {
    Levels(Newest),
    Events(EventQueue),
}

impl Content {
    /// Whether there is something to take.
    fn is_ready(&self) -> bool {
        match self {
            Self::Levels(newest) => newest.is_ready(),
            Self::Events(queue) => queue.is_ready(),
        }
    }
}

impl Outbox {
    /// An empty one.
    #[must_use]
    pub fn new(room: Room) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), filled: Notify::new(), room })
    }

    /// Waits until something can be taken. Cancel-safe.
    pub async fn ready(&self) {
        while self.waiting.lock().is_idle() {
            self.filled.notified().await;
        }
    }

    /// Takes at most `limit` levels or events of the subscription whose turn it is; none when nothing waits.
    ///
    /// # Errors
    /// [`Lagging`] once more had to wait than may; what waited is gone, and nothing comes any more.
    pub fn take(&self, limit: usize) -> Result<Option<Taken>, Lagging> {
        self.waiting.lock().take(limit)
    }

    /// Notes that a page of a snapshot tells of a key. The band to tell, which may be that of a newer version.
    pub fn told(&self, id: SubscriptionId, key: &StockKey, version: u64, band: Band) -> Band {
        match self.waiting.lock().subscriptions.get_mut(&id) {
            Some(Content::Levels(newest)) => newest.told(key, version, band),
            _ => band,
        }
    }

    /// Keeps the levels of a subscription back until [`Outbox::release`]: its snapshot is told first.
    pub fn hold(&self, id: SubscriptionId) {
        let mut waiting = self.waiting.lock();
        if let Some(Content::Levels(newest)) = waiting.subscriptions.get_mut(&id) {
            newest.is_held = true;
            waiting.turns.retain(|waits| *waits != id);
        }
    }

    /// Lets what was held be taken: levels since [`Outbox::hold`], events since the subscription joined. Whether
    /// none was lost since.
    pub fn release(&self, id: SubscriptionId) -> bool {
        let mut waiting = self.waiting.lock();
        let was_idle = waiting.is_idle();
        let Some(content) = waiting.subscriptions.get_mut(&id) else {
            return false;
        };
        let was_ready = content.is_ready();
        let complete = match content {
            Content::Levels(newest) => {
                newest.is_held = false;
                true
            }
            Content::Events(queue) => queue.release(),
        };
        if !was_ready && content.is_ready() {
            waiting.turns.push_back(id);
        }
        let wakes = was_idle && !waiting.is_idle();
        drop(waiting);
        if wakes {
            self.filled.notify_one();
        }
        complete
    }

    pub(super) fn open_levels(&self, id: SubscriptionId, view: View) {
        self.waiting.lock().subscriptions.insert(id, Content::Levels(Newest::new(view)));
    }

    pub(super) fn open_events(&self, id: SubscriptionId) {
        self.waiting.lock().subscriptions.insert(id, Content::Events(EventQueue::default()));
    }

    /// From now on events come; they are held until [`Outbox::release`].
    pub(super) fn join(&self, id: SubscriptionId) {
        if let Some(Content::Events(queue)) = self.waiting.lock().subscriptions.get_mut(&id) {
            queue.join();
        }
    }

    pub(super) fn forget(&self, id: SubscriptionId) {
        let mut waiting = self.waiting.lock();
        match waiting.subscriptions.remove(&id) {
            Some(Content::Levels(newest)) => waiting.levels -= newest.len(),
            Some(Content::Events(queue)) => waiting.events -= queue.len(),
            None => {}
        }
        waiting.turns.retain(|waits| *waits != id);
    }

    /// Puts a level in the place of an older one of its key. Whether this woke the connection.
    pub(super) fn offer(&self, id: SubscriptionId, level: &Arc<SharedLevel>) -> bool {
        self.fill(|waiting| {
            waiting.put_level(id, level);
            if waiting.levels > self.room.levels_max {
                let levels_max = self.room.levels_max;
                waiting.give_up(Lagging::Reader { levels_max });
            }
        })
    }

    /// Puts an event behind the others. Whether this woke the connection.
    pub(super) fn offer_event(&self, id: SubscriptionId, event: &Arc<SharedEvent>) -> bool {
        let events_max = self.room.events_max;
        self.fill(|waiting| {
            waiting.change_events(id, |queue, waiting| queue.put(event, waiting < events_max));
        })
    }

    /// The live events have ended for this subscription: it goes on in the journal from this place.
    pub(super) fn cut_events(&self, id: SubscriptionId, from: u64) {
        self.fill(|waiting| waiting.change_events(id, |queue, _| queue.cut(from)));
    }

    /// Drops what waits, and what comes: the connection is told why instead.
    pub(super) fn give_up(&self, why: Lagging) {
        self.waiting.lock().give_up(why);
        self.filled.notify_one();
    }

    fn fill(&self, change: impl FnOnce(&mut Waiting)) -> bool {
        let mut waiting = self.waiting.lock();
        let was_idle = waiting.is_idle();
        if waiting.lagging.is_none() {
            change(&mut waiting);
        }
        let wakes = was_idle && !waiting.is_idle();
        drop(waiting);
        if wakes {
            self.filled.notify_one();
        }
        wakes
    }
}

impl Waiting {
    fn is_idle(&self) -> bool {
        self.turns.is_empty() && self.lagging.is_none()
    }

    fn put_level(&mut self, id: SubscriptionId, level: &Arc<SharedLevel>) {
        let Some(Content::Levels(newest)) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let was_ready = newest.is_ready();
        if newest.put(level) {
            self.levels += 1;
            if !was_ready && newest.is_ready() {
                self.turns.push_back(id);
            }
        }
    }

    /// `change` is given the queue, and how many events wait over all subscriptions.
    fn change_events(
        &mut self,
        id: SubscriptionId,
        change: impl FnOnce(&mut EventQueue, usize) -> Change,
    ) {
        let Some(Content::Events(queue)) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let was_ready = queue.is_ready();
        match change(queue, self.events) {
            Change::Nothing | Change::Cut => {}
            Change::Added => self.events += 1,
            Change::Dropped(events) => self.events -= events,
        }
        if !was_ready && queue.is_ready() {
            self.turns.push_back(id);
        }
    }

    fn take(&mut self, limit: usize) -> Result<Option<Taken>, Lagging> {
        if let Some(why) = self.lagging {
            return Err(why);
        }
        let Some(subscription) = self.turns.pop_front() else {
            return Ok(None);
        };
        let taken = match self.subscriptions.get_mut(&subscription) {
            None => return Ok(None),
            Some(Content::Levels(newest)) => {
                let waited = newest.len();
                let levels = newest.take(limit);
                self.levels -= waited - newest.len();
                let drained = newest.len() == 0;
                if !drained {
                    self.turns.push_back(subscription);
                }
                Taken::Levels(Delta { subscription, levels, drained })
            }
            Some(Content::Events(queue)) => {
                let (events, behind_from) = queue.take(limit);
                self.events -= events.len();
                if queue.is_ready() {
                    self.turns.push_back(subscription);
                }
                Taken::Events(Batch { subscription, events, behind_from })
            }
        };
        Ok(Some(taken))
    }

    fn give_up(&mut self, why: Lagging) {
        *self = Self { lagging: Some(why), ..Self::default() };
    }
}
