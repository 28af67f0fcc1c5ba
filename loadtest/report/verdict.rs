//! The audit in words: one sentence that says plainly what was checked, and the faults with their histories.

use std::collections::BTreeMap;

use crate::measure::figures::{AuditFigures, RunFigures};
use crate::report::words::{several, thousands};

/// `clean`, `FAILED` or `none`: of one run.
#[must_use]
pub fn word(run: &RunFigures) -> &'static str {
    match &run.audit {
        audit if audit.left_out.is_some() => "none",
        audit if audit.is_clean() => "clean",
        _ => "FAILED",
    }
}

/// Units that were granted, the warm-up included.
#[must_use]
pub fn granted(run: &RunFigures) -> u64 {
    run.series.iter().map(|interval| interval.units).sum()
}

/// What the audits of all runs checked and found.
#[must_use]
pub fn sentence(runs: &[RunFigures]) -> String {
    if runs.is_empty() {
        return "NO AUDIT: no run was finished".to_owned();
    }
    if let Some((at, why)) =
        runs.iter().enumerate().find_map(|(at, run)| Some((at, run.audit.left_out.as_ref()?)))
    {
        let is_one_of_several = runs.iter().any(|run| run.audit.left_out.is_none());
        let of = if is_one_of_several { format!(" of run {}", at + 1) } else { String::new() };
        return format!("NO AUDIT{of}: {why}; nobody knows whether the answers are true");
    }
    let sum = |pick: fn(&AuditFigures) -> u64| runs.iter().map(|run| pick(&run.audit)).sum::<u64>();
    let said = |name: &str, count: u64| format!("{name} {}", thousands(count));
    let granted: u64 = runs.iter().map(granted).sum();
    let opening: u64 = runs.iter().map(|run| run.opening_units).sum();
    let mut parts = vec![format!(
        "{} units granted in all, opening stock {}",
        thousands(granted),
        thousands(opening)
    )];
    parts.push(said("oversold", sum(|audit| audit.oversold)));
    let undersold = sum(|audit| audit.undersold);
    if undersold > 0 {
        parts.push(said("undersold", undersold));
    }
    parts.push(said("drift", sum(|audit| audit.drift)));
    parts.push(said("lost", sum(|audit| audit.lost)));
    match sum(|audit| audit.not_linearizable) {
        // Targets without books of events tell no order: nothing was checked.
        0 if runs.iter().any(|run| run.audit.events == 0) => {}
        0 => parts.push("linearizable".to_owned()),
        count => parts.push(format!("NOT LINEARIZABLE: {} answers", thousands(count))),
    }
    for (count, name) in [
        (sum(|audit| audit.disagreements), "other contradictions"),
        (sum(|audit| audit.events), "events read"),
        (sum(|audit| audit.read_back), "reservations read back"),
        (sum(|audit| audit.unknown_happened), "unanswered operations had happened"),
    ] {
        if count > 0 {
            parts.push(format!("{} {name}", thousands(count)));
        }
    }
    let of =
        if runs.len() > 1 { format!(" of {}", several(runs.len(), "run")) } else { String::new() };
    let is_clean = runs.iter().all(|run| run.audit.is_clean());
    let head = if is_clean { "audit" } else { "THE AUDIT FAILED: audit" };
    format!("{head}{of}: {}", parts.join(", "))
}

/// Sentences on the faults, with the run's number where there are several.
#[must_use]
pub fn faults(runs: &[RunFigures]) -> Vec<String> {
    let named = |at: usize, sentence: &String| match runs.len() {
        1 => sentence.clone(),
        _ => format!("run {}: {sentence}", at + 1),
    };
    let each = runs.iter().enumerate();
    each.flat_map(|(at, run)| run.audit.shown.iter().map(move |sentence| named(at, sentence)))
        .collect()
}

/// Counts by name, of all runs together.
#[must_use]
pub fn summed(
    runs: &[RunFigures],
    pick: fn(&RunFigures) -> &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::new();
    for (name, count) in runs.iter().flat_map(pick) {
        *sums.entry(name.clone()).or_default() += count;
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn a_clean_audit_says_what_was_checked() {
        let report = sample::report(1);
        let said = sentence(&report.runs);
        let wanted = "audit: 100,000 units granted in all, opening stock 100,000, oversold 0, drift 0, lost 0, \
                      linearizable, 100,000 events read";
        assert_eq!(said, wanted);
    }

    #[test]
    fn one_bad_run_fails_them_all() {
        let mut report = sample::report(3);
        report.runs[1].audit.oversold = 1;
        report.runs[1].audit.shown.push("key 0 went below zero".to_owned());
        let said = sentence(&report.runs);
        assert!(said.starts_with("THE AUDIT FAILED: audit of 3 runs:"), "{said}");
        assert!(said.contains("oversold 1,"), "{said}");
        assert_eq!(faults(&report.runs), ["run 2: key 0 went below zero"]);
    }

    #[test]
    fn no_audit_is_no_clean_audit() {
        let mut report = sample::report(2);
        report.runs[1].audit.left_out = Some("it was not asked for".to_owned());
        assert!(sentence(&report.runs).starts_with("NO AUDIT of run 2: it was not asked for"));
        assert_eq!(word(&report.runs[1]), "none");
        assert!(sentence(&[]).starts_with("NO AUDIT"));
    }
}
