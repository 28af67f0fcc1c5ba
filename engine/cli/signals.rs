//! The signals that stop the engine. One drains; SIGINT while it drains ends at once.

use std::{future::Future, io, process};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::info;

/// Takes over SIGTERM and SIGINT. The future ends with the first of either; from then on a SIGINT ends the process.
///
/// # Errors
/// What the operating system answered when it was asked for the signals.
pub fn stop() -> io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        info!("{name}: stopping when all that is under way is answered; SIGINT ends at once");
        tokio::spawn(end_at_once(interrupt));
    })
}

async fn end_at_once(mut interrupt: Signal) {
    if interrupt.recv().await.is_some() {
        eprintln!(
            "SIGINT while stopping: ended at once. What was acknowledged is in the journal; other callers have no answer"
        );
        process::exit(1);
    }
}
