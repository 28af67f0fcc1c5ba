//! The engine's own figures at one moment, and what became of them over a span of time.

use std::collections::HashMap;
use std::time::Duration;

use crate::{BenchError, Report};

/// All figures of `/metrics` that have no label.
#[derive(Clone, Debug)]
pub struct Metrics(HashMap<String, f64>);

impl Metrics {
    /// Reads the page.
    #[must_use]
    pub fn read(page: &str) -> Self {
        let figures = page.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
            let (name, value) = line.split_once(' ')?;
            Some((name.to_owned(), value.trim().parse().ok()?))
        });
        Self(figures.collect())
    }

    /// A figure.
    ///
    /// # Errors
    /// [`BenchError::NoFigure`].
    pub fn get(&self, name: &str) -> Result<f64, BenchError> {
        self.0.get(name).copied().ok_or_else(|| BenchError::NoFigure(name.to_owned()))
    }
}

/// What the journal did between two looks.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    batches: f64,
    events: f64,
    bytes: f64,
    syncs: f64,
    sync_us: f64,
    seconds: f64,
}

impl Span {
    /// Between two looks that lie this far apart.
    ///
    /// # Errors
    /// [`BenchError::NoFigure`].
    pub fn between(before: &Metrics, after: &Metrics, took: Duration) -> Result<Self, BenchError> {
        let grown = |name: &str| Ok::<_, BenchError>(after.get(name)? - before.get(name)?);
        Ok(Self {
            batches: grown("saldo_journal_batches")?,
            events: grown("saldo_journal_events")?,
            bytes: grown("saldo_journal_bytes")?,
            syncs: grown("saldo_journal_syncs")?,
            sync_us: grown("saldo_journal_sync_us_total")?,
            seconds: took.as_secs_f64(),
        })
    }

    /// Adds its figures to a report, each named for what was asked.
    pub fn tell(&self, report: &mut Report, asked: &str) {
        let mut put = |what: &str, unit, value: f64| {
            // Nothing was journalled, or nothing is ever synced: there is no such figure.
            if value.is_finite() {
                report.add(&format!("{asked}: {what}"), unit, value);
            }
        };
        put("batches", "/s", self.batches / self.seconds);
        put("events a batch", "events", self.events / self.batches);
        put("syncs", "/s", self.syncs / self.seconds);
        put("events a sync", "events", self.events / self.syncs);
        put("one sync", "us", self.sync_us / self.syncs);
        put("journal, padded, an event", "bytes", self.bytes / self.events);
    }
}

#[cfg(test)]
mod tests {
    use super::Metrics;

    #[test]
    fn figures_with_labels_are_left_out() {
        let page = "# HELP a A.\n# TYPE a gauge\na 3\nb{c=\"d e\"} 4\nf 1.5\n";
        let metrics = Metrics::read(page);
        assert_eq!(metrics.get("a").ok(), Some(3.0));
        assert_eq!(metrics.get("f").ok(), Some(1.5));
        assert!(metrics.get("b").is_err());
    }
}
