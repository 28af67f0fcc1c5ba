//! The table of targets side by side: within a group (a workload in batches of one size) each line is set against the
//! group's first.

use std::fmt::Write as _;

use crate::measure::figures::RunFigures;
use crate::measure::numbers::ratio;
use crate::report::figure::{Spread, figure, latency_figure};
use crate::report::words::{latency, percent, several, thousands, times, wrapped};
use crate::report::{Report, verdict};

/// Columns of a terminal that sentences keep to.
const WIDTH: usize = 100;

/// The table, with what must be known of it.
#[must_use]
pub fn table(reports: &[Report]) -> String {
    let mut out = String::new();
    let Some(first) = reports.first() else { return "nothing was measured".to_owned() };
    line(&mut out, &format!("peers on {}", first.setting.machine));
    let runs = several(first.runs.len(), "run");
    line(
        &mut out,
        &format!(
            "medians of {runs}, least and most in brackets; load tester {}",
            first.setting.tester
        ),
    );
    let mut group = None;
    let mut base = 0.0;
    for report in reports {
        let granted = spread(report, "granted_per_second");
        if group != Some(group_of(report)) {
            group = Some(group_of(report));
            base = granted.map_or(0.0, |spread| spread.median);
            head(&mut out, report);
        }
        row(&mut out, report, granted, base);
    }
    out.push('\n');
    out.push_str(NOTE);
    faults(&mut out, reports);
    out.trim_end().to_owned()
}

const NOTE: &str = "\
Load tester and target share this machine; each target has it alone in its turn, on an empty
directory. `ratio` is to the first line of each group. Each grant is a stored reservation with a
deadline, made once however often it is asked for. With fewer than 1,000 keys PostgreSQL frees the
hot row before its sync, and a second statement waits for the sync before the answer counts.
Production has a network, replicas, other work, larger machines and older data: ratios carry over
better than rates, neither carries over untested.
";

fn line(out: &mut String, text: &str) {
    for part in wrapped(text, WIDTH) {
        // A String takes everything.
        let _ = writeln!(out, "{part}");
    }
}

/// The word for the guarantee is each target's own, so the group goes by what is asked for.
fn group_of(report: &Report) -> (&str, u32, bool) {
    let setting = &report.setting;
    (&setting.workload, setting.frame, is_durable(&setting.durability))
}

fn is_durable(durability: &str) -> bool {
    matches!(durability, "power_loss" | "appendfsync always" | "synchronous_commit=on")
}

fn head(out: &mut String, report: &Report) {
    let setting = &report.setting;
    let guarantee = if is_durable(&setting.durability) {
        "acknowledged after the sync"
    } else {
        "RELAXED: acknowledged before the sync"
    };
    let batch = match setting.frame {
        1 => "one a request".to_owned(),
        frame => format!("{} a batch", thousands(frame.into())),
    };
    let _ = writeln!(
        out,
        "\n{}, {} clients x {} in flight, {batch}; {guarantee}\n  {:<22}{:>10}  {:<21}{:>6}{:>10}{:>10}{:>10}  audit",
        setting.workload,
        setting.clients,
        setting.in_flight,
        "target",
        "granted/s",
        "",
        "ratio",
        "p50",
        "p99",
        "p99.9"
    );
}

fn row(out: &mut String, report: &Report, granted: Option<Spread>, base: f64) {
    let setting = &report.setting;
    let name = if setting.target == setting.transport {
        setting.target.clone()
    } else {
        format!("{} {}", setting.target, setting.transport)
    };
    let number = |value: f64| thousands(rounded(value));
    let (median, range) = granted.map_or_else(
        || ("-".to_owned(), String::new()),
        |it| {
            let range = format!("[{} – {}]", number(it.min), number(it.max));
            (number(it.median), if report.runs.len() > 1 { range } else { String::new() })
        },
    );
    let ratio = times(granted.map_or(0.0, |it| ratio(it.median, base)), 1.0);
    let quantile = |name: &str| {
        let spread = latency_figure(name).and_then(|figure| figure.over(&report.runs));
        spread.map_or_else(|| "-".to_owned(), |it| latency(it.median))
    };
    let audit = verdict_of(&report.runs);
    let _ = writeln!(
        out,
        "  {name:<22}{median:>10}  {range:<21}{ratio:>6}{:>10}{:>10}{:>10}  {audit}",
        quantile("p50"),
        quantile("p99"),
        quantile("p99.9")
    );
    let share = spread(report, "client_share").map_or(0.0, |it| it.median);
    let target = report.runs.first().and_then(|run| run.client.target_share);
    let target = target.map_or_else(String::new, |share| format!(", target {}", percent(share)));
    let _ = writeln!(
        out,
        "    {} {}, {}; of the machine: client {}{target}",
        setting.target,
        setting.target_version,
        setting.durability,
        percent(share)
    );
}

fn verdict_of(runs: &[RunFigures]) -> String {
    let oversold: u64 = runs.iter().map(|run| run.audit.oversold).sum();
    if runs.iter().all(|run| run.audit.is_clean()) {
        "clean".to_owned()
    } else {
        format!("FAILED, oversold {}", thousands(oversold))
    }
}

fn spread(report: &Report, name: &str) -> Option<Spread> {
    figure(name)?.over(&report.runs)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and far below 2^53"
)]
pub(crate) fn rounded(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

fn faults(out: &mut String, reports: &[Report]) {
    for report in reports {
        for sentence in verdict::faults(&report.runs) {
            line(out, &format!("{}: {sentence}", report.setting.target));
        }
    }
}
