//! The figures that a run is known by: their names, their units, and how several runs are put together. The table, the
//! page, the comparison and the requirements all take them from here.

use crate::measure::figures::{LatencyFigures, RunFigures};
use crate::measure::numbers::float;
use crate::report::words;

/// How a figure is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Of something a second.
    PerSecond,
    /// A time, kept in nanoseconds.
    Nanoseconds,
    /// 0 to 1.
    Share,
    /// How many.
    Count,
}

impl Unit {
    /// The value as people read it.
    #[must_use]
    pub fn written(self, value: f64) -> String {
        match self {
            Self::PerSecond | Self::Count => words::number(value),
            Self::Nanoseconds => words::latency(value),
            Self::Share => words::percent(value),
        }
    }
}

/// Which figure of several runs stands for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// The middle one.
    Median,
    /// The largest: one run with a fault is a fault.
    Worst,
}

/// A figure that every run has or has not.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// As requirements write it.
    pub name: &'static str,
    /// As tables write it.
    pub title: &'static str,
    /// How it is written.
    pub unit: Unit,
    /// Which of several runs counts.
    pub stands: Stands,
    read: fn(&RunFigures) -> Option<f64>,
}

impl Figure {
    /// Of a run; none where the run has not measured it.
    #[must_use]
    pub fn of(&self, run: &RunFigures) -> Option<f64> {
        (self.read)(run)
    }

    /// Over runs; none where any of them has not measured it.
    #[must_use]
    pub fn over(&self, runs: &[RunFigures]) -> Option<Spread> {
        Spread::of(runs.iter().map(|run| self.of(run)).collect::<Option<Vec<_>>>()?)
    }
}

/// A figure of one latency.
#[derive(Clone, Copy, Debug)]
pub struct Quantile {
    /// As requirements and tables write it.
    pub name: &'static str,
    read: fn(&LatencyFigures) -> f64,
}

impl Quantile {
    /// In nanoseconds; none where nothing was measured.
    #[must_use]
    pub fn of(&self, latency: &LatencyFigures) -> Option<f64> {
        (latency.count > 0).then(|| (self.read)(latency))
    }

    /// Of all answers, over runs.
    #[must_use]
    pub fn over(&self, runs: &[RunFigures]) -> Option<Spread> {
        let values: Option<Vec<_>> = runs.iter().map(|run| self.of(&run.latency)).collect();
        Spread::of(values?)
    }
}

/// The figures of latencies, in the order in which tables show them.
pub const QUANTILES: [Quantile; 7] = [
    Quantile { name: "p50", read: |latency| float(latency.p50_ns) },
    Quantile { name: "p90", read: |latency| float(latency.p90_ns) },
    Quantile { name: "p99", read: |latency| float(latency.p99_ns) },
    Quantile { name: "p99.9", read: |latency| float(latency.p99_9_ns) },
    Quantile { name: "p99.99", read: |latency| float(latency.p99_99_ns) },
    Quantile { name: "max", read: |latency| float(latency.max_ns) },
    Quantile { name: "mean", read: |latency| latency.mean_ns },
];

/// All other figures.
pub const FIGURES: [Figure; 14] = [
    median("per_second", "operations/s", Unit::PerSecond, |run| Some(run.per_second)),
    median("granted_per_second", "granted/s", Unit::PerSecond, |run| Some(run.granted_per_second)),
    median("knee", "knee, operations/s", Unit::PerSecond, |run| run.knee),
    median("client_share", "client's share of the machine", Unit::Share, |run| {
        Some(run.client.machine_share)
    }),
    median("done", "done", Unit::Count, |run| Some(answers(run, "done"))),
    median("sold_out", "sold out", Unit::Count, |run| Some(answers(run, "sold_out"))),
    median("refused", "refused", Unit::Count, |run| Some(answers(run, "refused"))),
    median("unknown", "unknown", Unit::Count, |run| Some(answers(run, "unknown"))),
    fault("oversold", |run| audited(run, run.audit.oversold)),
    fault("undersold", |run| audited(run, run.audit.undersold)),
    fault("drift", |run| audited(run, run.audit.drift)),
    fault("lost", |run| audited(run, run.audit.lost)),
    fault("not_linearizable", |run| audited(run, run.audit.not_linearizable)),
    fault("disagreements", |run| audited(run, run.audit.disagreements)),
];

/// How many of [`FIGURES`] are headline figures: the first ones.
pub const HEADLINES: usize = 4;

type Read = fn(&RunFigures) -> Option<f64>;

const fn median(name: &'static str, title: &'static str, unit: Unit, read: Read) -> Figure {
    Figure { name, title, unit, stands: Stands::Median, read }
}

const fn fault(name: &'static str, read: Read) -> Figure {
    Figure { name, title: name, unit: Unit::Count, stands: Stands::Worst, read }
}

/// The figure of this name.
#[must_use]
pub fn figure(name: &str) -> Option<&'static Figure> {
    FIGURES.iter().find(|figure| figure.name == name)
}

/// The latency figure of this name.
#[must_use]
pub fn latency_figure(name: &str) -> Option<&'static Quantile> {
    QUANTILES.iter().find(|quantile| quantile.name == name)
}

/// Answers of a kind; none is 0.
#[must_use]
pub fn answers(run: &RunFigures, kind: &str) -> f64 {
    float(run.answers.get(kind).copied().unwrap_or_default())
}

/// What was not audited is not 0, it is not known.
fn audited(run: &RunFigures, count: u64) -> Option<f64> {
    run.audit.left_out.is_none().then(|| float(count))
}

/// A figure over several runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The middle one; of an even number the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of the runs' values; none where there is no value.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), min, max })
    }

    /// Whether both could have had the same value.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.min <= other.max && other.min <= self.max
    }
}

/// The place of the run that stands in the middle by its throughput.
#[must_use]
pub fn middle_run(runs: &[RunFigures]) -> Option<usize> {
    let mut places: Vec<usize> = (0..runs.len()).collect();
    places.sort_by(|a, b| runs[*a].per_second.total_cmp(&runs[*b].per_second));
    places.get(runs.len().saturating_sub(1) / 2).copied()
}

/// The figures of the engine's journal over a run's measured part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Syncs {
    /// Events that one sync made durable, on average.
    pub events_per_sync: f64,
    /// How many a second.
    pub per_second: f64,
    /// How long one took, on average, in nanoseconds.
    pub mean_ns: f64,
}

/// What the engine told of its syncs; none where it told nothing.
#[must_use]
pub fn syncs(run: &RunFigures) -> Option<Syncs> {
    let begun = warm_up_end(run);
    let (mut events, mut syncs, mut taken, mut length) = (0, 0, 0.0, 0.0);
    for stretch in run.engine.iter().filter(|stretch| stretch.at_s + 1e-9 >= begun) {
        events += stretch.events;
        syncs += stretch.syncs;
        taken += stretch.sync_seconds;
        length += stretch.length_s;
    }
    (syncs > 0 && length > 0.0).then(|| Syncs {
        events_per_sync: float(events) / float(syncs),
        per_second: float(syncs) / length,
        mean_ns: taken * 1e9 / float(syncs),
    })
}

/// When the measured part began, in seconds after the run's start.
#[must_use]
pub fn warm_up_end(run: &RunFigures) -> f64 {
    let warm_up = run.series.iter().filter(|interval| interval.is_warm_up);
    warm_up.map(|interval| interval.at_s + interval.length_s).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::figures::EngineInterval;
    use crate::report::sample;

    #[test]
    fn the_spread_of_runs() {
        let spread = Spread::of(vec![5.0, 1.0, 3.0]);
        assert_eq!(spread, Some(Spread { median: 3.0, min: 1.0, max: 5.0 }));
        assert_eq!(Spread::of(vec![4.0, 1.0]).map(|spread| spread.median), Some(2.5));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn what_was_not_audited_has_no_figure() {
        let mut report = sample::report(2);
        let oversold = figure("oversold").expect("it is listed");
        assert_eq!(oversold.over(&report.runs).map(|spread| spread.max), Some(0.0));
        report.runs[1].audit.left_out = Some("not asked for".to_owned());
        assert_eq!(oversold.over(&report.runs), None);
    }

    #[test]
    fn names_of_figures_differ() {
        let mut names: Vec<_> = FIGURES.iter().map(|figure| figure.name).collect();
        names.extend(QUANTILES.iter().map(|quantile| quantile.name));
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn syncs_of_the_warm_up_do_not_count() {
        let mut run = RunFigures::default();
        for (at_s, is_warm_up) in [(0.0, true), (1.0, false)] {
            run.series.push(crate::measure::figures::IntervalFigures {
                at_s,
                length_s: 1.0,
                is_warm_up,
                ..Default::default()
            });
            let events = if is_warm_up { 900 } else { 300 };
            run.engine.push(EngineInterval {
                at_s,
                length_s: 1.0,
                events,
                syncs: 100,
                sync_seconds: 0.1,
                ..Default::default()
            });
        }
        let told = syncs(&run).expect("there were syncs");
        assert!((told.events_per_sync - 3.0).abs() < 1e-9);
        assert!((told.per_second - 100.0).abs() < 1e-9);
        assert!((told.mean_ns - 1e6).abs() < 1.0);
    }

    #[test]
    fn the_middle_run_is_that_of_the_median_throughput() {
        let mut report = sample::report(3);
        for (run, per_second) in report.runs.iter_mut().zip([30.0, 10.0, 20.0]) {
            run.per_second = per_second;
        }
        assert_eq!(middle_run(&report.runs), Some(2));
        assert_eq!(middle_run(&[]), None);
    }
}
