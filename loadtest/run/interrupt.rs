//! Ctrl-C and `SIGTERM`. While load runs the first one ends the load, and what was answered is audited and reported;
//! at any other time, and for the second one, the program ends at once and takes what it started along.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// How many signals came.
static COUNT: OnceLock<watch::Sender<u32>> = OnceLock::new();
/// Whether load runs just now.
static IS_DRIVING: AtomicBool = AtomicBool::new(false);

fn count() -> &'static watch::Sender<u32> {
    COUNT.get_or_init(|| watch::channel(0).0)
}

/// Begins to listen, within a runtime. Where the system gives no handler a signal ends the program by itself.
pub fn listen() {
    for kind in [SignalKind::interrupt(), SignalKind::terminate()] {
        if let Ok(signals) = signal(kind) {
            tokio::spawn(counted(signals));
        }
    }
}

async fn counted(mut signals: Signal) {
    while signals.recv().await.is_some() {
        count().send_modify(|signals| *signals += 1);
    }
}

/// Whether any signal came.
#[must_use]
pub fn has_come() -> bool {
    *count().borrow() > 0
}

/// Waits for the first signal.
pub async fn first() {
    let mut signals = count().subscribe();
    // The sender is never dropped.
    let _ = signals.wait_for(|signals| *signals > 0).await;
}

/// Waits for a signal that ends the program at once.
pub async fn hard() {
    let mut signals = count().subscribe();
    let is_hard =
        |signals: &u32| *signals > 1 || (*signals == 1 && !IS_DRIVING.load(Ordering::SeqCst));
    let _ = signals.wait_for(is_hard).await;
}

/// Load runs as long as this lives.
#[derive(Debug)]
pub struct Driving(());

impl Driving {
    /// Load begins.
    #[must_use]
    pub fn begin() -> Self {
        IS_DRIVING.store(true, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Driving {
    fn drop(&mut self) {
        // After a first signal everything goes on to its end: audit and report belong to it.
        if !has_come() {
            IS_DRIVING.store(false, Ordering::SeqCst);
        }
    }
}
