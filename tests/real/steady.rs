//! Mixed load for a long time without any harm: latency and memory must stay flat, and every answer is checked.

use std::fmt;
use std::time::Duration;

use super::lives::{Death, Lives, Run, setup};
use super::process::resident_mebibytes;
use crate::Engine;

/// How long each interval of the table lasts.
const INTERVAL: Duration = Duration::from_secs(20);
/// The last third's median p99 may be so many times the first third's, and this much more, in microseconds.
const P99_FACTOR_MAX: u64 = 2;
const P99_ROOM_US: u64 = 5_000;
/// The last third's greatest memory may be this share of the first third's greatest (percent), and this much more, in
/// MiB. What the engine remembers for days, such as closed reservations, is in its store, whose cache is bounded.
const MEMORY_PERCENT_MAX: u64 = 125;
const MEMORY_ROOM_MEBIBYTES: u64 = 64;

/// A long load.
#[derive(Clone, Copy, Debug)]
pub struct Steady {
    /// How long.
    pub minutes: u32,
    /// From which everything is chosen.
    pub seed: u64,
}

/// One interval.
#[derive(Clone, Copy, Debug)]
pub struct Interval {
    /// Calls a second.
    pub rate: u64,
    /// The median latency, in microseconds.
    pub p50_us: u64,
    /// The 99th percentile, in microseconds.
    pub p99_us: u64,
    /// Resident memory at its end, in MiB.
    pub memory: u64,
}

/// All intervals of a load that stayed flat.
#[derive(Clone, Debug)]
pub struct Flat {
    intervals: Vec<Interval>,
    checked: String,
}

impl fmt::Display for Flat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| from s | calls/s | p50 us | p99 us | memory MiB |")?;
        writeln!(f, "|---:|---:|---:|---:|---:|")?;
        for (number, interval) in self.intervals.iter().enumerate() {
            let Interval { rate, p50_us, p99_us, memory } = interval;
            let from = number as u64 * INTERVAL.as_secs();
            writeln!(f, "| {from} | {rate} | {p50_us} | {p99_us} | {memory} |")?;
        }
        let [first, last] = thirds(&self.intervals);
        writeln!(
            f,
            "first third: p99 {} us, memory {} MiB; last third: p99 {} us, memory {} MiB",
            first.0, first.1, last.0, last.1
        )?;
        write!(f, "{}", self.checked)
    }
}

impl Steady {
    /// Runs it; `say` hears of each interval.
    ///
    /// # Errors
    /// A broken promise, or what did not stay flat.
    ///
    /// # Panics
    /// Where the engine does not answer.
    pub async fn run(self, mut say: impl FnMut(usize, &Interval) + Send) -> Result<Flat, String> {
        let mut settings = setup(None);
        // So small that they are full within the first third: what grows after that is a leak.
        for (name, value) in
            [("idempotency_entries_max", "65536"), ("store_cache_bytes", "1048576")]
        {
            settings.settings.push((name.to_owned(), value.to_owned()));
        }
        let engine = Engine::set_up(settings).await;
        let plan = Lives { deaths: 0, seed: self.seed, death: Death::Kill, life_ms_max: 0 };
        let mut run = Run::opened(plan, None, &engine).await;
        let count = u64::from(self.minutes) * 60 / INTERVAL.as_secs();
        let mut intervals = Vec::new();
        for number in 0..usize::try_from(count.max(3)).unwrap_or(usize::MAX) {
            let mut latencies = run.interval(&engine, INTERVAL).await?;
            latencies.sort_unstable();
            let at = |percent: usize| {
                let place = latencies.len().saturating_sub(1) * percent / 100;
                latencies.get(place).copied().unwrap_or_default() / 1_000
            };
            let interval = Interval {
                rate: latencies.len() as u64 / INTERVAL.as_secs(),
                p50_us: at(50),
                p99_us: at(99),
                memory: resident_mebibytes(engine.pid())?,
            };
            say(number, &interval);
            intervals.push(interval);
        }
        let survived = run.end(engine).await?;
        let flat = Flat { intervals, checked: format!("{survived}; saldo verify: drift 0") };
        let [first, last] = thirds(&flat.intervals);
        if last.0 > first.0 * P99_FACTOR_MAX + P99_ROOM_US {
            return Err(format!("the p99 rose: {flat}"));
        }
        if last.1 > first.1 * MEMORY_PERCENT_MAX / 100 + MEMORY_ROOM_MEBIBYTES {
            return Err(format!("memory rose: {flat}"));
        }
        Ok(flat)
    }
}

/// The median p99 and the greatest memory of the first and of the last third.
fn thirds(intervals: &[Interval]) -> [(u64, u64); 2] {
    let third = intervals.len().div_ceil(3);
    let of = |part: &[Interval]| {
        let mut p99s: Vec<u64> = part.iter().map(|interval| interval.p99_us).collect();
        p99s.sort_unstable();
        let median = p99s.get(p99s.len() / 2).copied().unwrap_or_default();
        (median, part.iter().map(|interval| interval.memory).max().unwrap_or_default())
    };
    [of(&intervals[..third]), of(&intervals[intervals.len() - third..])]
}
