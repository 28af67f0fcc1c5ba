//! An engine for tests: in this process, on media in memory, with a clock that is moved by hand.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use actix::ArbiterHandle;
use saldo_ledger::Timestamp;
use tokio::sync::watch;

use crate::actor::{Shared, basket};
use crate::clock::{Clock, ManualClock};
use crate::config::Settings;
use crate::data_dir::DataDir;
use crate::engine::Engine;
use crate::feed::{Hub, Thresholds};
use crate::journal::medium::{FsMedium, Medium, MemoryMedium};
use crate::sink::Acknowledger;
use crate::start::{Resources, start};
use crate::store::{MemoryTree, StorePlace};

/// When every test begins: 2026-01-01T00:00:00Z.
const BEGINNING: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// An engine whose time and medium are the test's.
pub struct TestEngine {
    /// The engine.
    pub engine: Engine,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// What its actors share.
    pub shared: Arc<Shared>,
    /// Whether its journal failed.
    pub failed: watch::Receiver<Option<String>>,
}

/// Where an engine keeps its data, to be started on again: in memory, all of it.
pub struct Disk {
    /// The journal's medium.
    pub journal: Arc<dyn Medium>,
    baselines: Arc<dyn Medium>,
    store: Mutex<(MemoryMedium, MemoryTree)>,
}

impl Disk {
    /// An empty disk.
    pub fn new() -> Self {
        Self::on(Arc::new(MemoryMedium::new()))
    }

    /// A disk with a journal on a medium of the test's.
    pub fn on(journal: Arc<dyn Medium>) -> Self {
        Self { journal, baselines: Arc::new(MemoryMedium::new()), store: Mutex::default() }
    }

    /// A data directory that is read and written by others too, but for the store, which is in memory.
    pub fn in_directory(dir: &Path) -> Self {
        let medium = |name: &str| -> Arc<dyn Medium> {
            Arc::new(FsMedium::open(&dir.join(name)).expect("a directory"))
        };
        let (journal, baselines) = (medium("journal"), medium("baselines"));
        Self { journal, baselines, store: Mutex::default() }
    }

    /// Loses the store: it is never the truth.
    pub fn lose_store(&self) {
        *self.store.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
    }

    /// The store as the engine before left it, on a disk of its own: that engine's actors may still
    /// have the old one open, as a dead process would not.
    fn next_store(&self) -> StorePlace {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        *store = (store.0.process_crash(), store.1.process_crash());
        StorePlace::simulated(Arc::new(store.0.clone()), store.1.clone())
    }
}

impl TestEngine {
    /// Starts an engine on a disk.
    pub fn start(settings: &Arc<Settings>, disk: &Disk, at: Timestamp) -> Self {
        let hub = Hub::start(Thresholds::default()).expect("a thread");
        let (failed, failing) = watch::channel(None);
        let made: OnceLock<Arc<ManualClock>> = OnceLock::new();
        let (shared, cut_short) = start(Resources {
            settings: Arc::clone(settings),
            data: DataDir::on(
                Arc::clone(&disk.journal),
                Arc::clone(&disk.baselines),
                disk.next_store(),
            ),
            acknowledger: Acknowledger::new(Arc::clone(&hub), failed),
            hub: Arc::clone(&hub),
            arbiters: arbiters(),
            clock: |last_logged: Timestamp| {
                let clock = made.get_or_init(|| Arc::new(ManualClock::at(last_logged.max(at))));
                Arc::clone(clock) as Arc<dyn Clock>
            },
        })
        .expect("an engine that starts");
        let (ended, waiting) = std::sync::mpsc::channel();
        let theirs = Arc::clone(&shared);
        arbiters()[0].spawn(async move {
            basket::end_all_cut_short(&theirs, cut_short).await;
            // Nobody waits where the start took too long.
            let _ = ended.send(());
        });
        waiting.recv_timeout(Duration::from_secs(60)).expect("operations end");
        let engine = Engine::new(hub, arbiters());
        engine.serve(Arc::clone(&shared));
        let clock = made.get().map(Arc::clone).expect("made by start");
        Self { engine, clock, shared, failed: failing }
    }

    /// Stops as a crash would: nothing is written any more.
    pub fn crash(self) {
        self.shared.journal.close();
    }
}

/// Arbiters that all tests of the process share, on a system of their own.
fn arbiters() -> Vec<ArbiterHandle> {
    static ARBITERS: OnceLock<Mutex<Vec<ArbiterHandle>>> = OnceLock::new();
    let started = ARBITERS.get_or_init(|| {
        let (tell, told) = std::sync::mpsc::channel();
        let run = move || {
            let system = actix::System::new();
            system.block_on(async move {
                let arbiters: Vec<actix::Arbiter> = (0..2).map(|_| actix::Arbiter::new()).collect();
                let _ = tell.send(arbiters.iter().map(actix::Arbiter::handle).collect::<Vec<_>>());
                std::future::pending::<()>().await;
            });
        };
        std::thread::Builder::new().name("test-system".to_owned()).spawn(run).expect("a thread");
        Mutex::new(told.recv().expect("arbiters"))
    });
    started.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// An engine that is ready, for tests that need no more of it.
pub fn engine(settings: &Arc<Settings>) -> Engine {
    static DISKS: Mutex<Vec<Disk>> = Mutex::new(Vec::new());
    let disk = Disk::new();
    let started = TestEngine::start(settings, &disk, BEGINNING);
    DISKS.lock().unwrap_or_else(PoisonError::into_inner).push(disk);
    started.engine
}

/// The beginning of every test's time.
pub fn beginning() -> Timestamp {
    BEGINNING
}
