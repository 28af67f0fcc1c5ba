//! A whole engine in one process: recovers, serves, drains.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix::{Arbiter, ArbiterHandle};
use saldo_ledger::Timestamp;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};

use crate::actor::{Shared, basket, rounds};
use crate::clock::{Clock, SystemClock};
use crate::config::{Settings, SettingsError};
use crate::data_dir::DataDir;
use crate::engine::Engine;
use crate::feed::{Hub, Thresholds};
use crate::gateway;
use crate::journal::RecoveryError;
use crate::sink::Acknowledger;
use crate::start::{Resources, start};
use crate::store::checkpoint;
use crate::store::recover::RecoverError;
use crate::store::save::LoadError;

/// Why the engine does not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another engine uses the data directory.
    #[error("{dir} is in use by another engine; stop it, or give this one another --data-dir")]
    InUse {
        /// The directory.
        dir: String,
    },
    /// A restore was cut short while it put things in their place.
    #[error(
        "a restore into {dir} was cut short, so that it holds neither what was there nor what was to be: run `saldo restore` again, with --replace"
    )]
    RestoreCutShort {
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
    /// The settings do not go together.
    #[error(transparent)]
    Settings(#[from] SettingsError),
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

/// Serves on this thread until `stop` or until the journal fails, with a runtime of its own: for a program that has
/// an engine within it. Whoever has a runtime of actix takes [`serve`].
///
/// # Errors
/// [`ServeError`]: what kept it from starting, or that the journal failed.
pub fn run(
    settings: Settings,
    on_ready: impl FnOnce(SocketAddr, &Engine),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    actix::System::new().block_on(serve(settings, on_ready, stop))
}

/// Serves until `stop` or until the journal fails, then drains. Tells `on_ready` the address and the engine's handle
/// once everything is recovered.
///
/// # Errors
/// [`ServeError`]: what kept it from starting, or that the journal failed.
pub async fn serve(
    settings: Settings,
    on_ready: impl FnOnce(SocketAddr, &Engine),
    stop: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    settings.check()?;
    let settings = Arc::new(settings);
    let data = DataDir::open(&settings.data_dir)?;
    let address = settings.listen;
    let listening = |source| ServeError::Listen { address, source };
    let listener = listen(address).map_err(listening)?;
    let address = listener.local_addr().map_err(listening)?;
    let hub = Hub::start(thresholds(&settings)).map_err(ServeError::Thread)?;
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
    let resources = Resources {
        settings: Arc::clone(&settings),
        data,
        acknowledger: Acknowledger::new(Arc::clone(&hub), failed),
        hub,
        arbiters: handles,
        clock: |last_logged: Timestamp| {
            Arc::new(SystemClock::starting_at(last_logged)) as Arc<dyn Clock>
        },
    };
    let recovered = tokio::task::spawn_blocking(move || start(resources)).await;
    let (shared, cut_short) = recovered??;
    basket::end_all_cut_short(&shared, cut_short).await;
    let rounds = [
        actix::spawn(rounds::sweep_deadlines(Arc::clone(&shared))),
        actix::spawn(rounds::passivate(Arc::clone(&shared))),
        actix::spawn(rounds::forget(Arc::clone(&shared))),
        actix::spawn(checkpoint::run(Arc::clone(&shared))),
    ];
    engine.serve(Arc::clone(&shared));
    on_ready(address, &engine);
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

/// Bytes of answers and levels that the system may keep for a connection that does not read, before the engine
/// does; the system counts its own overhead and takes twice as many.
const SEND_BUFFER_BYTES: u32 = 128 << 10;

/// Connections that may wait to be accepted, where the system allows as many.
const BACKLOG: u32 = 4_096;

/// Listens. What a connection may leave in the system's hands is bounded, so that a slow reader is soon known to be
/// one: what it gets late is then of the feed's keeping, and that keeps only the newest.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    // Connections inherit it from the socket that accepts them.
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
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
    tracing::info!("stopped; everything acknowledged is on disk");
    Ok(())
}

fn thresholds(settings: &Settings) -> Thresholds {
    let units = |units| i64::try_from(units).unwrap_or(i64::MAX);
    let by_prefix = settings
        .low_stock_thresholds
        .iter()
        .map(|it| (it.sku_prefix.as_str().into(), units(it.units)));
    Thresholds::new(units(settings.low_stock_threshold), by_prefix)
}

fn arbiter_count(settings: &Settings) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match usize::try_from(settings.arbiters) {
        Ok(0) | Err(_) => cores,
        Ok(arbiters) => arbiters,
    }
}
