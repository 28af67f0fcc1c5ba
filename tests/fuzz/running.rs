//! One engine within this process for the targets that talk to a running one, and a runtime to talk from.

use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;

use saldo::config::{Durability, LogLevel, Settings};
use saldo_loadtest::targets::inproc::InProcess;
use tokio::runtime::{Builder, Runtime};

/// An answer that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(20);

/// The engine and the runtime of those who talk to it.
pub(super) struct Running {
    runtime: Runtime,
    engine: InProcess,
}

/// The engine; started with the first use.
pub(super) fn running() -> &'static Running {
    static RUNNING: LazyLock<Running> = LazyLock::new(|| {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let settings = Settings {
            log: LogLevel::Off,
            durability: Durability::ProcessCrash,
            segment_bytes: 4 << 20,
            journal_bytes_max: 64 << 20,
            disk_free_bytes_min: 0,
            arbiters: 1,
            ..Settings::default()
        };
        let engine = runtime.block_on(InProcess::start(settings)).expect("an engine");
        Running { runtime, engine }
    });
    &RUNNING
}

impl Running {
    /// Its address: `http://127.0.0.1:PORT`.
    pub(super) fn url(&self) -> &str {
        self.engine.url()
    }

    /// Runs a future to its end.
    ///
    /// # Panics
    /// Where it does not end in time.
    pub(super) fn within<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(async {
            match tokio::time::timeout(PATIENCE, future).await {
                Ok(outcome) => outcome,
                Err(_) => panic!("no {what} in {} s", PATIENCE.as_secs()),
            }
        })
    }
}
