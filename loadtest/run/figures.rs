//! From what was measured to the figures of a report.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::drive::load::{Arrivals, Load, Rates};
use crate::drive::run::Driven;
use crate::measure::figures::{
    IntervalFigures, LatencyFigures, PercentilePoint, RunFigures, StepFigures,
};
use crate::measure::numbers::{float, ratio};
use crate::measure::recorder::{Answer, Interval};
use crate::workload::op::Verb;

/// Points of the curve of latency by percentile for each halving of what lies above.
const PERCENTILE_TICKS: u32 = 8;
/// Of a hundred operations asked for so many must be answered in time, for the target to count as keeping up.
const KEPT_UP: f64 = 0.95;

/// The figures of a run, the client's share, the engine's own and the audit still to come.
#[must_use]
pub fn of(driven: &Driven, load: &Load, opening_units: u64) -> RunFigures {
    let ended = match load.duration {
        // What was still in flight at the end counts; the time in which it came does not.
        Some(duration) => driven.ended.min(load.warm_up + duration),
        None => driven.ended,
    };
    let seconds = ended.saturating_sub(load.warm_up).as_secs_f64();
    let recorder = &driven.recorder;
    let operations: u64 = recorder.whole.answers.iter().sum();
    let granted: u64 = [Verb::Reserve, Verb::Sell]
        .iter()
        .filter_map(|verb| recorder.by_verb[*verb as usize].as_ref())
        .map(|histogram| histogram.len())
        .sum();
    let granting = driven.last_grant.min(ended).saturating_sub(load.warm_up).as_secs_f64();
    let steps = steps(driven, load);
    RunFigures {
        seconds,
        operations,
        answers: answers(&recorder.whole),
        refusals: driven.refusals.iter().map(|(code, count)| (code.to_string(), *count)).collect(),
        per_second: ratio(float(operations), seconds),
        granted_per_second: ratio(float(granted), granting),
        latency: LatencyFigures::of(&recorder.whole.latencies),
        latency_by_answer: Answer::ALL
            .iter()
            .map(|answer| (answer.name(), &recorder.by_answer[*answer as usize]))
            .filter(|(_, histogram)| !histogram.is_empty())
            .map(|(name, histogram)| (name.to_owned(), LatencyFigures::of(histogram)))
            .collect(),
        latency_by_verb: Verb::ALL
            .iter()
            .filter_map(|verb| Some((verb.name(), recorder.by_verb[*verb as usize].as_ref()?)))
            .map(|(name, histogram)| (name.to_owned(), LatencyFigures::of(histogram)))
            .collect(),
        percentiles: percentiles(&recorder.whole.latencies),
        series: series(driven, load),
        knee: knee(&steps),
        steps,
        reconnects: driven.reconnects,
        opening_units,
        ..RunFigures::default()
    }
}

fn answers(interval: &Interval) -> BTreeMap<String, u64> {
    Answer::ALL
        .iter()
        .map(|answer| (answer.name().to_owned(), interval.answers[*answer as usize]))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn percentiles(histogram: &Histogram<u64>) -> Vec<PercentilePoint> {
    if histogram.is_empty() {
        return Vec::new();
    }
    let point = |quantile, ns| PercentilePoint { quantile, ns };
    let mut points: Vec<PercentilePoint> = histogram
        .iter_quantiles(PERCENTILE_TICKS)
        .map(|step| point(step.quantile_iterated_to(), step.value_iterated_to()))
        .filter(|point| point.quantile < 1.0)
        .collect();
    points.push(point(1.0, histogram.max()));
    points
}

/// Also the intervals in which nothing was answered: a gap must be seen.
fn series(driven: &Driven, load: &Load) -> Vec<IntervalFigures> {
    let Some((&last, _)) = driven.series.last_key_value() else { return Vec::new() };
    let empty = Interval::default();
    let length_s = load.interval.as_secs_f64();
    let whole = driven.ended.as_secs_f64();
    (0..=last)
        .map(|place| {
            let interval = driven.series.get(&place).unwrap_or(&empty);
            let at_s = float(place) * length_s;
            let [done, sold_out, refused, unknown] = interval.answers;
            IntervalFigures {
                at_s,
                // The last one ends with the run.
                length_s: if place == last {
                    (whole - at_s).clamp(0.0, length_s)
                } else {
                    length_s
                },
                is_warm_up: at_s < load.warm_up.as_secs_f64(),
                done,
                sold_out,
                refused,
                unknown,
                units: interval.units,
                latency: LatencyFigures::of(&interval.latencies),
            }
        })
        .collect()
}

/// Each step of a stair: what was asked for, and what was answered while it lasted.
fn steps(driven: &Driven, load: &Load) -> Vec<StepFigures> {
    let Arrivals::Open { rates, .. } = &load.arrivals else { return Vec::new() };
    let (count, length) = match (rates, load.duration) {
        (Rates::Stair { steps, step, .. }, _) => (*steps, *step),
        (Rates::Fixed(_), Some(duration)) => (1, duration),
        (Rates::Fixed(_) | Rates::Ramp { .. }, _) => return Vec::new(),
    };
    let is_stair = matches!(rates, Rates::Stair { .. });
    let mut all = Vec::new();
    for place in 0..count {
        let begin = load.warm_up + length * place;
        let end = begin + length;
        let figures = match driven.steps.get(place as usize) {
            Some(step) if is_stair => step,
            // The run ended before it.
            _ if is_stair => break,
            _ => &driven.recorder.whole,
        };
        let rate = rates.step(place);
        let achieved = answered_between(driven, load, begin, end);
        // Arrivals at random are not exactly as many as asked for.
        let due = ratio(float(figures.answers.iter().sum()), length.as_secs_f64()).min(rate);
        let latency = LatencyFigures::of(&figures.latencies);
        let in_time = u128::from(latency.p99_ns) <= load.knee_p99.as_nanos();
        let kept_up = achieved >= KEPT_UP * due && in_time;
        all.push(StepFigures { rate, achieved, latency, kept_up });
    }
    all
}

/// Answers a second that came between two moments; intervals that lie partly outside count in part.
fn answered_between(driven: &Driven, load: &Load, begin: Duration, end: Duration) -> f64 {
    let length = load.interval.as_secs_f64();
    let (begin, end) = (begin.as_secs_f64(), end.as_secs_f64());
    let mut sum = 0.0;
    for (place, interval) in &driven.series {
        let at = float(*place) * length;
        let inside = (end.min(at + length) - begin.max(at)).max(0.0);
        sum += float(interval.answers.iter().sum()) * ratio(inside, length);
    }
    ratio(sum, end - begin)
}

/// The highest rate before the first that the target did not keep up with.
fn knee(steps: &[StepFigures]) -> Option<f64> {
    if steps.len() < 2 {
        return None;
    }
    steps.iter().take_while(|step| step.kept_up).last().map(|step| step.rate)
}
