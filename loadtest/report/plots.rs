//! Which plots a page has: each is made of one or several runs, and left out where there is nothing to draw.

use crate::measure::figures::{EngineInterval, IntervalFigures, RunFigures};
use crate::measure::numbers::{float, ratio};
use crate::report::chart::{Axis, Chart, Curve, Scale};
use crate::report::figure::warm_up_end;

/// A run under the name that the legend has for it.
#[derive(Clone, Debug)]
pub struct Labelled<'a> {
    /// The name.
    pub label: String,
    /// The run.
    pub run: &'a RunFigures,
}

const TIME: Axis = Axis { title: "seconds after the start", scale: Scale::Even };
const EVEN: Axis = Axis { title: "", scale: Scale::Even };
const LOG: Axis = Axis { title: "", scale: Scale::Log };
const QUANTILE: Axis = Axis { title: "percentile", scale: Scale::Percentile };
const RATE: Axis = Axis { title: "operations a second asked for", scale: Scale::Even };

/// Stretches shorter than this share of the longest have too few operations for a rate.
const SHORT: f64 = 0.25;

/// The plots of runs beside each other, each run a curve; of one run alone also what only one can show.
#[must_use]
pub fn charts(runs: &[Labelled<'_>]) -> Vec<Chart> {
    let mut charts = vec![by_percentile(runs)];
    match runs {
        [alone] => {
            charts.push(latency_of_one(alone.run));
            charts.push(throughput(runs));
            charts.push(answers(alone.run));
        }
        _ => {
            let title = "p99 over time, ms (logarithmic)";
            charts.push(over_time(title, LOG, runs, |interval| millis(interval.latency.p99_ns)));
            charts.push(throughput(runs));
        }
    }
    charts.extend([stock(runs), batches(runs), sync_times(runs)]);
    charts.extend([stair_latency(runs), stair_achieved(runs)]);
    charts
}

fn millis(ns: u64) -> f64 {
    float(ns) / 1e6
}

fn curve(label: &str, colour: usize, points: Vec<(f64, f64)>) -> Curve {
    Curve { label: label.to_owned(), colour, points, is_guide: false }
}

fn chart(title: &str, (x, y): (Axis, Axis), curves: Vec<Curve>) -> Chart {
    Chart { title: title.to_owned(), x, y, curves, warm_up: 0.0, is_filled: false }
}

/// One curve a run.
fn each(runs: &[Labelled<'_>], points: impl Fn(&RunFigures) -> Vec<(f64, f64)>) -> Vec<Curve> {
    let numbered = runs.iter().enumerate();
    numbered.map(|(at, labelled)| curve(&labelled.label, at, points(labelled.run))).collect()
}

fn warm_up(runs: &[Labelled<'_>]) -> f64 {
    runs.iter().map(|labelled| warm_up_end(labelled.run)).fold(f64::INFINITY, f64::min)
}

/// The middle of each stretch that is long enough, and a figure of it.
fn points(run: &RunFigures, figure: impl Fn(&IntervalFigures) -> f64) -> Vec<(f64, f64)> {
    let longest = run.series.iter().map(|interval| interval.length_s).fold(0.0, f64::max);
    let long = run.series.iter().filter(|interval| interval.length_s > longest * SHORT);
    long.map(|interval| (interval.at_s + interval.length_s / 2.0, figure(interval))).collect()
}

fn over_time(
    title: &str,
    y: Axis,
    runs: &[Labelled<'_>],
    figure: impl Fn(&IntervalFigures) -> f64,
) -> Chart {
    let curves = each(runs, |run| points(run, &figure));
    Chart { warm_up: warm_up(runs), ..chart(title, (TIME, y), curves) }
}

fn by_percentile(runs: &[Labelled<'_>]) -> Chart {
    let curves = each(runs, |run| {
        // The longest of n stands where one of n is: at 1 − 1/n.
        let last = 1.0 - 1.0 / float(run.latency.count.max(2));
        let points = run.percentiles.iter().filter(|point| point.ns > 0);
        points.map(|point| (point.quantile.min(last), millis(point.ns))).collect()
    });
    chart("Latency by percentile, ms (logarithmic)", (QUANTILE, LOG), curves)
}

fn latency_of_one(run: &RunFigures) -> Chart {
    let curves = vec![
        curve("max", 3, points(run, |interval| millis(interval.latency.max_ns))),
        curve("p99", 1, points(run, |interval| millis(interval.latency.p99_ns))),
        curve("p50", 0, points(run, |interval| millis(interval.latency.p50_ns))),
    ];
    let title = "Latency over time, ms (logarithmic)";
    Chart { warm_up: warm_up_end(run), ..chart(title, (TIME, LOG), curves) }
}

fn answered(interval: &IntervalFigures) -> u64 {
    interval.done + interval.sold_out + interval.refused + interval.unknown
}

fn throughput(runs: &[Labelled<'_>]) -> Chart {
    over_time("Throughput over time, operations a second", EVEN, runs, |interval| {
        ratio(float(answered(interval)), interval.length_s)
    })
}

/// Answers a second by kind, one upon the other.
fn answers(run: &RunFigures) -> Chart {
    type Kind = fn(&IntervalFigures) -> u64;
    let kinds: [(&str, usize, Kind); 4] = [
        ("done", 2, |interval| interval.done),
        ("sold out", 1, |interval| interval.sold_out),
        ("refused", 4, |interval| interval.refused),
        ("unknown", 3, |interval| interval.unknown),
    ];
    let mut curves = Vec::new();
    for (at, (label, colour, kind)) in kinds.iter().enumerate() {
        if run.series.iter().all(|interval| kind(interval) == 0) {
            continue;
        }
        let upon = |interval: &IntervalFigures| {
            let count: u64 = kinds[..=at].iter().map(|(_, _, kind)| kind(interval)).sum();
            ratio(float(count), interval.length_s)
        };
        curves.push(curve(label, *colour, points(run, upon)));
    }
    // The highest first: the lower ones are drawn over it.
    curves.reverse();
    let title = "Answers by kind over time, a second, one upon the other";
    Chart { is_filled: true, ..chart(title, (TIME, EVEN), curves) }
}

fn stock(runs: &[Labelled<'_>]) -> Chart {
    let curves = each(runs, |run| {
        let granted: u64 = run.series.iter().map(|interval| interval.units).sum();
        // Where units come back, what was granted says nothing of what is left.
        let comes_back = granted > run.opening_units && run.audit.oversold == 0;
        // A line that hardly falls shows nothing.
        let is_plenty = granted < run.opening_units / 20;
        if granted == 0 || run.opening_units == 0 || comes_back || is_plenty {
            return Vec::new();
        }
        let mut left = float(run.opening_units);
        let mut points = vec![(0.0, left)];
        for interval in &run.series {
            left -= float(interval.units);
            points.push((interval.at_s + interval.length_s, left));
        }
        points
    });
    let title = "Stock over time: opening units less units granted";
    Chart { warm_up: warm_up(runs), ..chart(title, (TIME, EVEN), curves) }
}

fn of_engine(title: &str, runs: &[Labelled<'_>], figure: impl Fn(&EngineInterval) -> f64) -> Chart {
    let curves = each(runs, |run| {
        let told = run.engine.iter().filter(|stretch| stretch.syncs > 0);
        told.map(|stretch| (stretch.at_s + stretch.length_s / 2.0, figure(stretch))).collect()
    });
    Chart { warm_up: warm_up(runs), ..chart(title, (TIME, EVEN), curves) }
}

fn batches(runs: &[Labelled<'_>]) -> Chart {
    of_engine("Engine: events per sync of its journal", runs, |stretch| {
        ratio(float(stretch.events), float(stretch.syncs))
    })
}

fn sync_times(runs: &[Labelled<'_>]) -> Chart {
    of_engine("Engine: mean time of a sync, ms", runs, |stretch| {
        ratio(stretch.sync_seconds * 1e3, float(stretch.syncs))
    })
}

fn stair_latency(runs: &[Labelled<'_>]) -> Chart {
    let steps = |run: &RunFigures, ns: fn(&RunFigures, usize) -> u64| {
        let numbered = run.steps.iter().enumerate();
        numbered.map(|(at, step)| (step.rate, millis(ns(run, at)))).collect::<Vec<_>>()
    };
    let curves = match runs {
        [Labelled { run, .. }] => vec![
            curve("max", 3, steps(run, |run, at| run.steps[at].latency.max_ns)),
            curve("p99", 1, steps(run, |run, at| run.steps[at].latency.p99_ns)),
            curve("p50", 0, steps(run, |run, at| run.steps[at].latency.p50_ns)),
        ],
        _ => each(runs, |run| steps(run, |run, at| run.steps[at].latency.p99_ns)),
    };
    let of = if runs.len() == 1 { "Latency" } else { "p99" };
    chart(&format!("{of} by the rate asked for, ms (logarithmic)"), (RATE, LOG), curves)
}

fn stair_achieved(runs: &[Labelled<'_>]) -> Chart {
    let mut curves =
        each(runs, |run| run.steps.iter().map(|step| (step.rate, step.achieved)).collect());
    let rates = runs.iter().flat_map(|labelled| &labelled.run.steps).map(|step| step.rate);
    let highest = rates.fold(0.0, f64::max);
    curves.push(Curve {
        label: "asked for".to_owned(),
        colour: 0,
        points: vec![(0.0, 0.0), (highest, highest)],
        is_guide: true,
    });
    chart("Operations a second achieved, by the rate asked for", (RATE, EVEN), curves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn titles(runs: &[RunFigures]) -> Vec<String> {
        let labelled: Vec<_> =
            runs.iter().map(|run| Labelled { label: "a".to_owned(), run }).collect();
        let drawn = charts(&labelled).into_iter().filter(|chart| chart.svg().is_some());
        drawn.map(|chart| chart.title).collect()
    }

    #[test]
    fn one_run_has_every_plot_that_it_has_figures_for() {
        let all = titles(&sample::report(1).runs).join("; ");
        for part in [
            "by percentile",
            "over time",
            "Throughput",
            "by kind",
            "Stock",
            "per sync",
            "mean time",
        ] {
            assert!(all.contains(part), "{part} is not among {all}");
        }
        assert!(!all.contains("asked for"), "a closed loop has no stair: {all}");
    }

    #[test]
    fn a_stair_is_drawn_against_its_rates() {
        let all = titles(&sample::stair().runs).join("; ");
        assert!(all.contains("Latency by the rate asked for") && all.contains("achieved"), "{all}");
    }

    #[test]
    fn a_run_without_figures_has_no_plot() {
        assert_eq!(titles(&[RunFigures::default()]), Vec::<String>::new());
        assert_eq!(titles(&[]), Vec::<String>::new());
    }

    #[test]
    fn stock_falls_to_what_is_left() {
        let report = sample::report(1);
        let labelled = [Labelled { label: "a".to_owned(), run: &report.runs[0] }];
        let chart = stock(&labelled);
        let points = &chart.curves[0].points;
        assert_eq!(points.first(), Some(&(0.0, 100_000.0)));
        assert_eq!(points.last(), Some(&(12.0, 0.0)));
    }

    #[test]
    fn a_last_stretch_that_is_too_short_has_no_rate() {
        let mut report = sample::report(1);
        let run = &mut report.runs[0];
        let drawn = points(run, |interval| interval.length_s).len();
        let rest = IntervalFigures { at_s: 12.0, length_s: 0.01, done: 500, ..Default::default() };
        run.series.push(rest);
        assert_eq!(points(run, |interval| interval.length_s).len(), drawn);
    }
}
