//! The report as one self-contained page: no script, no font, no picture from anywhere else. One measurement is shown
//! in full; several stand beside each other, in groups that can be compared.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use crate::measure::figures::{LatencyFigures, RunFigures};
use crate::report::figure::{FIGURES, HEADLINES, QUANTILES, Quantile, Spread, Unit, middle_run};
use crate::report::html_parts::{Table, audit, cards, escaped, plots, settings, warnings};
use crate::report::plots::{Labelled, charts};
use crate::report::table::{load, table};
use crate::report::words::{several, thousands, times};
use crate::report::{Report, Setting, verdict};

const STYLE: &str = include_str!("page.css");

/// The page could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: cannot write the page: {error}", path.display())]
pub struct HtmlError {
    /// The file.
    pub path: PathBuf,
    /// What the system says.
    pub error: io::Error,
}

/// Writes the page as a file.
///
/// # Errors
/// [`HtmlError`], which names the file.
pub fn write(path: &Path, title: &str, reports: &[Report]) -> Result<(), HtmlError> {
    std::fs::write(path, page(title, reports))
        .map_err(|error| HtmlError { path: path.to_owned(), error })
}

/// The page's text. Of several measurements the first of each group is what the others are set against.
#[must_use]
pub fn page(title: &str, reports: &[Report]) -> String {
    let body = match reports {
        [] => "<p>Nothing was measured.</p>\n".to_owned(),
        [report] => single(report),
        reports => beside(reports),
    };
    let title = escaped(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <h1>{title}</h1>\n{body}</main>\n</body>\n</html>\n"
    )
}

fn durability(setting: &Setting) -> &str {
    if setting.durability.is_empty() { "unknown" } else { &setting.durability }
}

fn single(report: &Report) -> String {
    let setting = &report.setting;
    let mut out = format!(
        "<p><strong>{}</strong> against <strong>{} {}</strong> <span class=\"badge\">durability: {}</span></p>\n\
         <p class=\"soft\">{}; {}; begun {}</p>\n",
        escaped(&setting.workload),
        escaped(&setting.target),
        escaped(&setting.target_version),
        escaped(durability(setting)),
        escaped(&load(setting)),
        several(report.runs.len(), "run"),
        escaped(&setting.began),
    );
    out.push_str(&warnings("Read these before the figures", "", &report.warnings));
    out.push_str(&warnings("Requirements that were not met", "unmet", &report.unmet));
    out.push_str(&audit_sentence(report));
    out.push_str(&cards(report));
    let _ = writeln!(out, "<h2>Plots, durability {}</h2>", escaped(durability(setting)));
    out.push_str(&plots(&charts(&each_run(report))));
    if let (Some(middle), true) = (middle_run(&report.runs), report.runs.len() > 1) {
        let _ = writeln!(out, "<h3>Run {}, the middle one by its throughput</h3>", middle + 1);
        let run = Labelled { label: format!("run {}", middle + 1), run: &report.runs[middle] };
        let alone = charts(&[run]);
        // The others repeat what the plots of all runs show.
        let only = alone.into_iter().filter(|chart| chart.curves.len() > 1 && chart.warm_up >= 0.0);
        out.push_str(&plots(
            &only.filter(|chart| !chart.title.contains("asked")).collect::<Vec<_>>(),
        ));
    }
    let _ = writeln!(out, "<h2>Figures, durability {}</h2>", escaped(durability(setting)));
    out.push_str(&runs_table(report).html());
    out.push_str(&latency_table(report).html());
    out.push_str(&answers_table(report).html());
    out.push_str(&full(report));
    out.push_str("<h2>Settings</h2>\n");
    out.push_str(&settings(setting).html());
    out.push_str("<h2>Audit</h2>\n");
    out.push_str(&audit(report));
    out
}

/// The verdict alone; the sentences on faults are further below.
fn audit_sentence(report: &Report) -> String {
    audit(report).lines().next().map(|line| format!("{line}\n")).unwrap_or_default()
}

fn full(report: &Report) -> String {
    format!(
        "<details><summary>Everything, as the terminal shows it</summary>\n<pre>{}</pre></details>\n",
        escaped(&table(report))
    )
}

fn each_run(report: &Report) -> Vec<Labelled<'_>> {
    let numbered = report.runs.iter().enumerate();
    numbered.map(|(at, run)| Labelled { label: format!("run {}", at + 1), run }).collect()
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A row a run, and the median.
fn runs_table(report: &Report) -> Table {
    let mut columns = texts(&["", "operations/s", "granted/s"]);
    columns.extend(QUANTILES.iter().map(|quantile| quantile.name.to_owned()));
    columns.push("audit".to_owned());
    let row = |title: String, runs: &[RunFigures], audit: &str| {
        let mut row = vec![title];
        row.extend(FIGURES[..2].iter().map(|figure| median(figure.unit, figure.over(runs))));
        row.extend(QUANTILES.iter().map(|quantile| median(Unit::Nanoseconds, quantile.over(runs))));
        row.push(audit.to_owned());
        row
    };
    let numbered = report.runs.iter().enumerate();
    let mut rows: Vec<_> = numbered
        .map(|(at, run)| {
            row(format!("run {}", at + 1), std::slice::from_ref(run), verdict::word(run))
        })
        .collect();
    if rows.len() > 1 {
        rows.push(row("median".to_owned(), &report.runs, ""));
    }
    let caption = format!("Each run, durability {}", durability(&report.setting));
    Table { caption, columns, rows, is_text: false }
}

fn median(unit: Unit, spread: Option<Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| unit.written(spread.median))
}

/// By answer and by verb, of the middle run.
fn latency_table(report: &Report) -> Table {
    let mut columns = texts(&["", "count"]);
    columns.extend(QUANTILES.iter().map(|quantile| quantile.name.to_owned()));
    let mut rows = Vec::new();
    let mut row = |title: String, latency: &LatencyFigures| {
        let mut row = vec![title, thousands(latency.count)];
        let written = |quantile: &Quantile| {
            quantile.of(latency).map_or_else(|| "–".to_owned(), |ns| Unit::Nanoseconds.written(ns))
        };
        row.extend(QUANTILES.iter().map(written));
        rows.push(row);
    };
    let middle = middle_run(&report.runs).unwrap_or_default();
    if let Some(run) = report.runs.get(middle) {
        for (answer, latency) in
            run.latency_by_answer.iter().filter(|(_, latency)| latency.count > 0)
        {
            row(format!("answer {answer}"), latency);
        }
        for (verb, latency) in run.latency_by_verb.iter().filter(|(_, latency)| latency.count > 0) {
            row(format!("done: {verb}"), latency);
        }
        if let Some(lateness) = &run.client.lateness {
            row("sent late by".to_owned(), lateness);
        }
    }
    let of = if report.runs.len() > 1 { format!(" of run {}", middle + 1) } else { String::new() };
    let caption =
        format!("Latency by answer and verb{of}, durability {}", durability(&report.setting));
    Table { caption, columns, rows, is_text: false }
}

fn answers_table(report: &Report) -> Table {
    let row = |(name, count): (String, u64)| vec![name, thousands(count)];
    let refusals = verdict::summed(&report.runs, |run| &run.refusals);
    let refusals = refusals.into_iter().map(|(code, count)| (format!("refused: {code}"), count));
    let answers = verdict::summed(&report.runs, |run| &run.answers);
    Table {
        caption: "Answers of all runs, the warm-up left out".to_owned(),
        columns: texts(&["", "count"]),
        rows: answers.into_iter().chain(refusals).map(row).collect(),
        is_text: false,
    }
}

/// What can be compared: the same workload, one operation at a time or many.
fn group(setting: &Setting) -> String {
    let Setting { workload, clients, in_flight, frame, .. } = setting;
    let form = if *in_flight == 1 && *frame == 1 {
        format!("{} clients, each one operation at a time", thousands(u64::from(*clients)))
    } else {
        "batched".to_owned()
    };
    format!("{workload}, {form}")
}

fn beside(reports: &[Report]) -> String {
    let mut out = String::new();
    for report in reports {
        let name = format!("Of {}", name(report, reports));
        out.push_str(&warnings(&escaped(&name), "", &report.warnings));
        out.push_str(&warnings(&escaped(&name), "unmet", &report.unmet));
        if !report.runs.iter().all(|run| run.audit.is_clean()) {
            let said = [verdict::sentence(&report.runs)];
            out.push_str(&warnings(&escaped(&name), "unmet", &said));
        }
    }
    let mut groups: Vec<(String, Vec<&Report>)> = Vec::new();
    for report in reports {
        let of = group(&report.setting);
        match groups.iter_mut().find(|(name, _)| *name == of) {
            Some((_, members)) => members.push(report),
            None => groups.push((of, vec![report])),
        }
    }
    for (name, members) in &groups {
        let _ = writeln!(out, "<h2>{}</h2>", escaped(name));
        out.push_str(&beside_table(members).html());
        out.push_str(&plots(&charts(&middle_runs(members))));
    }
    out.push_str("<h2>Each measurement</h2>\n");
    for report in reports {
        let name = format!("{}, {}", name(report, reports), group(&report.setting));
        let _ = writeln!(out, "<details><summary>{}</summary>", escaped(&name));
        out.push_str(&runs_table(report).html());
        out.push_str(&latency_table(report).html());
        out.push_str(&answers_table(report).html());
        let _ = writeln!(out, "<pre>{}</pre>", escaped(&table(report)));
        out.push_str(&settings(&report.setting).html());
        out.push_str(&audit(report));
        out.push_str("</details>\n");
    }
    out
}

/// The target and its durability, and what else tells it from the others of the same target.
fn name(report: &Report, others: &[Report]) -> String {
    let others: Vec<&Report> = others.iter().collect();
    label(report, &others)
}

fn label(report: &Report, others: &[&Report]) -> String {
    let setting = &report.setting;
    let mut name = format!("{} ({})", setting.target, durability(setting));
    let same = |other: &&&Report| {
        other.setting.target == setting.target && other.setting.durability == setting.durability
    };
    let parts: [fn(&Setting) -> String; 4] = [
        |setting| setting.workload.clone(),
        |setting| setting.transport.clone(),
        |setting| format!("{} × {} × {}", setting.clients, setting.in_flight, setting.frame),
        |setting| setting.load.clone(),
    ];
    for part in parts {
        let own = part(setting);
        if others.iter().filter(same).any(|other| part(&other.setting) != own) {
            name.push_str(", ");
            name.push_str(&own);
        }
    }
    name
}

fn middle_runs<'a>(members: &[&'a Report]) -> Vec<Labelled<'a>> {
    let labelled = members.iter().filter_map(|report| {
        let run = report.runs.get(middle_run(&report.runs)?)?;
        Some(Labelled { label: label(report, members), run })
    });
    labelled.collect()
}

/// A row a measurement; figures with their ratios to the first one's.
fn beside_table(members: &[&Report]) -> Table {
    let columns = texts(&[
        "target",
        "durability",
        "load",
        "operations/s",
        "×",
        "granted/s",
        "×",
        "p50",
        "p99",
        "×",
        "p99.9",
        "client",
        "audit",
    ]);
    let ratio = |own: Option<Spread>, first: Option<Spread>| match (own, first) {
        (Some(own), Some(first)) => times(own.median, first.median),
        _ => "–".to_owned(),
    };
    let first = members[0];
    let row = |report: &&Report| {
        let setting = &report.setting;
        let Setting { clients, in_flight, frame, transport, .. } = setting;
        let mut row = vec![format!("{} {}", setting.target, setting.target_version)];
        row.push(durability(setting).to_owned());
        row.push(format!("{clients} × {in_flight} × {frame}, {transport}"));
        for figure in &FIGURES[..2] {
            row.push(median(figure.unit, figure.over(&report.runs)));
            row.push(ratio(figure.over(&report.runs), figure.over(&first.runs)));
        }
        for (place, has_ratio) in [(0, false), (2, true), (3, false)] {
            let own = QUANTILES[place].over(&report.runs);
            row.push(median(Unit::Nanoseconds, own));
            if has_ratio {
                row.push(ratio(own, QUANTILES[place].over(&first.runs)));
            }
        }
        row.push(median(Unit::Share, FIGURES[HEADLINES - 1].over(&report.runs)));
        let words: Vec<_> = report.runs.iter().map(verdict::word).collect();
        let worst = ["FAILED", "none", "clean"].into_iter().find(|word| words.contains(word));
        row.push(worst.unwrap_or("none").to_owned());
        row
    };
    let caption = format!(
        "Medians of the runs. × is the ratio to the first row, {}; load is clients × batches in flight \
         × operations of a batch; client is the load tester's share of the machine.",
        label(first, members)
    );
    Table { caption, columns, rows: members.iter().map(row).collect(), is_text: false }
}

#[cfg(test)]
#[path = "html_tests.rs"]
mod tests;
