//! Work that blocks: on threads of its own, so that no arbiter waits for a disk; in a simulation, where one thread is
//! everything, at once and in place.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;

/// Takes a step of the journal; false where there is none to take.
pub(crate) type Step = Rc<dyn Fn() -> bool>;

thread_local! {
    /// Set where this thread is the whole engine.
    static ALONE: RefCell<Option<Step>> = const { RefCell::new(None) };
}

/// The work panicked.
#[derive(Debug, thiserror::Error)]
#[error("it panicked: {0}")]
pub struct Panicked(#[from] tokio::task::JoinError);

/// From now on this thread is the whole engine: it waits for the journal by taking its steps. `None` ends that.
pub(crate) fn alone(step: Option<Step>) {
    ALONE.set(step);
}

/// Whether this thread is the whole engine.
pub(crate) fn is_alone() -> bool {
    step().is_some()
}

fn step() -> Option<Step> {
    ALONE.with_borrow(Clone::clone)
}

/// Runs work that blocks.
///
/// # Errors
/// [`Panicked`].
pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Panicked> {
    if step().is_some() { Ok(work()) } else { Ok(tokio::task::spawn_blocking(work).await?) }
}

/// Lets others go first for a while.
pub(crate) async fn pause(time: Duration) {
    if step().is_some() {
        tokio::task::yield_now().await;
    } else {
        tokio::time::sleep(time).await;
    }
}

/// Waits, blocking this thread, for what the journal's thread will tell; `None` where it never will.
///
/// # Panics
/// On an arbiter; call it within [`off_thread`].
pub(crate) fn wait<T>(mut told: oneshot::Receiver<T>) -> Option<T> {
    let Some(step) = step() else { return told.blocking_recv().ok() };
    loop {
        match told.try_recv() {
            Ok(value) => return Some(value),
            Err(oneshot::error::TryRecvError::Closed) => return None,
            Err(oneshot::error::TryRecvError::Empty) if step() => {}
            Err(oneshot::error::TryRecvError::Empty) => return None,
        }
    }
}
