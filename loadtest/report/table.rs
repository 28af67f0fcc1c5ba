//! What the terminal shows at the end: warnings, the setting, the numbers that matter, and the audit's verdict as the
//! closing line. No line is longer than [`WIDTH`] unless a name is.

use std::fmt::{self, Write as _};

use crate::measure::figures::{LatencyFigures, RunFigures};
use crate::measure::numbers::float;
use crate::report::figure::{self, QUANTILES, Quantile, Spread};
use crate::report::table_runs;
use crate::report::verdict;
use crate::report::words::{latency, number, percent, seconds, several, thousands, wrapped};
use crate::report::{Report, Setting};

/// Columns of the terminal that the table takes.
pub const WIDTH: usize = 100;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&table(self))
    }
}

/// The whole table, without a line break at its end.
#[must_use]
pub fn table(report: &Report) -> String {
    let mut out = String::new();
    warnings(&mut out, &report.warnings);
    setting(&mut out, &report.setting);
    if report.runs.is_empty() {
        line(&mut out, "no run was finished: there are no figures");
    } else {
        let durability = &report.setting.durability;
        throughput(&mut out, durability, &report.runs);
        latencies(&mut out, durability, &report.runs);
        answers(&mut out, &report.runs);
        shares(&mut out, &report.runs);
        engine(&mut out, durability, &report.runs);
        table_runs::stair(&mut out, durability, &report.runs);
        table_runs::feed(&mut out, durability, &report.runs);
        table_runs::runs(&mut out, durability, &report.runs);
    }
    for unmet in &report.unmet {
        paragraph(&mut out, "NOT MET: ", unmet);
    }
    for sentence in verdict::faults(&report.runs) {
        paragraph(&mut out, "  ", &sentence);
    }
    paragraph(&mut out, "", &verdict::sentence(&report.runs));
    out.truncate(out.trim_end().len());
    out
}

/// A line with its end.
pub(super) fn line(out: &mut String, text: &str) {
    out.push_str(text.trim_end());
    out.push('\n');
}

/// A heading of figures, which names what an answer survives.
pub(super) fn heading(out: &mut String, name: &str, durability: &str, columns: &str) {
    let durability = if durability.is_empty() { "unknown" } else { durability };
    let name = format!("{name}, durability {durability}");
    if columns.is_empty() || name.chars().count() < TITLE {
        line(out, &format!("{name:<TITLE$}{columns}"));
    } else {
        line(out, &name);
        line(out, &format!("{:TITLE$}{columns}", ""));
    }
}

/// Columns that a row's title takes, with its indentation.
pub(super) const TITLE: usize = 32;

/// A row: its title, its figure, and what there is to say about it.
pub(super) fn row(out: &mut String, title: &str, figure: &str, note: &str) {
    line(out, &format!("  {title:<30}{figure:>12}  {note}"));
}

fn paragraph(out: &mut String, start: &str, text: &str) {
    let indent = start.chars().count();
    let parts = text.lines().flat_map(|line| wrapped(line, WIDTH - indent));
    for (at, part) in parts.enumerate() {
        let before = if at == 0 { start.to_owned() } else { " ".repeat(indent) };
        line(out, &format!("{before}{part}"));
    }
}

/// Before the figures, so that nobody reads these without them.
fn warnings(out: &mut String, warnings: &[String]) {
    if warnings.is_empty() {
        return;
    }
    line(out, &"!".repeat(WIDTH));
    for warning in warnings {
        paragraph(out, "!! WARNING: ", warning);
    }
    line(out, &"!".repeat(WIDTH));
}

fn setting(out: &mut String, setting: &Setting) {
    let Setting { workload, target, target_version, durability, .. } = setting;
    let version = if target_version.is_empty() { "of unknown version" } else { target_version };
    let head = format!("{workload} against {target} {version}; an answer survives {durability}");
    paragraph(out, "", &head);
    paragraph(out, "  load      ", &load(setting));
    let other = setting.settings.iter().filter(|(name, _)| !IN_LOAD.contains(&name.as_str()));
    let other: Vec<_> = other.map(|(name, value)| format!("{name} {value}")).collect();
    paragraph(out, "  settings  ", &other.join(", "));
    paragraph(out, "  machine   ", &setting.machine);
    paragraph(out, "  tester    ", &setting.tester);
    out.push('\n');
}

/// Settings that the line on the load tells already.
const IN_LOAD: [&str; 10] = [
    "clients",
    "frame",
    "in_flight",
    "rate",
    "seed",
    "spacing",
    "step",
    "steps",
    "threads",
    "transport",
];

/// `64 clients × 1 in flight × frame 1 over http, closed loop, seed 7`.
#[must_use]
pub fn load(setting: &Setting) -> String {
    let Setting { clients, in_flight, frame, transport, load, seed, .. } = setting;
    format!(
        "{} clients × {in_flight} in flight × frame {} over {transport}, {load}, seed {seed}",
        thousands(u64::from(*clients)),
        thousands(u64::from(*frame)),
    )
}

/// The median, and from where to where the runs lie.
fn ranged(spread: &Spread, written: impl Fn(f64) -> String, runs: usize) -> (String, String) {
    let note = format!("median, {} to {}", written(spread.min), written(spread.max));
    (written(spread.median), if runs > 1 { note } else { String::new() })
}

fn throughput(out: &mut String, durability: &str, runs: &[RunFigures]) {
    heading(out, "throughput", durability, "");
    for headline in &figure::FIGURES[..2] {
        let Some(spread) = headline.over(runs) else { continue };
        let (figure, mut note) = ranged(&spread, number, runs.len());
        if headline.name == "per_second" && runs.len() == 1 {
            let operations = thousands(runs[0].operations);
            note = format!("{operations} operations in {}", seconds(runs[0].seconds));
        }
        row(out, headline.title, &figure, &note);
    }
}

fn latencies(out: &mut String, durability: &str, runs: &[RunFigures]) {
    let mut columns = format!("{:>12}", "count");
    for quantile in &QUANTILES[..6] {
        // Writing into a string cannot fail.
        let _ = write!(columns, "{:>9}", quantile.name);
    }
    let name = if runs.len() > 1 { "latency (medians)" } else { "latency" };
    heading(out, name, durability, &columns);
    latency_row(out, "all", runs, |run| Some(&run.latency));
    let kinds = |pick: fn(&RunFigures) -> Vec<&String>| {
        let mut names: Vec<_> = runs.iter().flat_map(pick).collect();
        names.sort_unstable();
        names.dedup();
        names
    };
    let by_answer = kinds(|run| run.latency_by_answer.keys().collect());
    for answer in by_answer.iter().filter(|_| by_answer.len() > 1) {
        latency_row(out, answer, runs, |run| run.latency_by_answer.get(*answer));
    }
    let by_verb = kinds(|run| run.latency_by_verb.keys().collect());
    for verb in by_verb.iter().filter(|_| by_verb.len() > 1) {
        let title = format!("done: {verb}");
        latency_row(out, &title, runs, |run| run.latency_by_verb.get(*verb));
    }
    if runs.iter().any(|run| run.client.lateness.is_some()) {
        latency_row(out, "sent late by", runs, |run| run.client.lateness.as_ref());
    }
}

/// A row of medians; left out where no run has it.
fn latency_row<'a>(
    out: &mut String,
    title: &str,
    runs: &'a [RunFigures],
    pick: impl Fn(&'a RunFigures) -> Option<&'a LatencyFigures>,
) {
    let measured: Vec<_> = runs.iter().filter_map(pick).filter(|told| told.count > 0).collect();
    let count: u64 = measured.iter().map(|told| told.count).sum();
    if count == 0 {
        return;
    }
    let median = |quantile: &Quantile| {
        Spread::of(measured.iter().filter_map(|told| quantile.of(told)).collect())
    };
    let mut text = format!("  {title:<30}{:>12}", thousands(count));
    for quantile in &QUANTILES[..6] {
        let value = median(quantile).map_or_else(String::new, |spread| latency(spread.median));
        let _ = write!(text, "{value:>9}");
    }
    line(out, &text);
}

fn answers(out: &mut String, runs: &[RunFigures]) {
    let all: u64 = runs.iter().map(|run| run.operations).sum();
    let of =
        if runs.len() > 1 { format!(" of {}", several(runs.len(), "run")) } else { String::new() };
    line(out, &format!("answers{of}"));
    for (kind, count) in verdict::summed(runs, |run| &run.answers) {
        let share = if all > 0 { percent(float(count) / float(all)) } else { String::new() };
        row(out, &kind, &thousands(count), &share);
        if kind == "refused" {
            for (code, count) in verdict::summed(runs, |run| &run.refusals) {
                row(out, &format!("  {code}"), &thousands(count), "");
            }
        }
    }
    let reconnects: u64 = runs.iter().map(|run| run.reconnects).sum();
    if reconnects > 0 {
        row(
            out,
            "reconnects",
            &thousands(reconnects),
            "connections that failed and were made again",
        );
    }
}

fn shares(out: &mut String, runs: &[RunFigures]) {
    line(out, "processor");
    let median = |pick: fn(&RunFigures) -> Option<f64>| {
        Spread::of(runs.iter().filter_map(pick).collect()).map(|spread| spread.median)
    };
    let client = median(|run| Some(run.client.machine_share)).unwrap_or_default();
    let busiest = median(|run| Some(run.client.busiest_thread)).unwrap_or_default();
    let threads = several(runs[0].client.threads.try_into().unwrap_or_default(), "thread");
    let note = format!("of the machine, {threads}; the busiest {} of a core", percent(busiest));
    row(out, "the client's share", &percent(client), &note);
    if let Some(share) = median(|run| run.client.target_share) {
        row(out, "the target's share", &percent(share), "of the machine");
    }
}

fn engine(out: &mut String, durability: &str, runs: &[RunFigures]) {
    let told: Vec<_> = runs.iter().filter_map(figure::syncs).collect();
    let spread = |pick: fn(&figure::Syncs) -> f64| Spread::of(told.iter().map(pick).collect());
    let (Some(events), Some(rate), Some(mean)) = (
        spread(|told| told.events_per_sync),
        spread(|told| told.per_second),
        spread(|told| told.mean_ns),
    ) else {
        return;
    };
    heading(out, "engine", durability, "");
    for (title, spread, write) in [
        ("events per sync", events, number as fn(f64) -> String),
        ("syncs/s", rate, number),
        ("mean time of a sync", mean, latency),
    ] {
        let (figure, note) = ranged(&spread, write, told.len());
        row(out, title, &figure, &note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn the_table_fits_and_ends_with_the_audit() {
        let mut report = sample::report(3);
        report.warnings.push("word ".repeat(60));
        report.unmet.push("p99<1ms: it is 2 ms".to_owned());
        for report in [report, sample::report(1), sample::stair()] {
            let text = table(&report);
            for line in text.lines() {
                assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
            }
            let audit = text.rfind("audit").expect("a verdict");
            assert!(audit > text.rfind("latency").expect("latencies"));
            assert!(text.ends_with("events read"), "{text}");
        }
    }

    #[test]
    fn headings_of_figures_name_the_durability() {
        let text = table(&sample::stair());
        for name in ["throughput", "latency", "asked for/s", "engine"] {
            let wanted = format!("{name}, durability power_loss");
            assert!(text.contains(&wanted), "{wanted} is missing in\n{text}");
        }
        assert!(text.contains("sent late by"));
        assert!(text.contains("knee"));
        assert!(table(&sample::report(2)).contains("each run, durability power_loss"));
    }

    #[test]
    fn warnings_stand_before_the_figures() {
        let mut report = sample::report(1);
        report.warnings.push("the client is the bottleneck".to_owned());
        let text = table(&report);
        assert!(text.starts_with("!!!!"));
        assert!(text.find("WARNING: the client") < text.find("throughput"));
    }

    #[test]
    fn no_run_is_no_figure() {
        let text = table(&Report::default());
        assert!(text.contains("there are no figures") && text.contains("NO AUDIT"));
    }

    #[test]
    fn several_runs_have_their_median_and_a_line_each() {
        let text = table(&sample::report(3));
        assert!(text.contains("12,100  median, 12,000 to 12,200"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains("  clean")).count(), 3);
    }
}
