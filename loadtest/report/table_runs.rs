//! The parts of the table that not every measurement has: the stair, the feed, and several runs beside each other.

use std::collections::BTreeSet;

use crate::measure::figures::{RunFigures, StepFigures};
use crate::report::figure::{self, FIGURES, HEADLINES, QUANTILES, Spread};
use crate::report::table::{heading, line, row};
use crate::report::verdict;
use crate::report::words::{self, latency, number, several};

/// The rates that were asked for, one after the other, and the highest that the target kept up with.
pub(super) fn stair(out: &mut String, durability: &str, runs: &[RunFigures]) {
    let steps = runs.iter().map(|run| run.steps.len()).min().unwrap_or_default();
    if steps == 0 {
        return;
    }
    let columns = format!(
        "{:>12}{:>10}{:>10}{:>10}{:>10}  kept up",
        "achieved/s", "p50", "p99", "p99.9", "max"
    );
    heading(out, "asked for/s", durability, &columns);
    for at in 0..steps {
        line(out, &step(runs, at));
    }
    match FIGURES[2].over(runs) {
        Some(knee) if runs.len() == 1 => {
            row(
                out,
                "knee",
                &number(knee.median),
                "a second: the highest rate that it kept up with",
            );
        }
        Some(knee) => {
            let note = format!("a second; median, {} to {}", number(knee.min), number(knee.max));
            row(out, "knee", &number(knee.median), &note);
        }
        None if steps > 1 => row(out, "knee", "–", "it did not keep up with any of these rates"),
        None => {}
    }
}

fn step(runs: &[RunFigures], at: usize) -> String {
    let steps: Vec<&StepFigures> = runs.iter().filter_map(|run| run.steps.get(at)).collect();
    let median = |pick: fn(&StepFigures) -> f64| {
        Spread::of(steps.iter().map(|step| pick(step)).collect())
            .map_or(0.0, |spread| spread.median)
    };
    let quantile = |place: usize| {
        let values = steps.iter().filter_map(|step| QUANTILES[place].of(&step.latency)).collect();
        Spread::of(values).map_or_else(|| "–".to_owned(), |spread| latency(spread.median))
    };
    let kept_up = steps.iter().filter(|step| step.kept_up).count();
    let kept_up = match (kept_up, steps.len()) {
        (0, _) => "NO".to_owned(),
        (kept, all) if kept == all => "yes".to_owned(),
        (kept, all) => format!("{kept} of {all}"),
    };
    format!(
        "  {:<30}{:>12}{:>10}{:>10}{:>10}{:>10}  {kept_up}",
        number(median(|step| step.rate)),
        number(median(|step| step.achieved)),
        quantile(0),
        quantile(2),
        quantile(3),
        quantile(5),
    )
}

/// What the subscribers saw.
pub(super) fn feed(out: &mut String, durability: &str, runs: &[RunFigures]) {
    let names: BTreeSet<&String> = runs.iter().flat_map(|run| run.feed.keys()).collect();
    if names.is_empty() {
        return;
    }
    heading(out, if runs.len() > 1 { "feed (medians)" } else { "feed" }, durability, "");
    let mut names: Vec<_> = names.into_iter().collect();
    names.sort_by_key(|name| words::feed_place(name));
    for name in names {
        let values = runs.iter().filter_map(|run| run.feed.get(name).copied()).collect();
        if let Some(spread) = Spread::of(values) {
            let (title, figure) = words::feed(name, spread.median);
            row(out, &title, &figure, "");
        }
    }
}

/// Each headline figure over the runs, then a line for each run.
pub(super) fn runs(out: &mut String, durability: &str, runs: &[RunFigures]) {
    if runs.len() < 2 {
        return;
    }
    let columns = format!("{:>12}{:>14}{:>14}", "median", "min", "max");
    heading(out, &several(runs.len(), "run"), durability, &columns);
    let headlines =
        FIGURES[..HEADLINES].iter().map(|figure| (figure.title, figure.unit, figure.over(runs)));
    let latencies = QUANTILES
        .iter()
        .map(|quantile| (quantile.name, figure::Unit::Nanoseconds, quantile.over(runs)));
    for (title, unit, spread) in headlines.chain(latencies) {
        let Some(spread) = spread else { continue };
        let [median, min, max] =
            [spread.median, spread.min, spread.max].map(|value| unit.written(value));
        line(out, &format!("  {title:<30}{median:>12}{min:>14}{max:>14}"));
    }
    let columns = format!(
        "{:>12}{:>12}{:>10}{:>10}{:>10}  audit",
        "operations/s", "granted/s", "p50", "p99", "p99.9"
    );
    heading(out, "each run", durability, &columns);
    for (at, run) in runs.iter().enumerate() {
        let quantile = |place: usize| {
            QUANTILES[place].of(&run.latency).map_or_else(|| "–".to_owned(), latency)
        };
        line(
            out,
            &format!(
                "  {:<30}{:>12}{:>12}{:>10}{:>10}{:>10}  {}",
                format!("run {}", at + 1),
                number(run.per_second),
                number(run.granted_per_second),
                quantile(0),
                quantile(2),
                quantile(3),
                verdict::word(run)
            ),
        );
    }
}
