//! A whole engine in one process: recovers, serves, drains.

use std::fs::{File, TryLockError};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use saldo_ledger::{StockKey, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};

use crate::actor::once::OnceTable;
use crate::actor::{Parts, Shared, basket, rounds, waker};
use crate::clock::{self, Clock, SystemClock};
use crate::config::{self, Settings};
use crate::engine::Engine;
use crate::feed::Hub;
use crate::gateway;
use crate::journal::group::resumed;
use crate::journal::medium::{FsMedium, Medium};
use crate::journal::{Durability, Options, Origin, Recovery, RecoveryError};
use crate::sink::Acknowledger;
use crate::store::recover::{self, RecoverError};
use crate::store::replay::CutShort;
use crate::store::save::{self, LoadError};
use crate::store::{StoreOptions, baseline, checkpoint};

/// Why the engine does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another engine uses the data directory.
    #[error("{dir} is in use by another engine; stop it, or give this one another --data-dir")]
    InUse {
        /// The directory.
        dir: String,
    },
    /// The data directory cannot be used.
    #[error("the data directory {dir} cannot be used: {source}")]
    DataDir {
        /// The directory.
        dir: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; choose another with --listen, port 0 takes a free one"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system answered.
        source: io::Error,
    },
    /// A thread cannot be started.
    #[error("a thread cannot be started: {0}")]
    Thread(io::Error),
    /// Recovery failed.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// Recovery panicked.
    #[error("recovery panicked: {0}")]
    Panicked(#[from] tokio::task::JoinError),
    /// The journal failed while it served.
    #[error("stopped, since acknowledging more would be a lie: {0}")]
    Journal(String),
}

impl From<RecoveryError> for ServeError {
    fn from(error: RecoveryError) -> Self {
        Self::Recover(error.into())
    }
}

impl From<LoadError> for ServeError {
    fn from(error: LoadError) -> Self {
        Self::Recover(error.into())
    }
}

/// What a data directory holds, kept from others while this exists.
pub struct DataDir {
    _lock: File,
    /// The journal's directory.
    pub journal: Arc<dyn Medium>,
    /// The baselines' directory.
    pub baselines: Arc<dyn Medium>,
    /// The store's directory.
    pub store: std::path::PathBuf,
}

impl DataDir {
    /// Opens a data directory, making it where it is not there.
    ///
    /// # Errors
    /// [`ServeError::InUse`] where another engine has it.
    pub fn open(dir: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::DataDir { dir: dir.display().to_string(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        let lock = File::create(dir.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => ServeError::InUse { dir: dir.display().to_string() },
            TryLockError::Error(source) => failed(source),
        })?;
        let medium = |name: &str| -> io::Result<Arc<dyn Medium>> {
            let path = dir.join(name);
            std::fs::create_dir_all(&path)?;
            Ok(Arc::new(FsMedium::open(&path)?))
        };
        Ok(Self {
            _lock: lock,
            journal: medium("journal").map_err(failed)?,
            baselines: medium("baselines").map_err(failed)?,
            store: dir.join("store"),
        })
    }

    /// The journal's settings. A directory without a journal begins one, behind its newest baseline.
    ///
    /// # Errors
    /// [`ServeError::DataDir`] where the baselines cannot be read.
    pub fn journal_options(&self, settings: &Settings) -> Result<Options, ServeError> {
        let place = baseline::newest_place(self.baselines.as_ref())
            .map_err(|error| ServeError::Recover(error.into()))?;
        let origin = match place {
            Some(place) => Origin {
                journal_id: place.journal_id,
                last_sequence: place.sequence,
                last_logged_time_us: place.logged_time_us,
            },
            None => Origin {
                journal_id: uuid::Uuid::new_v4().as_u128(),
                last_sequence: 0,
                last_logged_time_us: 0,
            },
        };
        let mut options = Options::new(origin, clock::monotonic_us);
        options.segment_bytes = settings.segment_bytes;
        options.disk_free_bytes_min = settings.disk_free_bytes_min;
        options.durability = match settings.durability {
            config::Durability::PowerLoss => Durability::PowerLoss,
            config::Durability::ProcessCrash => Durability::ProcessCrash,
        };
        Ok(options)
    }
}

/// The store's settings.
#[must_use]
pub fn store_options(settings: &Settings) -> StoreOptions {
    StoreOptions {
        cache_bytes: settings.store_cache_bytes,
        disk_free_bytes_min: settings.disk_free_bytes_min,
        // Beyond this changes are refused: checkpoints do not keep up.
        overlay_bytes_max: settings.checkpoint_bytes_max.saturating_mul(8),
    }
}

/// Serves until `stop` or until the journal fails, then drains. Tells `on_ready` the address once
/// everything is recovered.
///
/// # Errors
/// [`ServeError`]: what kept it from starting, or that the journal failed.
pub async fn serve(
    settings: Settings,
    on_ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let settings = Arc::new(settings);
    let data = DataDir::open(&settings.data_dir)?;
    let address = settings.listen;
    let listening = |source| ServeError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?;
    let hub = Hub::start().map_err(ServeError::Thread)?;
    let arbiters: Vec<Arbiter> = (0..arbiter_count(&settings)).map(|_| Arbiter::new()).collect();
    let handles: Vec<ArbiterHandle> = arbiters.iter().map(Arbiter::handle).collect();
    let engine = Engine::new(Arc::clone(&hub), handles.clone());
    let (close, closing) = oneshot::channel::<()>();
    let serving =
        actix::spawn(gateway::run(listener, engine.clone(), Arc::clone(&settings), async {
            // A dropped sender closes, too.
            let _ = closing.await;
        }));
    let (failed, mut failing) = watch::channel(None);
    let (theirs, acknowledger) =
        (Arc::clone(&settings), Acknowledger::new(Arc::clone(&hub), failed));
    let recovered =
        tokio::task::spawn_blocking(move || start(&theirs, data, hub, acknowledger, handles)).await;
    let (shared, cut_short) = recovered??;
    let ended = cut_short.len();
    for cut in cut_short {
        basket::end_cut_short(&shared, cut).await;
    }
    shared.all_durable().await;
    tracing::info!(ended, "operations that the last stop cut short");
    let rounds = [
        actix::spawn(rounds::sweep_deadlines(Arc::clone(&shared))),
        actix::spawn(rounds::passivate(Arc::clone(&shared))),
        actix::spawn(rounds::forget(Arc::clone(&shared))),
        actix::spawn(checkpoint::run(Arc::clone(&shared))),
    ];
    engine.serve(Arc::clone(&shared));
    on_ready(address);
    let failure = tokio::select! {
        () = stop => None,
        changed = failing.wait_for(Option::is_some) => {
            changed.map_or_else(|_| Some("the journal's thread ended".to_owned()), |why| why.clone())
        }
    };
    engine.stop();
    drop(close);
    // The gateway ends by itself within `drain_seconds`.
    let _ = serving.await;
    rounds.iter().for_each(tokio::task::JoinHandle::abort);
    end(&shared, failure, &arbiters).await
}

/// Makes the next start short, and the journal's end clean.
async fn end(
    shared: &Arc<Shared>,
    failure: Option<String>,
    arbiters: &[Arbiter],
) -> Result<(), ServeError> {
    if let Some(why) = failure {
        return Err(ServeError::Journal(why));
    }
    let limit = Duration::from_secs(shared.settings.drain_seconds.max(1));
    match tokio::time::timeout(limit, checkpoint::make(shared)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "no last checkpoint; the next start replays more"),
        Err(_) => tracing::warn!("the last checkpoint took too long; the next start replays more"),
    }
    let journal = shared.journal.clone();
    tokio::task::spawn_blocking(move || journal.close()).await?;
    for arbiter in arbiters {
        arbiter.stop();
    }
    Ok(())
}

fn arbiter_count(settings: &Settings) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match usize::try_from(settings.arbiters) {
        Ok(0) | Err(_) => cores,
        Ok(arbiters) => arbiters,
    }
}

/// Recovers, and starts the journal and the waker.
fn start(
    settings: &Arc<Settings>,
    data: DataDir,
    hub: Arc<Hub>,
    acknowledger: Acknowledger,
    arbiters: Vec<ArbiterHandle>,
) -> Result<(Arc<Shared>, Vec<CutShort>), ServeError> {
    let began_us = clock::monotonic_us();
    let recovery = Recovery::scan(Arc::clone(&data.journal), &data.journal_options(settings)?)?;
    let store = recover::open_store(
        &data.store,
        store_options(settings),
        data.baselines.as_ref(),
        &recovery,
    )?;
    let entries_max = usize::try_from(settings.idempotency_entries_max).unwrap_or(usize::MAX);
    let once = OnceTable::new(entries_max, settings.idempotency_window_seconds);
    let recovered = recover::replay(&recovery, &store, once)?;
    let clock = SystemClock::starting_at(Timestamp::from_micros(recovery.last_logged_time_us()));
    let journal = recovery.start(acknowledger)?;
    let resumed_at = clock.resumed_at().max(clock.now());
    if let Err(error) = journal.append(&resumed(resumed_at), 1, resumed_at.as_micros(), None) {
        return Err(ServeError::Journal(error.to_string()));
    }
    let (wake, waking) = std::sync::mpsc::channel();
    let shared = Arc::new(Shared::new(Parts {
        settings: Arc::clone(settings),
        clock: Arc::new(clock),
        journal,
        store: Arc::new(store),
        baselines: Arc::clone(&data.baselines),
        hub,
        once: recovered.once,
        resumed_at,
        arbiters,
        waker: wake,
    }));
    shared.keep(data);
    for (_, mut ledger) in recovered.ledgers {
        save::save(&mut ledger, &shared);
    }
    for (key, why) in &recovered.failed {
        shared.quarantine(key, why);
    }
    let open = recover::open_holds(&shared)?;
    spawn_waker(&shared, waking)?;
    let took_ms = (clock::monotonic_us() - began_us) / 1_000;
    tracing::info!(events = recovered.events, open, took_ms, "recovered");
    Ok((shared, recovered.cut_short))
}

fn spawn_waker(
    shared: &Arc<Shared>,
    keys: std::sync::mpsc::Receiver<StockKey>,
) -> Result<(), ServeError> {
    let theirs = Arc::downgrade(shared);
    let thread = std::thread::Builder::new().name("saldo-waker".to_owned());
    thread.spawn(move || waker::run(&theirs, &keys)).map_err(ServeError::Thread)?;
    Ok(())
}
