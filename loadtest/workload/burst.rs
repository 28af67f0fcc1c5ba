//! When a burst of `flash-sale` is over: when every client has finished its part, and the last hold has run out.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::measure::numbers::nanos;

/// Shared by the clients of a run; touched once by each, and read while they wait.
#[derive(Debug)]
pub struct Burst {
    clients: AtomicU32,
    /// The latest grant, in nanoseconds since the run's start.
    last_grant_ns: AtomicU64,
    hold: Duration,
}

impl Burst {
    /// A burst of so many clients, whose holds last so long.
    #[must_use]
    pub const fn new(clients: u32, hold: Duration) -> Self {
        Self { clients: AtomicU32::new(clients), last_grant_ns: AtomicU64::new(0), hold }
    }

    /// A client has finished, and was last granted a hold at this time. The grant is told before the count falls.
    pub fn leave(&self, last_grant: Duration) {
        self.last_grant_ns.fetch_max(nanos(last_grant), Ordering::AcqRel);
        self.clients.fetch_sub(1, Ordering::AcqRel);
    }

    /// When the last hold has run out; none while a client has not finished.
    #[must_use]
    pub fn over_at(&self) -> Option<Duration> {
        (self.clients.load(Ordering::Acquire) == 0)
            .then(|| Duration::from_nanos(self.last_grant_ns.load(Ordering::Acquire)) + self.hold)
    }
}
