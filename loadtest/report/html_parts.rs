//! The pieces of a page: text made safe, tables, plots with their legends, cards.

use std::fmt::Write as _;

use crate::report::chart::{COLOURS, Chart};
use crate::report::figure::{FIGURES, QUANTILES, Spread, Unit};
use crate::report::{Report, Setting, verdict, words};

/// Text as it may stand in a page, in an attribute too.
#[must_use]
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// A table: what it is of, its columns, and rows whose first cell is their title. Everything is made safe here.
pub(super) struct Table {
    pub caption: String,
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// Whether cells are words, which begin at the left.
    pub is_text: bool,
}

impl Table {
    /// As a page has it; nothing where there are no rows.
    pub(super) fn html(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let mut out = String::from("<div class=\"scroll\"><table>");
        let _ = write!(out, "<caption>{}</caption>", escaped(&self.caption));
        if !self.columns.is_empty() {
            let heads =
                self.columns.iter().map(|head| format!("<th scope=\"col\">{}</th>", escaped(head)));
            let _ = write!(out, "<thead><tr>{}</tr></thead>", heads.collect::<String>());
        }
        out.push_str("<tbody>");
        let class = if self.is_text { " class=\"text\"" } else { "" };
        for row in &self.rows {
            let Some((title, cells)) = row.split_first() else { continue };
            let _ = write!(out, "<tr><th scope=\"row\">{}</th>", escaped(title));
            for cell in cells {
                let _ = write!(out, "<td{class}>{}</td>", escaped(cell));
            }
            out.push_str("</tr>");
        }
        out.push_str("</tbody></table></div>\n");
        out
    }
}

/// The plots that have something to show.
pub(super) fn plots(charts: &[Chart]) -> String {
    let figures: String = charts.iter().filter_map(figure).collect();
    if figures.is_empty() { figures } else { format!("<div class=\"plots\">\n{figures}</div>\n") }
}

fn figure(chart: &Chart) -> Option<String> {
    let svg = chart.svg()?;
    let drawn: Vec<_> = chart.curves.iter().filter(|curve| !curve.points.is_empty()).collect();
    let mut legend = String::new();
    if drawn.len() > 1 {
        for curve in drawn {
            let label = escaped(&curve.label);
            let _ = if curve.is_guide {
                write!(legend, "<li class=\"guide\"><i></i>{label}</li>")
            } else {
                let colour = curve.colour % COLOURS.len();
                write!(legend, "<li><i style=\"background:var(--c{colour})\"></i>{label}</li>")
            };
        }
    }
    if chart.warm_up > 0.0 && chart.warm_up.is_finite() {
        legend.push_str("<li class=\"warm-up\"><i></i>warm-up</li>");
    }
    let legend =
        if legend.is_empty() { legend } else { format!("<ul class=\"legend\">{legend}</ul>") };
    let title = escaped(&chart.title);
    Some(format!("<figure><figcaption>{title}{legend}</figcaption>\n{svg}</figure>\n"))
}

/// The figures that most readers come for.
pub(super) fn cards(report: &Report) -> String {
    let runs = &report.runs;
    let mut out = String::from("<dl class=\"cards\">\n");
    let mut card = |title: &str, unit: Unit, spread: Option<Spread>| {
        let Some(spread) = spread else { return };
        let range = format!("{} to {}", unit.written(spread.min), unit.written(spread.max));
        let note = if runs.len() > 1 {
            format!("<small>{}</small>", escaped(&range))
        } else {
            String::new()
        };
        let value = escaped(&unit.written(spread.median));
        let _ = writeln!(out, "<div><dt>{}</dt><dd>{value}{note}</dd></div>", escaped(title));
    };
    for figure in &FIGURES[..3] {
        card(figure.title, figure.unit, figure.over(runs));
    }
    for quantile in QUANTILES[..6].iter().filter(|quantile| quantile.name != "p90") {
        card(quantile.name, Unit::Nanoseconds, quantile.over(runs));
    }
    card("client's share", Unit::Share, FIGURES[3].over(runs));
    out.push_str("</dl>\n");
    out
}

/// Warnings, unmet requirements: each in a box of its own colour.
pub(super) fn warnings(title: &str, class: &str, sentences: &[String]) -> String {
    if sentences.is_empty() {
        return String::new();
    }
    let items: String =
        sentences.iter().map(|sentence| format!("<li>{}</li>", escaped(sentence))).collect();
    format!(
        "<div class=\"warnings {class}\" role=\"alert\"><strong>{title}</strong><ul>{items}</ul></div>\n"
    )
}

/// What the audit found, and the sentences on its faults.
pub(super) fn audit(report: &Report) -> String {
    let words: Vec<_> = report.runs.iter().map(verdict::word).collect();
    let class = match () {
        () if words.contains(&"FAILED") => "failed",
        () if words.is_empty() || words.contains(&"none") => "none",
        () => "clean",
    };
    let sentence = escaped(&verdict::sentence(&report.runs));
    let mut out = format!("<div class=\"verdict {class}\"><strong>{sentence}</strong></div>\n");
    let faults = verdict::faults(&report.runs);
    if !faults.is_empty() {
        let _ = writeln!(out, "<pre>{}</pre>", escaped(&faults.join("\n\n")));
    }
    out
}

/// All settings.
pub(super) fn settings(setting: &Setting) -> Table {
    let named = [
        ("workload", setting.workload.clone()),
        ("target", format!("{} {}", setting.target, setting.target_version)),
        ("durability", setting.durability.clone()),
        ("transport", setting.transport.clone()),
        ("clients", words::thousands(u64::from(setting.clients))),
        ("batches in flight of each", setting.in_flight.to_string()),
        ("operations of a batch", words::thousands(u64::from(setting.frame))),
        ("load", setting.load.clone()),
        ("seed", setting.seed.to_string()),
        ("machine", setting.machine.clone()),
        ("begun", setting.began.clone()),
        ("tester", setting.tester.clone()),
    ];
    let named = named.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    let other = setting.settings.iter().map(|(name, value)| vec![name.clone(), value.clone()]);
    Table {
        caption: "Settings and machine".to_owned(),
        columns: Vec::new(),
        rows: named.chain(other).filter(|row| !row[1].trim().is_empty()).collect(),
        is_text: true,
    }
}
