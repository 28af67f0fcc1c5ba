//! A clock whose readings two processes of one machine can compare.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since some moment before the machine's start, the same moment for every process.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let whole = |part: i64| u64::try_from(part).unwrap_or(0);
    whole(now.tv_sec) * 1_000_000_000 + whole(now.tv_nsec)
}
