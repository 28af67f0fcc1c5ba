//! The engine's own figures over time: its `/metrics`, asked for once an interval while a run is under way, on a
//! connection of its own.

use std::time::{Duration, Instant};

use saldo_protocol::client::{Client, ClientError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::measure::cpu;
use crate::measure::figures::EngineInterval;
use crate::measure::numbers::float;

/// Intervals that are kept of one run: a day of seconds.
const INTERVALS_MAX: usize = 86_400;
const MICROS: f64 = 1e6;

/// Sums since the engine's start, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineSums {
    /// Events decided.
    pub events: u64,
    /// Syncs of the journal.
    pub syncs: u64,
    /// Microseconds spent in them.
    pub sync_us: u64,
    /// Bytes written to the journal, padding included.
    pub journal_bytes: u64,
}

impl EngineSums {
    /// Reads the page of `/metrics`; none where it is not an engine's.
    #[must_use]
    pub fn read(page: &str) -> Option<Self> {
        let sum = |name: &str| {
            let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
            whole(value.trim())
        };
        Some(Self {
            events: sum("saldo_events")?,
            syncs: sum("saldo_journal_syncs")?,
            sync_us: sum("saldo_journal_sync_us_total")?,
            journal_bytes: sum("saldo_journal_bytes")?,
        })
    }

    /// What came since `before`. An engine that was started anew meanwhile counts from its start.
    #[must_use]
    pub fn since(&self, before: &Self) -> EngineInterval {
        let grown = |now: u64, then: u64| now.checked_sub(then).unwrap_or(now);
        EngineInterval {
            events: grown(self.events, before.events),
            syncs: grown(self.syncs, before.syncs),
            sync_seconds: float(grown(self.sync_us, before.sync_us)) / MICROS,
            journal_bytes: grown(self.journal_bytes, before.journal_bytes),
            ..EngineInterval::default()
        }
    }
}

/// A count as the page writes it: digits, or a floating number where it is large.
fn whole(text: &str) -> Option<u64> {
    if let Ok(count) = text.parse() {
        return Some(count);
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)?;
    format!("{value:.0}").parse().ok()
}

/// Watches an engine until it is finished. Dropping it ends it.
#[derive(Debug)]
pub struct EngineWatch {
    finish: oneshot::Sender<()>,
    task: JoinHandle<Vec<EngineInterval>>,
}

impl EngineWatch {
    /// Begins to look every `interval`. `began` is the run's start, from which all intervals count; `pid` is the
    /// engine's process where its memory can be looked at.
    ///
    /// # Errors
    /// Where the first look fails; later ones that fail make their interval longer.
    pub async fn start(
        client: Client,
        pid: Option<u32>,
        began: Instant,
        interval: Duration,
    ) -> Result<Self, ClientError> {
        let first = client.metrics_text().await?;
        let sums = EngineSums::read(&first).unwrap_or_default();
        let (finish, finished) = oneshot::channel();
        let watch = Watch { client, pid, began, last_at: Instant::now(), sums, seen: Vec::new() };
        Ok(Self { finish, task: tokio::spawn(watch.run(interval, finished)) })
    }

    /// Looks once more, and gives all intervals in their order.
    pub async fn finish(self) -> Vec<EngineInterval> {
        // The task may have ended by itself only by a panic, which the join below tells of.
        self.finish.send(()).unwrap_or_default();
        self.task.await.unwrap_or_default()
    }
}

struct Watch {
    client: Client,
    pid: Option<u32>,
    began: Instant,
    last_at: Instant,
    sums: EngineSums,
    seen: Vec<EngineInterval>,
}

impl Watch {
    async fn run(
        mut self,
        interval: Duration,
        mut finished: oneshot::Receiver<()>,
    ) -> Vec<EngineInterval> {
        let mut ticks = tokio::time::interval(interval.max(Duration::from_millis(10)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // The first tick is now, and so was the first look.
        ticks.tick().await;
        loop {
            let ends = tokio::select! {
                ended = &mut finished => {
                    if ended.is_err() {
                        return self.seen;
                    }
                    true
                }
                _ = ticks.tick() => false,
            };
            self.look().await;
            if ends || self.seen.len() >= INTERVALS_MAX {
                return self.seen;
            }
        }
    }

    async fn look(&mut self) {
        let Ok(page) = self.client.metrics_text().await else { return };
        let Some(sums) = EngineSums::read(&page) else { return };
        let now = Instant::now();
        self.seen.push(EngineInterval {
            at_s: self.last_at.saturating_duration_since(self.began).as_secs_f64(),
            length_s: now.saturating_duration_since(self.last_at).as_secs_f64(),
            resident_bytes: self.pid.and_then(cpu::resident_bytes),
            ..sums.since(&self.sums)
        });
        (self.sums, self.last_at) = (sums, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_and_subtracted() {
        let page = |events: &str| {
            format!(
                "# TYPE saldo_events gauge\nsaldo_events {events}\nsaldo_journal_syncs 4\n\
                 saldo_journal_sync_us_total 2500000\nsaldo_journal_bytes 8192\nsaldo_events_x 9\n"
            )
        };
        let before = EngineSums::read(&page("7")).unwrap();
        let after = EngineSums { events: 17, syncs: 6, sync_us: 3_000_000, journal_bytes: 8_292 };
        let grown = after.since(&before);
        assert_eq!((grown.events, grown.syncs, grown.journal_bytes), (10, 2, 100));
        assert!((grown.sync_seconds - 0.5).abs() < 1e-9);
        assert_eq!(EngineSums::read(&page("1e3")).map(|sums| sums.events), Some(1_000));
        assert_eq!(EngineSums::read("saldo_events 1\n"), None);
    }

    #[test]
    fn an_engine_that_began_anew_counts_from_there() {
        let before = EngineSums { events: 100, ..EngineSums::default() };
        assert_eq!(EngineSums { events: 3, ..before }.since(&before).events, 3);
    }
}
