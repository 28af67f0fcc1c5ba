//! Where the journal's thread and the connections meet without waiting for each other.
//!
//! Nothing is missed, whatever the order: 1. a subscription is counted, then indexed, and only then reads its
//! snapshot; 2. a level is durable, hence readable, before it is published. A level published before 1 is
//! therefore in the snapshot, one published after it is in a delta, and one in between may be in both.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use parking_lot::{Condvar, Mutex};
use saldo_ledger::Level;

use super::MERGED_KEYS_MAX;
use super::index::Index;
use super::merged::Merged;
use super::outbox::{Outbox, SubscriptionId};
use super::round;
use super::selection::Selection;

/// The feed. Dropping it stops and joins its thread; subscriptions that are left then hear nothing any more.
#[derive(Debug)]
pub struct Hub {
    shared: Arc<Shared>,
    dispatcher: Option<JoinHandle<()>>,
}

/// What the journal's thread, the dispatcher and the subscriptions share. Lock order: `index`, then an outbox;
/// `merged` is never held together with another.
#[derive(Debug)]
pub(super) struct Shared {
    /// Subscriptions that are indexed or about to be: with 0 the journal's thread does not even lock.
    listening: AtomicUsize,
    merged: Mutex<Inbox>,
    /// Signalled when `merged` is no longer idle, and on stop.
    wake: Condvar,
    pub(super) index: Mutex<Index>,
    pub(super) dispatched: AtomicU64,
    /// Keys that may wait in `merged`.
    pub(super) keys_max: usize,
}

#[derive(Debug, Default)]
struct Inbox {
    merged: Merged,
    stopped: bool,
}

impl Hub {
    /// Starts the feed and its thread.
    ///
    /// # Errors
    /// When the operating system starts no thread.
    pub fn start() -> io::Result<Arc<Self>> {
        let shared = Arc::new(Shared::new(MERGED_KEYS_MAX));
        let dispatcher = {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new()
                .name("feed".to_owned())
                .spawn(move || round::run(&shared))?
        };
        Ok(Arc::new(Self { shared, dispatcher: Some(dispatcher) }))
    }

    /// A feed without a thread: rounds are run by hand.
    #[cfg(test)]
    pub(crate) fn by_hand(keys_max: usize) -> Arc<Self> {
        Arc::new(Self { shared: Arc::new(Shared::new(keys_max)), dispatcher: None })
    }

    /// Runs the round that the thread would.
    #[cfg(test)]
    pub(crate) fn round(&self) -> round::Round {
        round::round(&self.shared, &mut Merged::default())
    }

    /// Passes on the newest level of each key that changed, all of them durable, with the last durable sequence
    /// number. Costs the keys that changed, waits for no reader, and is a single load when nobody listens.
    /// One caller at a time, with rising sequence numbers.
    pub fn publish(&self, levels: &mut dyn Iterator<Item = Level>, sequence: u64) {
        let shared = &self.shared;
        if shared.listening.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut inbox = shared.merged.lock();
        let was_idle = inbox.merged.is_idle();
        for level in levels {
            inbox.merged.put(level, shared.keys_max);
        }
        inbox.merged.reached(sequence);
        let wakes = was_idle && !inbox.merged.is_idle();
        drop(inbox);
        if wakes {
            shared.wake.notify_one();
        }
    }

    /// Subscribes a connection. From now on, until the answer is dropped, every change of the selected keys
    /// comes into its outbox; read a snapshot only after this returns.
    #[must_use]
    pub fn subscribe(&self, outbox: &Arc<Outbox>, selection: Selection) -> Subscription {
        let shared = Arc::clone(&self.shared);
        shared.listening.fetch_add(1, Ordering::SeqCst);
        let id = shared.index.lock().add(outbox, &selection);
        Subscription { id, selection: Arc::new(selection), outbox: Arc::clone(outbox), shared }
    }

    /// The sequence number up to which every published change is in the outboxes of those who listened. Where it
    /// is read before [`Outbox::take`] and that drains a subscription, the subscription was told of everything
    /// up to here.
    #[must_use]
    pub fn dispatched(&self) -> u64 {
        self.shared.dispatched.load(Ordering::Acquire)
    }

    /// Whether nobody listens: then there is no need to tell of levels.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shared.listening.load(Ordering::SeqCst) == 0
    }

    /// How many subscriptions there are, over all connections.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.shared.index.lock().len()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.merged.lock().stopped = true;
        self.shared.wake.notify_one();
        if let Some(dispatcher) = self.dispatcher.take() {
            // It ends by itself; a panic of it has been reported by its own thread.
            let _ = dispatcher.join();
        }
    }
}

impl Shared {
    fn new(keys_max: usize) -> Self {
        Self {
            listening: AtomicUsize::new(0),
            merged: Mutex::default(),
            wake: Condvar::new(),
            index: Mutex::new(Index::new()),
            dispatched: AtomicU64::new(0),
            keys_max,
        }
    }

    /// Waits for something to tell; false once the hub stops.
    pub(super) fn wait(&self) -> bool {
        let mut inbox = self.merged.lock();
        while inbox.merged.is_idle() && !inbox.stopped {
            self.wake.wait(&mut inbox);
        }
        !inbox.stopped
    }

    /// Exchanges the full table for an empty one.
    pub(super) fn exchange(&self, empty: &mut Merged) {
        std::mem::swap(&mut self.merged.lock().merged, empty);
    }
}

/// A connection's interest in some keys; ends when dropped.
#[derive(Debug)]
pub struct Subscription {
    id: SubscriptionId,
    selection: Arc<Selection>,
    outbox: Arc<Outbox>,
    shared: Arc<Shared>,
}

impl Subscription {
    /// Its id in [`super::Delta`].
    #[must_use]
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// What it hears of.
    #[must_use]
    pub const fn selection(&self) -> &Arc<Selection> {
        &self.selection
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.shared.index.lock().remove(self.id, &self.selection);
        self.shared.listening.fetch_sub(1, Ordering::SeqCst);
        self.outbox.forget(self.id);
    }
}
