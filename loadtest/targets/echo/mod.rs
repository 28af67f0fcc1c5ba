//! A target that only echoes: it answers in the engine's forms and sizes, decides nothing and keeps nothing. What the
//! load tester reaches against it is the tester's own capacity, so it must cost as little as it can: one thread,
//! heads parsed in place, replies copied from templates.
//!
//! `server` takes connections → `http` answers requests, `feed` answers frames → `replies` has what is told.

mod feed;
mod http;
mod replies;
mod server;

use std::net::SocketAddr;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

pub use server::serve;

/// Why there is no echo.
#[derive(Debug, Error)]
pub enum EchoError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; port 0 takes a free one")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// No runtime, no signals.
    #[error("the echo: {0}")]
    System(#[from] std::io::Error),
}

/// Echoes until SIGTERM or SIGINT, on one thread of its own: a second one would only wake the first. Says on standard
/// output where, in the engine's own words.
///
/// # Errors
/// [`EchoError`].
pub async fn run(listen: SocketAddr) -> Result<(), EchoError> {
    let echoing = tokio::task::spawn_blocking(move || on_this_thread(listen));
    echoing.await.map_err(std::io::Error::other)?
}

fn on_this_thread(address: SocketAddr) -> Result<(), EchoError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| EchoError::Listen { address, source })?;
        println!("listening on http://{}", listener.local_addr()?);
        tokio::select! {
            () = serve(listener) => {}
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        Ok(())
    })
}
