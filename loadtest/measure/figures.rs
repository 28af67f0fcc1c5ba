//! The figures of a run, as every report tells them. Times are seconds or, where the name says so, nanoseconds.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Latencies in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyFigures {
    /// How many.
    pub count: u64,
    /// The mean.
    pub mean_ns: f64,
    /// Half took no longer.
    pub p50_ns: u64,
    /// 9 of 10 took no longer.
    pub p90_ns: u64,
    /// 99 of 100 took no longer.
    pub p99_ns: u64,
    /// 999 of 1,000 took no longer.
    pub p99_9_ns: u64,
    /// 9,999 of 10,000 took no longer.
    pub p99_99_ns: u64,
    /// The longest.
    pub max_ns: u64,
}

impl LatencyFigures {
    /// Of a histogram of nanoseconds.
    #[must_use]
    pub fn of(histogram: &Histogram<u64>) -> Self {
        Self {
            count: histogram.len(),
            mean_ns: histogram.mean(),
            p50_ns: histogram.value_at_quantile(0.5),
            p90_ns: histogram.value_at_quantile(0.9),
            p99_ns: histogram.value_at_quantile(0.99),
            p99_9_ns: histogram.value_at_quantile(0.999),
            p99_99_ns: histogram.value_at_quantile(0.9999),
            max_ns: histogram.max(),
        }
    }
}

/// A point of the curve of latency by percentile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PercentilePoint {
    /// From 0 to 1; the last point is the longest and has 1.
    pub quantile: f64,
    /// So many nanoseconds or fewer.
    pub ns: u64,
}

/// A stretch of the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IntervalFigures {
    /// When it began, seconds after the run's start.
    pub at_s: f64,
    /// How long it was, in seconds.
    pub length_s: f64,
    /// Whether it lay before the measured part.
    pub is_warm_up: bool,
    /// Operations carried out.
    pub done: u64,
    /// Refused for want of stock.
    pub sold_out: u64,
    /// Refused otherwise.
    pub refused: u64,
    /// Without a known outcome.
    pub unknown: u64,
    /// Units granted by reserves and sales.
    pub units: u64,
    /// Latencies of its answers.
    pub latency: LatencyFigures,
}

/// One rate of a stair, or of a run at a single rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepFigures {
    /// Operations a second that were asked for.
    pub rate: f64,
    /// Operations a second that were answered.
    pub achieved: f64,
    /// From the intended start.
    pub latency: LatencyFigures,
    /// Whether the target kept up: at least 95 of 100 answered, and the 99th percentile within the bound of the run.
    pub kept_up: bool,
}

/// What the load tester itself took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClientFigures {
    /// Threads of clients.
    pub threads: u32,
    /// The processor time of this process as a share of the whole machine's, 0 to 1.
    pub machine_share: f64,
    /// The processor time of the busiest thread as a share of one core's, 0 to 1.
    pub busiest_thread: f64,
    /// The target's own share of the whole machine, 0 to 1, where it is a process of ours.
    pub target_share: Option<f64>,
    /// In the open loop: how late operations were sent.
    pub lateness: Option<LatencyFigures>,
}

/// What the engine's `/metrics` told over a stretch of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EngineInterval {
    /// When it began, seconds after the run's start.
    pub at_s: f64,
    /// How long it was, in seconds.
    pub length_s: f64,
    /// Events decided.
    pub events: u64,
    /// Syncs of the journal.
    pub syncs: u64,
    /// Seconds spent in them.
    pub sync_seconds: f64,
    /// Bytes written to the journal.
    pub journal_bytes: u64,
    /// Resident memory in bytes, where the target is a process of ours.
    pub resident_bytes: Option<u64>,
}

/// What the audit found. A run is good when all counts of faults are 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditFigures {
    /// Whether there was an audit; if not, why.
    pub left_out: Option<String>,
    /// Keys compared.
    pub keys: u64,
    /// Operations whose answers were held against the books.
    pub operations: u64,
    /// Events of the target's books that were read; 0 where it has none.
    pub events: u64,
    /// Reservations read back one by one.
    pub read_back: u64,
    /// Units granted that were not there.
    pub oversold: u64,
    /// Units left over although demand was larger.
    pub undersold: u64,
    /// Units by which books, balances and answers differ.
    pub drift: u64,
    /// Granted reservations that are not found, or not as answered.
    pub lost: u64,
    /// Answers that no order of the operations explains.
    pub not_linearizable: u64,
    /// Operations without a known outcome that turned out to have happened.
    pub unknown_happened: u64,
    /// Anything else that contradicts.
    pub disagreements: u64,
    /// Sentences on the first faults, each with its history.
    pub shown: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl AuditFigures {
    /// Whether there was an audit and it found nothing.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.left_out.is_none()
            && self.oversold == 0
            && self.undersold == 0
            && self.drift == 0
            && self.lost == 0
            && self.not_linearizable == 0
            && self.disagreements == 0
    }
}

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunFigures {
    /// The measured part, in seconds.
    pub seconds: f64,
    /// Operations answered in it.
    pub operations: u64,
    /// Answers by kind: `done`, `sold_out`, `refused`, `unknown`.
    pub answers: BTreeMap<String, u64>,
    /// Refusals by code.
    pub refusals: BTreeMap<String, u64>,
    /// Operations answered a second.
    pub per_second: f64,
    /// Reserves and sales granted a second, until the last one was granted.
    pub granted_per_second: f64,
    /// Latencies of all answers; in the open loop from the intended start.
    pub latency: LatencyFigures,
    /// By how they ended.
    pub latency_by_answer: BTreeMap<String, LatencyFigures>,
    /// Of what was carried out, by verb.
    pub latency_by_verb: BTreeMap<String, LatencyFigures>,
    /// Latency by percentile, from 0 to 1.
    pub percentiles: Vec<PercentilePoint>,
    /// Over time, the warm-up included.
    pub series: Vec<IntervalFigures>,
    /// Rates asked for one after the other; empty in the closed loop.
    pub steps: Vec<StepFigures>,
    /// The highest rate of the stair that the target kept up with.
    pub knee: Option<f64>,
    /// The load tester's share.
    pub client: ClientFigures,
    /// The engine's own figures over time; empty for other targets.
    pub engine: Vec<EngineInterval>,
    /// What the subscribers saw, where there were any: name and value, with the unit in the name.
    pub feed: BTreeMap<String, f64>,
    /// Connections that failed and were made again.
    pub reconnects: u64,
    /// Units that the keys opened with.
    pub opening_units: u64,
    /// The audit.
    pub audit: AuditFigures,
}
