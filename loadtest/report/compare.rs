//! Two measurements beside each other: what was set differently, and by how much the figures differ, with a word on
//! whether the runs' spread explains it.

use crate::report::figure::{FIGURES, HEADLINES, QUANTILES, Spread, Unit};
use crate::report::table::{WIDTH, line};
use crate::report::verdict;
use crate::report::words::{several, times, wrapped};
use crate::report::{Report, Setting};

/// Two measurements beside each other, as text.
#[must_use]
pub fn compare(a: &Report, b: &Report) -> String {
    let mut out = String::new();
    line(&mut out, &format!("a  {}", name(a)));
    line(&mut out, &format!("b  {}", name(b)));
    if a.setting.durability != b.setting.durability {
        let said = format!(
            "DURABILITY DIFFERS: an answer of a survives {}, one of b {}. The ratios below compare different promises.",
            or_unknown(&a.setting.durability),
            or_unknown(&b.setting.durability)
        );
        for part in wrapped(&said, WIDTH) {
            line(&mut out, &part);
        }
    }
    differing(&mut out, &a.setting, &b.setting);
    figures(&mut out, a, b);
    for (name, report) in [("a", a), ("b", b)] {
        for warning in &report.warnings {
            line(&mut out, &format!("warning of {name}: {warning}"));
        }
        line(&mut out, &format!("{name}  {}", verdict::sentence(&report.runs)));
    }
    out.truncate(out.trim_end().len());
    out
}

/// The measurements of two files beside each other: each of the one with that of the other which has the same target
/// and workload and the most other settings in common.
#[must_use]
pub fn compare_all(a: &[Report], b: &[Report]) -> String {
    let mut left: Vec<&Report> = b.iter().collect();
    let mut parts = Vec::new();
    let mut alone = Vec::new();
    for report in a {
        // The first of the best: `max_by_key` would take the last.
        let best = (0..left.len())
            .filter(|at| is_alike(report, left[*at]))
            .min_by_key(|at| unlikeness(&report.setting, &left[*at].setting));
        match best {
            Some(at) => parts.push(compare(report, left.remove(at))),
            // Whoever names two files with one measurement each wants to see these two.
            None if a.len() == 1 && b.len() == 1 => parts.push(compare(report, left.remove(0))),
            None => alone.push(format!("only in a: {}", name(report))),
        }
    }
    alone.extend(left.iter().map(|report| format!("only in b: {}", name(report))));
    parts.push(alone.join("\n"));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn is_alike(a: &Report, b: &Report) -> bool {
    a.setting.target == b.setting.target && a.setting.workload == b.setting.workload
}

fn unlikeness(a: &Setting, b: &Setting) -> usize {
    let (a, b) = (fields(a), fields(b));
    a.iter().filter(|field| !b.contains(field)).count()
}

fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "nobody knows what" } else { text }
}

fn name(report: &Report) -> String {
    let Setting { workload, target, target_version, durability, began, .. } = &report.setting;
    let runs = several(report.runs.len(), "run");
    format!(
        "{workload} against {target} {target_version}, durability {durability}, {runs}, begun {began}"
    )
}

/// Every setting by name, but for when it was.
fn fields(setting: &Setting) -> Vec<(String, String)> {
    let named = [
        ("durability", setting.durability.clone()),
        ("workload", setting.workload.clone()),
        ("target", setting.target.clone()),
        ("version", setting.target_version.clone()),
        ("transport", setting.transport.clone()),
        ("clients", setting.clients.to_string()),
        ("in flight", setting.in_flight.to_string()),
        ("frame", setting.frame.to_string()),
        ("load", setting.load.clone()),
        ("seed", setting.seed.to_string()),
        ("machine", setting.machine.clone()),
        ("tester", setting.tester.clone()),
    ];
    let named = named.into_iter().map(|(name, value)| (name.to_owned(), value));
    let other = setting.settings.iter().map(|(name, value)| (name.clone(), value.clone()));
    named.chain(other).collect()
}

fn differing(out: &mut String, a: &Setting, b: &Setting) {
    let (a, b) = (fields(a), fields(b));
    let of = |fields: &[(String, String)], name: &str| {
        let found = fields.iter().find(|(field, _)| field == name);
        found.map_or_else(|| "not set".to_owned(), |(_, value)| value.clone())
    };
    let mut names: Vec<&String> = a.iter().chain(&b).map(|(name, _)| name).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name) && of(&a, name) != of(&b, name));
    if names.is_empty() {
        line(out, "the settings are the same");
        return;
    }
    line(out, "settings that differ");
    for name in names {
        line(out, &format!("  {name:<30}{:>24}{:>24}", of(&a, name), of(&b, name)));
    }
}

fn figures(out: &mut String, a: &Report, b: &Report) {
    let (of_a, of_b) = (or_unknown(&a.setting.durability), or_unknown(&b.setting.durability));
    let durability = if of_a == of_b { of_a.to_owned() } else { format!("a {of_a}, b {of_b}") };
    line(out, &format!("figures, durability {durability}"));
    line(out, &format!("  {:<30}{:>16}{:>16}{:>10}", "", "a", "b", "b/a"));
    let headlines = FIGURES[..HEADLINES]
        .iter()
        .map(|figure| (figure.title, figure.unit, figure.over(&a.runs), figure.over(&b.runs)));
    let latencies = QUANTILES.iter().map(|quantile| {
        (quantile.name, Unit::Nanoseconds, quantile.over(&a.runs), quantile.over(&b.runs))
    });
    let has_runs = a.runs.len() > 1 && b.runs.len() > 1;
    for (title, unit, of_a, of_b) in headlines.chain(latencies) {
        if of_a.is_none() && of_b.is_none() {
            continue;
        }
        let written = |spread: Option<Spread>| {
            spread.map_or_else(|| "–".to_owned(), |spread| unit.written(spread.median))
        };
        let (ratio, note) = match (of_a, of_b) {
            (Some(a), Some(b)) => (times(b.median, a.median), spread_word(&a, &b, has_runs)),
            _ => ("–".to_owned(), ""),
        };
        line(
            out,
            &format!("  {title:<30}{:>16}{:>16}{ratio:>10}  {note}", written(of_a), written(of_b)),
        );
    }
    if !has_runs {
        line(
            out,
            "  one run is no spread: with --runs 5 on both sides it is told whether they differ",
        );
    }
}

/// Whether the ranges of the runs leave it open which of both is larger.
fn spread_word(a: &Spread, b: &Spread, has_runs: bool) -> &'static str {
    match has_runs {
        true if a.overlaps(b) => "within the spread",
        true => "beyond the spread",
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_difference_in_durability_is_said_before_any_figure() {
        let a = sample::report(1);
        let mut b = sample::report(1);
        "process_crash".clone_into(&mut b.setting.durability);
        let text = compare(&a, &b);
        let said = text.find("DURABILITY DIFFERS").expect("it is said");
        assert!(
            said < text.find("figures, durability a power_loss, b process_crash").expect("heading")
        );
    }

    #[test]
    fn ratios_and_spreads_of_runs() {
        let a = sample::report(3);
        let mut b = sample::report(3);
        for run in &mut b.runs {
            run.per_second *= 2.0;
        }
        b.setting.clients = 128;
        let text = compare(&a, &b);
        let row = |title: &str| {
            let found = text.lines().find(|line| line.trim_start().starts_with(title));
            found.expect("a row").split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(row("operations/s"), "operations/s 12,100 24,200 2.00× beyond the spread");
        assert_eq!(row("granted/s"), "granted/s 11,500 11,500 1.00× within the spread");
        assert_eq!(row("clients"), "clients 64 128");
        assert!(!text.contains("DURABILITY DIFFERS") && !text.contains("transport"));
    }

    #[test]
    fn one_run_says_nothing_of_a_spread() {
        let text = compare(&sample::report(1), &sample::report(1));
        assert!(text.contains("the settings are the same"));
        assert!(text.contains("one run is no spread") && !text.contains("within the spread"));
    }

    #[test]
    fn of_files_with_several_those_that_fit_are_compared() {
        let mut redis = sample::report(1);
        "redis".clone_into(&mut redis.setting.target);
        let mut batched = sample::report(1);
        batched.setting.frame = 512;
        let text = compare_all(
            &[sample::report(1), redis.clone(), batched.clone()],
            &[batched, sample::report(1)],
        );
        assert_eq!(text.matches("the settings are the same").count(), 2, "{text}");
        assert!(text.contains("only in a: hot against redis"), "{text}");
        assert!(compare_all(&[redis], &[sample::report(1)]).contains("target"));
    }
}
