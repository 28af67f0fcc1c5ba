//! A page needs nothing from elsewhere, makes safe what it is given, and says first what a reader must know.

use super::*;
use crate::report::sample;

#[test]
fn a_page_needs_nothing_from_anywhere_else() {
    let text = page("hot", &[sample::report(2)]);
    for banned in ["<script", "<link", "src=", "@import", "url(", "https://"] {
        assert!(!text.contains(banned), "{banned}");
    }
    let named = text.matches("http://").count();
    assert_eq!(named, text.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
}

#[test]
fn every_heading_of_figures_names_the_durability() {
    let text = page("hot", &[sample::report(1)]);
    for heading in ["Plots, durability power_loss", "Figures, durability power_loss"] {
        assert!(text.contains(heading), "{heading}");
    }
    assert!(text.contains("audit: 100,000 units granted in all, opening stock 100,000"));
    assert!(text.contains("by percentile"));
}

#[test]
fn whatever_comes_from_outside_is_made_safe() {
    let evil = "<img src=x onerror=alert(1)>\"'&".to_owned();
    let mut report = sample::report(2);
    report.setting.workload.clone_from(&evil);
    report.setting.target.clone_from(&evil);
    report.setting.durability.clone_from(&evil);
    report.setting.settings.insert(evil.clone(), evil.clone());
    report.warnings.push(evil.clone());
    report.unmet.push(evil.clone());
    report.runs[0].audit.shown.push(evil.clone());
    report.runs[0].refusals.insert(evil.clone(), 1);
    for reports in [&[report.clone()][..], &[report.clone(), report.clone()]] {
        let text = page(&evil, reports);
        assert!(!text.contains("<img"), "markup got through");
        assert!(text.contains("&lt;img src=x"));
    }
}

#[test]
fn several_stand_beside_each_other_with_ratios() {
    let mut redis = sample::report(1);
    "redis".clone_into(&mut redis.setting.target);
    redis.runs[0].per_second *= 2.0;
    let mut batched = sample::report(1);
    batched.setting.frame = 512;
    let text = page("peers", &[sample::report(1), redis, batched]);
    assert!(text.contains("<h2>hot, 64 clients, each one operation at a time</h2>"));
    assert!(text.contains("<h2>hot, batched</h2>"));
    assert!(text.contains("<td>24,000</td><td>2.00×</td>"));
    assert!(text.contains("redis (power_loss)"));
}

#[test]
fn a_failed_audit_of_one_of_several_stands_first() {
    let mut bad = sample::report(2);
    bad.runs[1].audit.oversold = 1;
    let text = page("peers", &[sample::report(1), bad]);
    let failed = text.find("THE AUDIT FAILED");
    assert!(failed.is_some() && failed < text.find("<h2>"));
}

#[test]
fn warnings_stand_before_the_figures() {
    let mut report = sample::report(1);
    report.warnings.push("the client is the bottleneck".to_owned());
    let text = page("hot", &[report]);
    let warning = text.find("the client is the bottleneck");
    assert!(warning.is_some() && warning < text.find("class=\"cards\""));
}

#[test]
fn nothing_measured_is_said() {
    assert!(page("hot", &[]).contains("Nothing was measured"));
    assert!(page("hot", &[Report::default()]).contains("NO AUDIT"));
}
