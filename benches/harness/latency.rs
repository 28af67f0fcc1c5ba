//! How long requests took: one histogram a client, merged at the end.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::Report;

/// The longest time that is told apart, in nanoseconds: a minute. Longer ones count as a minute.
const LATENCY_NS_MAX: u64 = 60_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;
const QUANTILES: [(&str, f64); 3] = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)];

/// Times of one client or of all.
#[derive(Debug)]
pub struct Latencies {
    /// None only where the bounds above were no bounds.
    histogram: Option<Histogram<u64>>,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { histogram: Histogram::new_with_bounds(1, LATENCY_NS_MAX, SIGNIFICANT_DIGITS).ok() }
    }
}

impl Latencies {
    /// Counts one.
    pub fn record(&mut self, took: Duration) {
        if let Some(histogram) = &mut self.histogram {
            histogram.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(LATENCY_NS_MAX));
        }
    }

    /// Adds another client's.
    pub fn merge(&mut self, other: &Self) {
        if let (Some(own), Some(other)) = (&mut self.histogram, &other.histogram) {
            // Same bounds and digits: it cannot fail.
            own.add(other).unwrap_or_default();
        }
    }

    /// The time that so large a share did not exceed, in nanoseconds; 0 where nothing was counted.
    #[must_use]
    pub fn at_quantile_ns(&self, quantile: f64) -> u64 {
        self.histogram.as_ref().map_or(0, |histogram| histogram.value_at_quantile(quantile))
    }

    /// Adds p50, p99 and p99.9 to a report in milliseconds, each named for what was asked.
    pub fn tell(&self, report: &mut Report, asked: &str) {
        let Some(histogram) = &self.histogram else { return };
        for (name, quantile) in QUANTILES {
            let value = Duration::from_nanos(histogram.value_at_quantile(quantile));
            report.add(&format!("{asked}: {name}"), "ms", value.as_secs_f64() * 1_000.0);
        }
    }
}
