//! Thresholds for pipelines: `p99<5ms`, `oversold==0`, `p99(reserve)<5ms`. Of several runs the median counts, of the
//! audit's faults the worst run. What was not measured meets no requirement.

use std::fmt;
use std::str::FromStr;

use crate::measure::figures::{LatencyFigures, RunFigures};
use crate::measure::recorder::Answer;
use crate::report::Report;
use crate::report::figure::{self, FIGURES, Figure, QUANTILES, Quantile, Spread, Stands, Unit};
use crate::workload::op::Verb;

/// Why a requirement cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequireError {
    /// There is no `<`, `<=`, `==`, `!=`, `>=` or `>`.
    #[error(
        "{text:?} compares nothing: write a figure, one of < <= == != >= > and a value, such as p99<5ms"
    )]
    Operator {
        /// As it was written.
        text: String,
    },
    /// No figure has this name.
    #[error("there is no figure {name:?}; there are {}", names())]
    Figure {
        /// As it was written.
        name: String,
    },
    /// Only latencies are told apart by verb and answer.
    #[error(
        "{name} is not told apart by {part:?}: only {} are, by verb ({}) or answer ({})",
        quantiles(),
        verbs(),
        answers()
    )]
    Part {
        /// The figure.
        name: String,
        /// What stands in brackets.
        part: String,
    },
    /// A latency without its unit, or with one that is none.
    #[error("{name} needs a time with its unit (ns, us, ms, s), such as 5ms, not {value:?}")]
    Time {
        /// The figure.
        name: String,
        /// As it was written.
        value: String,
    },
    /// No number.
    #[error("{name} needs a number, not {value:?}")]
    Number {
        /// The figure.
        name: String,
        /// As it was written.
        value: String,
    },
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn quantiles() -> String {
    listed(QUANTILES.iter().map(|quantile| quantile.name))
}

fn names() -> String {
    format!("{}, {}", quantiles(), listed(FIGURES.iter().map(|figure| figure.name)))
}

fn verbs() -> String {
    listed(Verb::ALL.iter().map(|verb| verb.name()))
}

fn answers() -> String {
    listed(Answer::ALL.iter().map(|answer| answer.name()))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    LessOrEqual,
    GreaterOrEqual,
    Equal,
    NotEqual,
    Less,
    Greater,
}

impl Operator {
    /// Longer ones first, so that `<=` is not read as `<`.
    const ALL: [(&'static str, Self); 6] = [
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    /// The operator that stands first in the text, what is before it, and what is behind it.
    fn find(text: &str) -> Option<(&str, Self, &str)> {
        let at = text.find(['<', '>', '=', '!'])?;
        let (before, rest) = text.split_at(at);
        let found = Self::ALL.iter().find(|(sign, _)| rest.starts_with(sign))?;
        Some((before.trim(), found.1, rest[found.0.len()..].trim()))
    }

    fn holds(self, left: f64, right: f64) -> bool {
        let is_equal = left.total_cmp(&right).is_eq();
        match self {
            Self::LessOrEqual => left <= right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => is_equal,
            Self::NotEqual => !is_equal,
            Self::Less => left < right,
            Self::Greater => left > right,
        }
    }
}

#[derive(Clone, Debug)]
enum Subject {
    Latency(&'static Quantile, Option<String>),
    Other(&'static Figure),
}

/// A threshold that a measurement must keep.
#[derive(Clone, Debug)]
pub struct Requirement {
    text: String,
    subject: Subject,
    operator: Operator,
    /// In the figure's own unit; times in nanoseconds.
    bound: f64,
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Requirement {
    type Err = RequireError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (left, operator, value) = Operator::find(text)
            .filter(|(left, _, value)| !left.is_empty() && !value.is_empty())
            .ok_or_else(|| RequireError::Operator { text: text.to_owned() })?;
        let (name, part) = match left.strip_suffix(')').and_then(|left| left.split_once('(')) {
            Some((name, part)) => (name.trim(), Some(part.trim().to_owned())),
            None => (left, None),
        };
        let subject = subject(name, part)?;
        let bound = match subject {
            Subject::Latency(..) => time_ns(value).ok_or_else(|| RequireError::Time {
                name: name.to_owned(),
                value: value.to_owned(),
            })?,
            Subject::Other(_) => {
                value.replace(',', "").parse().ok().filter(|n: &f64| n.is_finite()).ok_or_else(
                    || RequireError::Number { name: name.to_owned(), value: value.to_owned() },
                )?
            }
        };
        Ok(Self { text: text.trim().to_owned(), subject, operator, bound })
    }
}

fn subject(name: &str, part: Option<String>) -> Result<Subject, RequireError> {
    let unknown_part = |part: String| RequireError::Part { name: name.to_owned(), part };
    if let Some(quantile) = figure::latency_figure(name) {
        return match part {
            Some(part) if !is_part(&part) => Err(unknown_part(part)),
            part => Ok(Subject::Latency(quantile, part)),
        };
    }
    let figure =
        figure::figure(name).ok_or_else(|| RequireError::Figure { name: name.to_owned() })?;
    match part {
        Some(part) => Err(unknown_part(part)),
        None => Ok(Subject::Other(figure)),
    }
}

fn is_part(part: &str) -> bool {
    Verb::ALL.iter().any(|verb| verb.name() == part)
        || Answer::ALL.iter().any(|answer| answer.name() == part)
}

/// `5ms` in nanoseconds.
fn time_ns(text: &str) -> Option<f64> {
    // Those that end another one last.
    const UNITS: [(&str, f64); 5] =
        [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
    let (number, size) =
        UNITS.iter().find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))?;
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number * size)
}

impl Requirement {
    /// A sentence where the measurement does not keep it.
    #[must_use]
    pub fn unmet(&self, report: &Report) -> Option<String> {
        let unit = self.unit();
        let Some(value) = self.value(&report.runs) else {
            return Some(format!("{self}: it was not measured"));
        };
        if self.operator.holds(value, self.bound) {
            return None;
        }
        let of = match (&self.subject, report.runs.len()) {
            (_, 0 | 1) => String::new(),
            (Subject::Other(figure), runs) if figure.stands == Stands::Worst => {
                format!(", the worst of {runs} runs")
            }
            (_, runs) => format!(", the median of {runs} runs"),
        };
        Some(format!("{self}: it is {}{of}", unit.written(value)))
    }

    fn unit(&self) -> Unit {
        match &self.subject {
            Subject::Latency(..) => Unit::Nanoseconds,
            Subject::Other(figure) => figure.unit,
        }
    }

    fn value(&self, runs: &[RunFigures]) -> Option<f64> {
        match &self.subject {
            Subject::Latency(quantile, part) => {
                let values: Option<Vec<_>> =
                    runs.iter().map(|run| quantile.of(of_part(run, part.as_deref())?)).collect();
                Spread::of(values?).map(|spread| spread.median)
            }
            Subject::Other(figure) => figure.over(runs).map(|spread| match figure.stands {
                Stands::Median => spread.median,
                Stands::Worst => spread.max,
            }),
        }
    }
}

/// The latencies of a verb, of an answer, or of all.
fn of_part<'a>(run: &'a RunFigures, part: Option<&str>) -> Option<&'a LatencyFigures> {
    let Some(part) = part else { return Some(&run.latency) };
    run.latency_by_verb.get(part).or_else(|| run.latency_by_answer.get(part))
}

/// A sentence for each requirement that the measurement does not keep.
#[must_use]
pub fn check(requirements: &[Requirement], report: &Report) -> Vec<String> {
    requirements.iter().filter_map(|requirement| requirement.unmet(report)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn unmet(text: &str, report: &Report) -> Vec<String> {
        check(&[text.parse().expect("a requirement")], report)
    }

    fn error(text: &str) -> String {
        text.parse::<Requirement>().expect_err("no requirement").to_string()
    }

    #[test]
    fn what_is_kept_says_nothing() {
        let report = sample::report(1);
        for text in [
            "p99<5ms",
            "p50 <= 1s",
            "max>10ms",
            "mean<1s",
            "p99.9<20ms",
            "p99.99<21000us",
            "per_second>=12000",
            "granted_per_second>11,000",
            "oversold==0",
            "undersold==0",
            "drift==0",
            "lost==0",
            "not_linearizable==0",
            "disagreements==0",
            "refused==0",
            "unknown==0",
            "sold_out==20000",
            "done!=0",
            "client_share<0.5",
            "p99(reserve)<5ms",
            "p99(sold_out)<5ms",
        ] {
            assert_eq!(unmet(text, &report), Vec::<String>::new(), "{text}");
        }
        assert_eq!(unmet("knee>=2000", &sample::stair()), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_kept_says_by_how_much() {
        let report = sample::report(3);
        let said = unmet("per_second>=40000", &report);
        assert_eq!(said, ["per_second>=40000: it is 12,100, the median of 3 runs"]);
        let said = unmet("max<5ms", &report);
        assert!(said[0].starts_with("max<5ms: it is 21."), "{said:?}");
    }

    #[test]
    fn one_run_that_oversells_is_enough() {
        let mut report = sample::report(3);
        report.runs[2].audit.oversold = 1;
        assert_eq!(unmet("oversold==0", &report), ["oversold==0: it is 1, the worst of 3 runs"]);
    }

    #[test]
    fn what_was_not_measured_meets_nothing() {
        let mut report = sample::report(1);
        assert_eq!(unmet("knee>=1", &report), ["knee>=1: it was not measured"]);
        assert_eq!(unmet("p99(read)<1s", &report), ["p99(read)<1s: it was not measured"]);
        report.runs[0].audit.left_out = Some("not asked for".to_owned());
        assert_eq!(unmet("oversold==0", &report), ["oversold==0: it was not measured"]);
        assert_eq!(unmet("p99<1s", &Report::default()), ["p99<1s: it was not measured"]);
    }

    #[test]
    fn errors_say_what_there_is() {
        assert!(error("p99").contains("compares nothing"));
        assert!(error("p99=5ms").contains("compares nothing"));
        assert!(error("p98<5ms").contains("there are p50, p90, p99"), "{}", error("p98<5ms"));
        assert!(error("p99<5").contains("unit (ns, us, ms, s)"));
        assert!(error("p99<5m").contains("unit"));
        assert!(error("p99(buy)<5ms").contains("receive, reserve"));
        assert!(error("oversold(reserve)==0").contains("not told apart"));
        assert!(error("oversold==none").contains("needs a number"));
    }
}
