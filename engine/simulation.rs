//! A whole engine on the caller's thread: no thread, no real clock, no real disk, and nothing happens but when the
//! caller lets it. The same steps give the same journal, byte for byte.
//!
//! What runs is the engine itself: only the loops around it (the journal's thread, the preparing thread, the waker, the
//! rounds, the checkpointer) are replaced by the caller's steps. A [`Simulated`] lives within one [`actix::System`] of
//! one thread; a crash is the end of that system together with what the disks keep.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};

use saldo_ledger::{StockKey, Timestamp};
use tokio::sync::watch;

use crate::actor::message::Notice;
use crate::actor::{Shared, basket, rounds, waker};
use crate::blocking;
use crate::clock::{Clock, ManualClock};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::engine::Engine;
use crate::feed::Hub;
use crate::journal::{ByHand, Phase};
use crate::server::ServeError;
use crate::sink::Acknowledger;
use crate::start::{Resources, Started, recover};
use crate::store::Checkpointed;
use crate::store::baseline;
use crate::store::checkpoint::{self, CheckpointError};
use crate::store::replay::CutShort;

/// Keys whose levels may wait for a feed that nobody runs; nobody listens, so none do.
const FEED_KEYS_MAX: usize = 1_024;

/// An engine whose every step is the caller's.
pub struct Simulated {
    engine: Engine,
    shared: Arc<Shared>,
    clock: Arc<ManualClock>,
    journal: Rc<RefCell<ByHand<Notice, Acknowledger>>>,
    waking: Receiver<StockKey>,
    cut_short: Cell<Vec<CutShort>>,
    failed: watch::Receiver<Option<String>>,
}

/// Runs `life` as the life of one engine: on an actor system of its own, which ends with it. What still ran then is
/// gone, as after a crash.
pub fn live<T>(life: impl Future<Output = T>) -> T {
    let system = actix::System::with_tokio_rt(|| {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime without timers and sockets")
    });
    let told = system.block_on(life);
    blocking::alone(None);
    told
}

impl Simulated {
    /// Recovers on `data`, with a wall clock that shows `wall`. Until [`Simulated::begin`] nothing is served.
    ///
    /// # Errors
    /// [`ServeError`]: what keeps the engine from starting.
    ///
    /// # Panics
    /// Outside of [`live`].
    pub fn recover(
        settings: &Arc<Settings>,
        data: DataDir,
        wall: Timestamp,
    ) -> Result<Self, ServeError> {
        let hub = Hub::by_hand(FEED_KEYS_MAX);
        let (tell_failed, failed) = watch::channel(None);
        let made: OnceLock<Arc<ManualClock>> = OnceLock::new();
        let mut by_hand = None;
        let arbiters = vec![actix::System::current().arbiter().clone()];
        let resources = Resources {
            settings: Arc::clone(settings),
            data,
            acknowledger: Acknowledger::new(Arc::clone(&hub), tell_failed),
            hub: Arc::clone(&hub),
            arbiters: arbiters.clone(),
            clock: |last_logged: Timestamp| {
                let clock = made.get_or_init(|| Arc::new(ManualClock::behind(last_logged, wall)));
                Arc::clone(clock) as Arc<dyn Clock>
            },
        };
        let Started { shared, cut_short, waking } = recover(resources, |recovery, sink| {
            let (journal, steps) = recovery.start_by_hand(sink)?;
            by_hand = Some(steps);
            Ok(journal)
        })?;
        let clock = made.get().map(Arc::clone).expect("recovery made the clock");
        let journal = Rc::new(RefCell::new(by_hand.expect("recovery started the journal")));
        let stepping = Rc::clone(&journal);
        blocking::alone(Some(Rc::new(move || step(&stepping))));
        let engine = Engine::new(hub, arbiters);
        Ok(Self { engine, shared, clock, journal, waking, cut_short: Cell::new(cut_short), failed })
    }

    /// Ends what the last crash cut short, by fair rounds, and serves from then on.
    pub async fn begin(&self) {
        let cut_short = self.cut_short.take();
        let theirs = Arc::clone(&self.shared);
        let ending = actix::spawn(async move {
            basket::end_all_cut_short(&theirs, cut_short).await;
        });
        while !ending.is_finished() && !self.is_failed() {
            self.round().await;
        }
        self.engine.serve(Arc::clone(&self.shared));
    }

    /// Recovers and begins.
    ///
    /// # Errors
    /// As [`Simulated::recover`].
    pub async fn start(
        settings: &Arc<Settings>,
        data: DataDir,
        wall: Timestamp,
    ) -> Result<Self, ServeError> {
        let started = Self::recover(settings, data, wall)?;
        started.begin().await;
        Ok(started)
    }

    /// What callers ask.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// What the actors share, for a look inside.
    #[must_use]
    pub const fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Logged time, to be moved.
    #[must_use]
    pub const fn clock(&self) -> &Arc<ManualClock> {
        &self.clock
    }

    /// Has the ids that the engine makes counted from `first` on, so that they are the same the next time.
    pub fn count_ids_from(&self, first: u64) {
        self.shared.ids.count_from(first);
    }

    /// Whether the journal failed: the process would stop now.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.failed.borrow().is_some()
    }

    /// Lets every task that can run do so once.
    pub async fn yield_once(&self) {
        tokio::task::yield_now().await;
    }

    /// A step of the journal: see [`ByHand::step`].
    pub fn step_journal(&self) -> Phase {
        self.journal.borrow_mut().step()
    }

    /// How far the journal's batch in flight is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.journal.borrow().phase()
    }

    /// A look of the thread that makes coming segments.
    pub fn prepare_segment(&self) {
        self.journal.borrow_mut().prepare();
    }

    /// Wakes the next key that waits for it; false where none does.
    pub fn wake_next(&self) -> bool {
        let key = self.waking.try_recv();
        key.is_ok_and(|key| {
            waker::wake(&self.shared, &key);
            true
        })
    }

    /// A fair round: everyone who can runs, all keys that wait are woken, the journal goes a whole batch further.
    pub async fn round(&self) {
        self.yield_once().await;
        while self.wake_next() {}
        self.prepare_segment();
        while !matches!(self.step_journal(), Phase::Idle | Phase::Ended) {}
    }

    /// Has the keys swept whose deadlines have come.
    pub fn sweep(&self) {
        rounds::sweep_due(&self.shared);
    }

    /// Has actors leave: all but `active_max` of them.
    pub fn passivate(&self, active_max: usize) -> usize {
        self.shared.directory.next_tick();
        self.shared.directory.passivate(0, active_max)
    }

    /// Makes a checkpoint. It needs steps of others: run it beside [`Simulated::round`].
    ///
    /// # Errors
    /// [`CheckpointError`]; the last checkpoint stays valid.
    pub fn checkpoint(
        &self,
    ) -> impl Future<Output = Result<Option<Checkpointed>, CheckpointError>> + use<> {
        let shared = Arc::clone(&self.shared);
        async move { checkpoint::make(&shared).await }
    }

    /// Makes a baseline where one is wanted, and removes segments that may go.
    pub fn retain(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move { baseline::retain(&shared).await }
    }

    /// Forgets closed reservations whose time is over.
    pub fn forget(&self) -> impl Future<Output = ()> + use<> {
        let shared = Arc::clone(&self.shared);
        async move { rounds::forget_due(&shared).await }
    }

    /// Runs a call of the engine by fair rounds to its end.
    pub async fn finish<T: 'static>(&self, call: impl Future<Output = T> + 'static) -> T {
        let call = actix::spawn(call);
        while !call.is_finished() {
            self.round().await;
        }
        call.await.expect("the call does not panic")
    }

    /// A clean stop: a last checkpoint, everything written, a closing record.
    pub async fn stop(self) {
        self.engine.stop();
        let last = self.finish(self.checkpoint()).await;
        if let Err(error) = last {
            tracing::warn!(%error, "no last checkpoint; the next start replays more");
        }
        self.journal.borrow_mut().close();
    }
}

/// A step taken by who waits for the journal. Where the journal itself is being stepped there is none to take.
fn step(journal: &RefCell<ByHand<Notice, Acknowledger>>) -> bool {
    journal.try_borrow_mut().is_ok_and(|mut journal| {
        let before = journal.phase();
        let after = journal.step();
        after != Phase::Ended && (before, after) != (Phase::Idle, Phase::Idle)
    })
}
