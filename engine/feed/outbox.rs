//! What waits for one connection: of each subscription the newest level of each key, until it is taken.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use saldo_ledger::StockKey;
use thiserror::Error;
use tokio::sync::Notify;

use super::TABLE_KEPT;
use super::level::SharedLevel;

/// A subscription, never used for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(super) u64);

/// Why a connection can no longer be told of everything. It begins anew from a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Lagging {
    /// The connection reads more slowly than its keys change.
    #[error(
        "more than {levels_max} levels wait to be read: subscribe to fewer keys or read faster"
    )]
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

/// Levels of one subscription that were waiting.
#[derive(Debug)]
pub struct Delta {
    /// Whose.
    pub subscription: SubscriptionId,
    /// In the order in which their keys first changed.
    pub levels: Vec<Arc<SharedLevel>>,
    /// Whether nothing more of this subscription is waiting.
    pub drained: bool,
}

/// The levels that wait for one connection, at most so many over all its subscriptions.
#[derive(Debug)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    /// Signalled when something waits after nothing did: a connection that knows is not woken again.
    filled: Notify,
    levels_max: usize,
}

#[derive(Debug, Default)]
struct Waiting {
    subscriptions: HashMap<SubscriptionId, Newest>,
    /// Subscriptions of which something waits, each once, in turn.
    turns: VecDeque<SubscriptionId>,
    /// Over all subscriptions.
    levels: usize,
    lagging: Option<Lagging>,
}

/// The newest level of each key of one subscription.
#[derive(Debug, Default)]
struct Newest {
    levels: HashMap<StockKey, Arc<SharedLevel>>,
    /// The keys of `levels`, each once.
    order: VecDeque<StockKey>,
}

impl Outbox {
    /// An empty one for at most `levels_max` levels.
    #[must_use]
    pub fn new(levels_max: usize) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), filled: Notify::new(), levels_max })
    }

    /// Waits until something can be taken. Cancel-safe.
    pub async fn ready(&self) {
        while self.waiting.lock().is_idle() {
            self.filled.notified().await;
        }
    }

    /// Takes at most `limit` levels of the subscription whose turn it is; none when nothing waits.
    ///
    /// # Errors
    /// [`Lagging`] once more had to wait than may; what waited is gone, and nothing comes any more.
    pub fn take(&self, limit: usize) -> Result<Option<Delta>, Lagging> {
        self.waiting.lock().take(limit)
    }

    pub(super) fn open(&self, id: SubscriptionId) {
        self.waiting.lock().subscriptions.insert(id, Newest::default());
    }

    pub(super) fn forget(&self, id: SubscriptionId) {
        let mut waiting = self.waiting.lock();
        if let Some(newest) = waiting.subscriptions.remove(&id) {
            waiting.levels -= newest.order.len();
            waiting.turns.retain(|waits| *waits != id);
        }
    }

    /// Puts a level in the place of an older one of its key. Whether this woke the connection.
    pub(super) fn offer(&self, id: SubscriptionId, level: &Arc<SharedLevel>) -> bool {
        let mut waiting = self.waiting.lock();
        let was_idle = waiting.is_idle();
        waiting.put(id, level);
        if waiting.levels > self.levels_max {
            let levels_max = self.levels_max;
            waiting.give_up(Lagging::Reader { levels_max });
        }
        let wakes = was_idle && !waiting.is_idle();
        drop(waiting);
        if wakes {
            self.filled.notify_one();
        }
        wakes
    }

    /// Drops what waits, and what comes: the connection is told why instead.
    pub(super) fn give_up(&self, why: Lagging) {
        self.waiting.lock().give_up(why);
        self.filled.notify_one();
    }
}

impl Waiting {
    fn is_idle(&self) -> bool {
        self.levels == 0 && self.lagging.is_none()
    }

    fn put(&mut self, id: SubscriptionId, level: &Arc<SharedLevel>) {
        if self.lagging.is_some() {
            return;
        }
        let Some(newest) = self.subscriptions.get_mut(&id) else {
            return;
        };
        let key = &level.level().key;
        if let Some(known) = newest.levels.get_mut(key) {
            if known.level().version < level.level().version {
                *known = Arc::clone(level);
            }
            return;
        }
        if newest.order.is_empty() {
            self.turns.push_back(id);
        }
        newest.levels.insert(key.clone(), Arc::clone(level));
        newest.order.push_back(key.clone());
        self.levels += 1;
    }

    fn take(&mut self, limit: usize) -> Result<Option<Delta>, Lagging> {
        if let Some(why) = self.lagging {
            return Err(why);
        }
        let Some(subscription) = self.turns.pop_front() else {
            return Ok(None);
        };
        let Some(newest) = self.subscriptions.get_mut(&subscription) else {
            return Ok(None);
        };
        let levels = newest.take(limit);
        let drained = newest.order.is_empty();
        self.levels -= levels.len();
        if !drained {
            self.turns.push_back(subscription);
        }
        Ok(Some(Delta { subscription, levels, drained }))
    }

    fn give_up(&mut self, why: Lagging) {
        *self = Self { lagging: Some(why), ..Self::default() };
    }
}

impl Newest {
    fn take(&mut self, limit: usize) -> Vec<Arc<SharedLevel>> {
        let taken = self.order.len().min(limit);
        let levels = self.order.drain(..taken).filter_map(|key| self.levels.remove(&key)).collect();
        if self.order.is_empty() && self.order.capacity() > TABLE_KEPT {
            *self = Self::default();
        }
        levels
    }
}
