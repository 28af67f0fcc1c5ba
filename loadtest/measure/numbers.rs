//! Numbers as figures need them.

use std::time::Duration;

/// A count as a floating number; exact up to 2^53, rounded above.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "counts above 2^53 do not occur, and would be rounded only"
)]
pub const fn float(count: u64) -> f64 {
    count as f64
}

/// Nanoseconds of a time; the longest that there are where it has more.
#[must_use]
pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// One by the other; 0 where there is nothing to divide by.
#[must_use]
pub fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}
