//! An engine within this process, on a temporary directory: commands reach it without a network, and a free port
//! answers whatever else is asked.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;

use saldo::config::Settings;
use saldo::engine::Engine;
use saldo::server::{self, ServeError};
use tempfile::TempDir;
use thiserror::Error;
use tokio::sync::oneshot;

/// Why there is no engine in this process.
#[derive(Debug, Error)]
pub enum InprocError {
    /// No directory or thread.
    #[error("an engine in this process: {0}")]
    System(#[from] io::Error),
    /// It did not start, or failed.
    #[error("the engine in this process: {0}")]
    Serve(#[from] ServeError),
    /// Its thread ended without a word.
    #[error("the engine in this process ended by a panic; its message is above")]
    Panicked,
}

/// An engine on threads of its own. Dropping it lets it drain by itself; [`InProcess::stop`] waits for its end.
#[derive(Debug)]
pub struct InProcess {
    url: String,
    engine: EngineHandle,
    /// Dropping it stops the engine.
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), ServeError>>,
}

/// The engine's handle. Clones are handles of the same.
#[derive(Clone)]
pub struct EngineHandle(Engine);

impl EngineHandle {
    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.0
    }
}

impl std::fmt::Debug for EngineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EngineHandle").finish_non_exhaustive()
    }
}

impl InProcess {
    /// Starts an engine with these settings, but for `listen` and `data_dir`, and waits until it serves.
    ///
    /// # Errors
    /// [`InprocError`]: what kept it from starting.
    pub async fn start(settings: Settings) -> Result<Self, InprocError> {
        let folder = tempfile::tempdir()?;
        let settings = Settings {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: folder.path().join("data"),
            ..settings
        };
        let (ready, started) = oneshot::channel();
        let (stop, stopping) = oneshot::channel::<()>();
        let serve = move || {
            let on_ready = move |address: SocketAddr, engine: &Engine| {
                // Whoever waited may have given up.
                ready.send((address, engine.clone())).unwrap_or_default();
            };
            let outcome = server::run(settings, on_ready, async {
                // A dropped sender stops it, too.
                stopping.await.unwrap_or_default();
            });
            // Journal and store go when the engine has ended, and not before.
            drop::<TempDir>(folder);
            outcome
        };
        let thread = std::thread::Builder::new().name("engine".to_owned()).spawn(serve)?;
        match started.await {
            Ok((address, engine)) => Ok(Self {
                url: format!("http://{address}"),
                engine: EngineHandle(engine),
                stop,
                thread,
            }),
            Err(_) => match ended(thread).await {
                Err(error) => Err(error),
                Ok(()) => Err(InprocError::Panicked),
            },
        }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its handle.
    #[must_use]
    pub fn handle(&self) -> &EngineHandle {
        &self.engine
    }

    /// Stops it and waits for its end.
    ///
    /// # Errors
    /// [`InprocError`] where it did not end well.
    pub async fn stop(self) -> Result<(), InprocError> {
        drop(self.stop);
        ended(self.thread).await
    }
}

/// Waits on a thread that may block.
async fn ended(thread: JoinHandle<Result<(), ServeError>>) -> Result<(), InprocError> {
    match tokio::task::spawn_blocking(move || thread.join()).await {
        Ok(Ok(outcome)) => Ok(outcome?),
        Ok(Err(_)) | Err(_) => Err(InprocError::Panicked),
    }
}
