//! How long calls took: one histogram a worker, in microseconds with three significant digits, merged at the end.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// The longest time that is told apart: an hour. Longer ones count as an hour.
const LATENCY_US_MAX: u64 = 3_600_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// Latencies of one worker or of all.
#[derive(Debug)]
pub struct Latencies {
    /// None only where the bounds above were no bounds.
    histogram: Option<Histogram<u64>>,
}

/// The figures of a report, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LatencySummary {
    /// Half of the calls took no longer.
    pub p50_us: u64,
    /// 99 of 100 took no longer.
    pub p99_us: u64,
    /// 999 of 1,000 took no longer.
    pub p99_9_us: u64,
    /// The longest.
    pub max_us: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { histogram: Histogram::new_with_bounds(1, LATENCY_US_MAX, SIGNIFICANT_DIGITS).ok() }
    }
}

impl Latencies {
    /// Counts one call.
    pub fn record(&mut self, taken: Duration) {
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(u64::try_from(taken.as_micros()).unwrap_or(LATENCY_US_MAX));
        }
    }

    /// Adds another worker's.
    pub fn merge(&mut self, other: &Self) {
        if let (Some(own), Some(other)) = (&mut self.histogram, &other.histogram) {
            // Same bounds and digits: it cannot fail.
            own.add(other).unwrap_or_default();
        }
    }

    /// How many calls were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.histogram.as_ref().map_or(0, Histogram::len)
    }

    /// The figures.
    #[must_use]
    pub fn summary(&self) -> LatencySummary {
        let Some(histogram) = &self.histogram else {
            return LatencySummary::default();
        };
        LatencySummary {
            p50_us: histogram.value_at_quantile(0.5),
            p99_us: histogram.value_at_quantile(0.99),
            p99_9_us: histogram.value_at_quantile(0.999),
            max_us: histogram.max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_are_merged() {
        let (mut one, mut two) = (Latencies::default(), Latencies::default());
        for millis in 1..=50 {
            one.record(Duration::from_millis(millis));
            two.record(Duration::from_millis(millis + 50));
        }
        one.merge(&two);
        assert_eq!(one.count(), 100);
        let p50 = one.summary().p50_us;
        assert!((49_900..=50_100).contains(&p50), "{p50}");
        assert!(one.summary().max_us >= 99_900);
    }
}
