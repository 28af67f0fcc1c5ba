//! What all actors of an engine share. None of it is a key's state: that is the actor's alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use actix::ArbiterHandle;
use hashbrown::DefaultHashBuilder;
use parking_lot::Mutex;
use saldo_ledger::{Level, Refusal, RefusalCode, StockKey, StockLedger, Terms, Timestamp};
use tokio::sync::oneshot;

use super::admission::Admission;
use super::customers::Customers;
use super::directory::{Directory, arbiter_of};
use super::ids::Ids;
use super::message::{FramePart, Job, Look, Message, Notice, Waiting};
use super::once::OnceTable;
use super::operations::Operations;
use super::stock_actor::refuse_all;
use super::timer::Timer;
use crate::blocking::{self, off_thread};
use crate::clock::Clock;
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::feed::Hub;
use crate::journal::group::resumed;
use crate::journal::medium::Medium;
use crate::journal::{Journal, Notify};
use crate::store::save::LoadError;
use crate::store::{Store, keys, replay, save, state};

/// Figures that only ever rise.
#[derive(Debug, Default)]
pub struct Stats {
    /// Events appended.
    pub events: AtomicU64,
    /// Commands refused.
    pub refused: AtomicU64,
    /// Actors that panicked and were rebuilt.
    pub panics: AtomicU64,
    /// Keys woken from the store.
    pub woken: AtomicU64,
    /// Actors asked to leave.
    pub passivated: AtomicU64,
    /// Checkpoints made.
    pub checkpoints: AtomicU64,
    /// Entries that the last one wrote.
    pub checkpoint_entries_last: AtomicU64,
    /// Bytes that it gave to the disk, its redo log included.
    pub checkpoint_bytes_last: AtomicU64,
}

/// What the engine is put together from.
pub struct Parts {
    /// The settings.
    pub settings: Arc<Settings>,
    /// Logged time.
    pub clock: Arc<dyn Clock>,
    /// The journal.
    pub journal: Journal<Notice>,
    /// The store.
    pub store: Arc<Store>,
    /// Where baselines stand.
    pub baselines: Arc<dyn Medium>,
    /// The feed.
    pub hub: Arc<Hub>,
    /// The table of idempotency keys, as recovery left it.
    pub once: OnceTable,
    /// When the engine resumed.
    pub resumed_at: Timestamp,
    /// The threads that actors run on.
    pub arbiters: Vec<ArbiterHandle>,
    /// Tells the waker which key to wake.
    pub waker: std::sync::mpsc::Sender<StockKey>,
}

/// What all actors share.
pub struct Shared {
    /// The settings.
    pub settings: Arc<Settings>,
    /// Logged time.
    pub clock: Arc<dyn Clock>,
    /// The journal.
    pub journal: Journal<Notice>,
    /// The store.
    pub store: Arc<Store>,
    /// Where baselines stand.
    pub baselines: Arc<dyn Medium>,
    /// The feed.
    pub hub: Arc<Hub>,
    /// Who is awake.
    pub directory: Directory,
    /// Idempotency keys.
    pub once: OnceTable,
    /// Homes of reservations.
    pub ids: Ids,
    /// Operations over several keys.
    pub operations: Operations,
    /// Commands in flight.
    pub admission: Arc<Admission>,
    /// Open holds by customer.
    pub customers: Customers,
    /// Held while a checkpoint is made.
    pub checkpointing: tokio::sync::Mutex<()>,
    /// Counters.
    pub stats: Stats,
    resumed_at: AtomicU64,
    arbiters: Vec<ArbiterHandle>,
    timers: Vec<Timer>,
    /// Keys that changed since the last checkpoint.
    changed: Mutex<Vec<StockKey>>,
    hasher: DefaultHashBuilder,
    /// The data directory, kept from others as long as anything here is used.
    data: OnceLock<DataDir>,
}

impl Shared {
    /// Puts an engine's parts together.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts {
            settings,
            clock,
            journal,
            store,
            baselines,
            hub,
            once,
            resumed_at,
            arbiters,
            waker,
        } = parts;
        Self {
            customers: Customers::new(settings.open_holds_per_customer_max),
            timers: arbiters.iter().map(|_| Timer::default()).collect(),
            resumed_at: AtomicU64::new(resumed_at.as_micros()),
            directory: Directory::new(waker, settings.wakeups_waiting_max),
            operations: Operations::default(),
            admission: Admission::new(settings.commands_in_flight_max),
            ids: Ids::default(),
            checkpointing: tokio::sync::Mutex::default(),
            stats: Stats::default(),
            changed: Mutex::default(),
            hasher: DefaultHashBuilder::default(),
            data: OnceLock::new(),
            settings,
            clock,
            journal,
            store,
            baselines,
            hub,
            once,
            arbiters,
        }
    }

    /// Keeps the data directory from others as long as this is used.
    pub fn keep(&self, data: DataDir) {
        // There is one directory an engine; a second would be dropped, and so unlocked.
        let _ = self.data.set(data);
    }

    /// The house rules as they are now.
    #[must_use]
    pub fn terms(&self) -> Terms {
        Terms {
            hold_lifetime_seconds_max: self.settings.hold_lifetime_seconds_max,
            lines_max: usize::try_from(self.settings.reservation_lines_max).unwrap_or(usize::MAX),
            resumed_at: Timestamp::from_micros(self.resumed_at.load(Ordering::Relaxed))
                .max(self.clock.resumed_at()),
            restart_grace_seconds: self.settings.restart_grace_seconds,
        }
    }

    /// Open holds have the restart's grace from `at` on.
    pub fn resume(&self, at: Timestamp) {
        self.resumed_at.store(at.as_micros(), Ordering::Relaxed);
    }

    /// Journals that the engine resumed after an outage, so that a replay knows, too.
    pub fn announce_resumed(&self, at: Timestamp) {
        self.resume(at);
        if let Err(error) = self.journal.append(&resumed(at), 1, at.as_micros(), None) {
            tracing::error!(%error, "the outage could not be journalled");
        }
    }

    /// Seconds for which a closed reservation is kept.
    #[must_use]
    pub fn kept_seconds(&self, fulfilled: bool) -> u64 {
        self.settings.kept_seconds(fulfilled)
    }

    /// Which arbiter a key's actor runs on.
    #[must_use]
    pub fn arbiter_number(&self, key: &StockKey) -> usize {
        arbiter_of(key, &self.hasher, self.arbiters.len())
    }

    /// The arbiter of a number.
    #[must_use]
    pub fn arbiter(&self, number: usize) -> &ArbiterHandle {
        &self.arbiters[number % self.arbiters.len()]
    }

    /// All timers, one an arbiter.
    #[must_use]
    pub fn timers(&self) -> &[Timer] {
        &self.timers
    }

    /// The timer of a key's arbiter.
    #[must_use]
    pub fn timer_of(&self, key: &StockKey) -> &Timer {
        &self.timers[self.arbiter_number(key)]
    }

    /// Messages that one mailbox holds: as many as can be admitted, so that a step of an admitted
    /// operation always finds room.
    #[must_use]
    pub fn mailbox_capacity(&self) -> usize {
        usize::try_from(self.settings.commands_in_flight_max)
            .unwrap_or(usize::MAX)
            .saturating_mul(2)
    }

    /// Has the next checkpoint visit a key.
    pub fn list_changed(&self, key: &StockKey) {
        self.changed.lock().push(key.clone());
    }

    /// The keys that the next checkpoint has to visit.
    pub fn take_changed(&self) -> Vec<StockKey> {
        std::mem::take(&mut *self.changed.lock())
    }

    /// The code with which every change is refused at present, if one is.
    #[must_use]
    pub fn refuses_changes(&self) -> Option<RefusalCode> {
        if self.journal.is_failed() {
            Some(RefusalCode::OutcomeUnknown)
        } else if self.journal.is_read_only() {
            Some(RefusalCode::ReadOnly)
        } else if self.store.overlay_is_full() {
            // Checkpoints do not keep up: more would only grow in memory.
            Some(RefusalCode::Overloaded)
        } else {
            None
        }
    }

    /// Tells answers once everything up to `place` is durable.
    pub fn tell_when_durable(&self, place: u64, answers: Vec<Waiting>) {
        match self.journal.notify(place, Notice { level: None, answers }) {
            Notify::Queued => {}
            Notify::Durable(notice) => notice.answers.into_iter().for_each(Waiting::tell),
            Notify::Failed(notice) => {
                for answer in notice.answers {
                    answer.tell_refused(RefusalCode::OutcomeUnknown);
                }
            }
        }
    }

    /// Waits until everything that is in the journal now is durable; false where it never will be.
    pub async fn all_durable(&self) -> bool {
        let place = self.journal.next_sequence().saturating_sub(1);
        if place <= self.journal.durable() {
            return true;
        }
        let (tell, told) = oneshot::channel();
        self.tell_when_durable(place, vec![Waiting::Durable(tell)]);
        told.await.is_ok()
    }

    /// Waits until everything that a read may have seen is durable.
    ///
    /// # Errors
    /// `not_ready` where it never will be: the journal has failed, an actor's answer may have gone with it, and what
    /// is stored may be older than what was acknowledged.
    pub async fn seen_is_durable(&self) -> Result<(), Refusal> {
        let is_durable = self.all_durable().await;
        if is_durable { Ok(()) } else { Err(Refusal::plain(RefusalCode::NotReady)) }
    }

    /// As [`Shared::all_durable`], blocking the thread; for work that [`off_thread`] runs.
    pub fn wait_all_durable(&self) -> bool {
        let place = self.journal.next_sequence().saturating_sub(1);
        if place <= self.journal.durable() {
            return true;
        }
        let (tell, told) = oneshot::channel();
        self.tell_when_durable(place, vec![Waiting::Durable(tell)]);
        blocking::wait(told).is_some()
    }

    /// Delivers one command; where it cannot be, its caller is told.
    pub fn deliver_job(&self, key: &StockKey, job: Job) {
        if let Err((message, code)) = self.directory.deliver(key, Message::Job(Box::new(job))) {
            refuse_all(message, code);
        }
    }

    /// Delivers commands of a frame; where they cannot be, the frame is told.
    pub fn deliver_frame(&self, key: &StockKey, part: FramePart) {
        if let Err((message, code)) = self.directory.deliver(key, Message::Frame(part)) {
            refuse_all(message, code);
        }
    }

    /// A key's level, from its actor or, where it sleeps, from the store. All of it is durable.
    ///
    /// # Errors
    /// `unknown_stock`, or `not_ready` where the store cannot answer.
    pub async fn level(&self, key: &StockKey) -> Result<Level, Refusal> {
        let (tell, told) = oneshot::channel();
        let level = match self.directory.look(key, Look::Level(tell)) {
            Ok(()) => match told.await {
                Ok(level) => level,
                // The actor left or lost its ledger while the look was on its way.
                Err(_) => self.stored_level(key).await?,
            },
            Err(_) => self.stored_level(key).await?,
        };
        level.ok_or_else(|| Refusal::plain(RefusalCode::UnknownStock))
    }

    async fn stored_level(&self, key: &StockKey) -> Result<Option<Level>, Refusal> {
        let found = self.store.get(&keys::head(key)).map_err(LoadError::from);
        let head = found.and_then(|bytes| {
            bytes.map(|bytes| state::decode_head(&bytes).map_err(LoadError::from)).transpose()
        });
        let head = head.map_err(|error| unreadable(key, &error))?;
        self.seen_is_durable().await?;
        Ok(head.filter(|head| head.version > 0).map(|head| Level {
            key: key.clone(),
            balances: head.balances,
            version: head.version,
            as_of: head.as_of,
        }))
    }

    /// Loads a ledger with every event that the journal has of it.
    ///
    /// # Errors
    /// [`LoadError`] where store or journal cannot tell.
    pub async fn load_newest(&self, key: &StockKey) -> Result<StockLedger, LoadError> {
        if !self.all_durable().await {
            return Err(LoadError::Journal("it has failed".to_owned()));
        }
        let (store, reader, key) = (Arc::clone(&self.store), self.journal.reader(), key.clone());
        let loading = move || replay::load_newest(&store, &reader, &key);
        match off_thread(loading).await {
            Ok(loaded) => loaded,
            Err(panic) => Err(LoadError::Journal(format!("its replay panicked: {panic}"))),
        }
    }

    /// Refuses a key from now on.
    pub fn quarantine(&self, key: &StockKey, why: &str) {
        tracing::error!(%key, why, "the key is quarantined: everything about it is refused, all others serve; restore from a backup");
        for message in self.directory.quarantine(key, why) {
            refuse_all(message, RefusalCode::NotReady);
        }
    }

    /// Loads a ledger as the store has it.
    ///
    /// # Errors
    /// [`LoadError`] where the store cannot tell.
    pub fn load(&self, key: &StockKey) -> Result<StockLedger, LoadError> {
        save::load(&self.store, key)
    }
}

/// What a caller is told where a key's stored state cannot be read.
pub fn unreadable(key: &StockKey, error: &LoadError) -> Refusal {
    tracing::error!(%key, %error, "a stored state cannot be read");
    Refusal::plain(RefusalCode::NotReady)
}

/// Entries of all timers.
#[must_use]
pub fn timer_entries(shared: &Shared) -> u64 {
    shared.timers.iter().map(|timer| timer.len() as u64).sum()
}
