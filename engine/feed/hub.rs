//! Where the journal's thread and the connections meet without waiting for each other.
//!
//! Nothing is missed, whatever the order: 1. a subscription is counted, then indexed, and only then reads its
//! snapshot; 2. a level is durable, hence readable, before it is published. A level published before 1 is
//! therefore in the snapshot, one published after it is in a delta, and one in between may be in both.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use saldo_ledger::Level;
use tokio::sync::Semaphore;

use super::index::Index;
use super::live::Live;
use super::merged::Merged;
use super::outbox::{Outbox, SubscriptionId};
use super::selection::Selection;
use super::view::{Thresholds, View};
use super::{CATCHING_UP_MAX, MERGED_KEYS_MAX, live, round};
use crate::clock;
use crate::journal::Reader;

/// The feed. Dropping it stops and joins its threads; subscriptions that are left then hear nothing any more.
#[derive(Debug)]
pub struct Hub {
    pub(super) shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// What the journal's thread, the feed's threads and the subscriptions share. Lock order: `index` or `live`, then
/// an outbox; `inbox` is never held together with another.
#[derive(Debug)]
pub(super) struct Shared {
    /// Subscriptions to levels that are indexed or about to be: with 0 the journal's thread does not even lock.
    listening: AtomicUsize,
    /// Subscriptions to events that have joined the live ones or are about to.
    following: AtomicUsize,
    inbox: Mutex<Inbox>,
    /// Signalled when levels wait for the dispatcher, and on stop.
    wake: Condvar,
    /// Signalled when there are events for those who follow, and on stop.
    wake_live: Condvar,
    pub(super) index: Mutex<Index>,
    pub(super) live: Mutex<Live>,
    pub(super) dispatched: AtomicU64,
    /// Keys that may wait in `inbox`.
    pub(super) keys_max: usize,
    pub(super) thresholds: Thresholds,
    /// The journal, once it runs.
    pub(super) reader: OnceLock<Reader>,
    next_id: AtomicU64,
    /// Reads of the journal for readers that are behind: few at a time, whoever they are for.
    catching_up: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Inbox {
    merged: Merged,
    /// Events are durable up to here.
    durable: u64,
    /// Whether the dispatcher rests, and is not to be woken by levels.
    is_resting: bool,
    stopped: bool,
}

impl Hub {
    /// Starts the feed and its threads.
    ///
    /// # Errors
    /// When the operating system starts no thread.
    pub fn start(thresholds: Thresholds) -> io::Result<Arc<Self>> {
        let shared = Arc::new(Shared::new(MERGED_KEYS_MAX, thresholds));
        let spawn = |name: &str, run: fn(&Shared)| {
            let shared = Arc::clone(&shared);
            std::thread::Builder::new().name(name.to_owned()).spawn(move || run(&shared))
        };
        let threads = vec![spawn("feed", round::run)?, spawn("feed-events", live::run)?];
        Ok(Arc::new(Self { shared, threads }))
    }

    /// A feed without threads: nobody is told of anything, or rounds are run by hand.
    pub(crate) fn by_hand(keys_max: usize) -> Arc<Self> {
        let shared = Arc::new(Shared::new(keys_max, Thresholds::default()));
        Arc::new(Self { shared, threads: Vec::new() })
    }

    /// Runs the round that the thread would.
    #[cfg(test)]
    pub(crate) fn round(&self) -> round::Round {
        round::round(&self.shared, &mut round::Rounds::default(), 0)
    }

    /// Tells those who follow of these events, as the thread would.
    #[cfg(test)]
    pub(crate) fn tell_live(&self, events: &[crate::actor::call::Movement]) {
        self.shared.live.lock().tell_by_hand(events);
    }

    /// Sends those who follow to the journal, as where a record cannot be read.
    #[cfg(test)]
    pub(crate) fn fail_live(&self, durable: u64) {
        self.shared.live.lock().send_to_journal(durable);
    }

    /// Gives the feed the journal to read events from.
    pub fn attach(&self, reader: Reader) {
        // A second journal would be a second recovery of the same engine; the first stays.
        let _ = self.shared.reader.set(reader);
    }

    /// The journal, once it runs.
    #[must_use]
    pub fn reader(&self) -> Option<&Reader> {
        self.shared.reader.get()
    }

    /// What a level is worth in bands.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.shared.thresholds
    }

    /// Passes on the newest level of each key that changed, all of them durable, with the last durable sequence
    /// number. Costs the keys that changed, waits for no reader, and is two loads when nobody listens.
    /// One caller at a time, with rising sequence numbers.
    pub fn publish(&self, levels: &mut dyn Iterator<Item = Level>, sequence: u64) {
        let shared = &self.shared;
        // Whoever is counted only after this reads the durable end behind what was made durable before this.
        fence(Ordering::SeqCst);
        let has_listeners = shared.listening.load(Ordering::SeqCst) > 0;
        let has_followers = shared.following.load(Ordering::SeqCst) > 0;
        if !has_listeners && !has_followers {
            return;
        }
        let mut inbox = shared.inbox.lock();
        inbox.durable = inbox.durable.max(sequence);
        let was_idle = inbox.merged.is_idle();
        if has_listeners {
            for level in levels {
                inbox.merged.put(level, shared.keys_max);
            }
            inbox.merged.reached(sequence);
        }
        let wakes = was_idle && !inbox.merged.is_idle() && !inbox.is_resting;
        drop(inbox);
        if wakes {
            shared.wake.notify_one();
        }
        if has_followers {
            shared.wake_live.notify_one();
        }
    }

    /// Subscribes a connection to levels. From now on, until the answer is dropped, every change of the selected
    /// keys comes into its outbox; read a snapshot only after this returns.
    #[must_use]
    pub fn subscribe(
        &self,
        outbox: &Arc<Outbox>,
        selection: Selection,
        view: View,
    ) -> Subscription {
        let shared = Arc::clone(&self.shared);
        shared.listening.fetch_add(1, Ordering::SeqCst);
        let id = shared.new_id();
        outbox.open_levels(id, view);
        shared.index.lock().add(id, outbox, &selection);
        Subscription::new(id, selection, outbox, shared, Kind::Levels)
    }

    /// Subscribes a connection to events. None comes before [`Subscription::join`].
    #[must_use]
    pub fn follow(&self, outbox: &Arc<Outbox>, selection: Selection) -> Subscription {
        let shared = Arc::clone(&self.shared);
        let id = shared.new_id();
        outbox.open_events(id);
        Subscription::new(id, selection, outbox, shared, Kind::Events(AtomicBool::new(false)))
    }

    /// A place among those who read the journal to catch up.
    #[must_use]
    pub fn catching_up(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.catching_up)
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

    /// How many subscriptions there are to levels, over all connections.
    #[must_use]
    pub fn subscriptions(&self) -> usize {
        self.shared.index.lock().len()
    }

    /// How many subscriptions to events have seen the journal's end, over all connections.
    #[must_use]
    pub fn followers(&self) -> usize {
        self.shared.following.load(Ordering::Relaxed)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.shared.inbox.lock().stopped = true;
        self.shared.wake.notify_one();
        self.shared.wake_live.notify_one();
        for thread in self.threads.drain(..) {
            // It ends by itself; a panic of it has been reported by its own thread.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn new(keys_max: usize, thresholds: Thresholds) -> Self {
        Self {
            listening: AtomicUsize::new(0),
            following: AtomicUsize::new(0),
            inbox: Mutex::default(),
            wake: Condvar::new(),
            wake_live: Condvar::new(),
            index: Mutex::new(Index::new()),
            live: Mutex::new(Live::new()),
            dispatched: AtomicU64::new(0),
            keys_max,
            thresholds,
            reader: OnceLock::new(),
            next_id: AtomicU64::new(0),
            catching_up: Arc::new(Semaphore::new(CATCHING_UP_MAX)),
        }
    }

    fn new_id(&self) -> SubscriptionId {
        // Only uniqueness is asked of it.
        SubscriptionId(self.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Waits for something to tell, at most for so long where a time is given; false once the hub stops.
    pub(super) fn wait(&self, patience: Option<Duration>) -> bool {
        let mut inbox = self.inbox.lock();
        while inbox.merged.is_idle() && !inbox.stopped {
            match patience {
                None => self.wake.wait(&mut inbox),
                Some(patience) => {
                    self.wake.wait_for(&mut inbox, patience);
                    break;
                }
            }
        }
        !inbox.stopped
    }

    /// Lets the dispatcher rest for so long, while levels gather; false once the hub stops.
    pub(super) fn rest(&self, time: Duration) -> bool {
        let until = clock::monotonic_in(time);
        let mut inbox = self.inbox.lock();
        inbox.is_resting = true;
        while !inbox.stopped && !self.wake.wait_until(&mut inbox, until).timed_out() {}
        inbox.is_resting = false;
        !inbox.stopped
    }

    /// Lets the teller of events rest for so long.
    pub(super) fn rest_live(&self, time: Duration) {
        let until = clock::monotonic_in(time);
        let mut inbox = self.inbox.lock();
        // What comes meanwhile wakes it and changes nothing: it is looked at after the rest.
        while !inbox.stopped && !self.wake_live.wait_until(&mut inbox, until).timed_out() {}
    }

    /// Waits for events behind `told`; the durable end, or none once the hub stops.
    pub(super) fn wait_live(&self, told: u64) -> Option<u64> {
        let mut inbox = self.inbox.lock();
        while inbox.durable <= told && !inbox.stopped {
            self.wake_live.wait(&mut inbox);
        }
        (!inbox.stopped).then_some(inbox.durable)
    }

    /// Exchanges the full table for an empty one, which goes on at the same place of the journal.
    pub(super) fn exchange(&self, empty: &mut Merged) {
        let mut inbox = self.inbox.lock();
        empty.reached(inbox.merged.sequence());
        std::mem::swap(&mut inbox.merged, empty);
    }
}

/// A connection's interest in some keys; ends when dropped.
#[derive(Debug)]
pub struct Subscription {
    id: SubscriptionId,
    selection: Arc<Selection>,
    outbox: Arc<Outbox>,
    shared: Arc<Shared>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Levels,
    /// Whether it stands in the index of those who follow.
    Events(AtomicBool),
}

impl Subscription {
    fn new(
        id: SubscriptionId,
        selection: Selection,
        outbox: &Arc<Outbox>,
        shared: Arc<Shared>,
        kind: Kind,
    ) -> Self {
        Self { id, selection: Arc::new(selection), outbox: Arc::clone(outbox), shared, kind }
    }

    /// Its id in [`super::Delta`] and [`super::Batch`].
    #[must_use]
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// What it hears of.
    #[must_use]
    pub const fn selection(&self) -> &Arc<Selection> {
        &self.selection
    }

    /// Joins the live events: every event behind the place that is told comes into the outbox, and is held there
    /// until [`Outbox::release`]. Only for a subscription to events; again after it has fallen behind.
    pub fn join(&self) -> u64 {
        let Kind::Events(is_listed) = &self.kind else {
            return 0;
        };
        let shared = &self.shared;
        let is_new = !is_listed.swap(true, Ordering::Relaxed);
        if is_new {
            shared.following.fetch_add(1, Ordering::SeqCst);
        }
        let mut live = shared.live.lock();
        if is_new {
            let durable = shared.reader.get().map_or(0, Reader::durable);
            live.add(self.id, &self.outbox, &self.selection, durable);
        }
        self.outbox.join(self.id);
        live.told()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        match &self.kind {
            Kind::Levels => {
                self.shared.index.lock().remove(self.id, &self.selection);
                self.shared.listening.fetch_sub(1, Ordering::SeqCst);
            }
            Kind::Events(is_listed) if is_listed.load(Ordering::Relaxed) => {
                self.shared.live.lock().remove(self.id, &self.selection);
                self.shared.following.fetch_sub(1, Ordering::SeqCst);
            }
            Kind::Events(_) => {}
        }
        self.outbox.forget(self.id);
    }
}
