//! The answer to a question: figures of several runs, checks of what the engine answered, and their table.

use std::fmt;

use serde_json::{Value, json};

use crate::Common;

/// Width of a figure's name in the table.
const NAME_WIDTH: usize = 52;

/// One figure over all runs.
#[derive(Debug)]
struct Row {
    what: String,
    unit: &'static str,
    values: Vec<f64>,
}

/// The answer to a question.
#[derive(Debug)]
pub struct Report {
    question: &'static str,
    durability: &'static str,
    settings: Vec<String>,
    notes: Vec<String>,
    rows: Vec<Row>,
    failed: Vec<String>,
    checks: usize,
}

impl Report {
    /// Without figures yet.
    #[must_use]
    pub fn new(question: &'static str, common: &Common) -> Self {
        Self {
            question,
            durability: common.durability.name(),
            settings: common.settings.clone(),
            notes: Vec::new(),
            rows: Vec::new(),
            failed: Vec::new(),
            checks: 0,
        }
    }

    /// Says something about the sizes that were asked for.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    /// Adds one run's figure to the row of this name and unit.
    pub fn add(&mut self, what: &str, unit: &'static str, value: f64) {
        match self.rows.iter_mut().find(|row| row.what == what && row.unit == unit) {
            Some(row) => row.values.push(value),
            None => self.rows.push(Row { what: what.to_owned(), unit, values: vec![value] }),
        }
    }

    /// Notes whether what the engine answered is right; where it is not, `what` is told and the question fails.
    pub fn check(&mut self, holds: bool, what: impl Into<String>) {
        self.checks += 1;
        if !holds {
            self.failed.push(what.into());
        }
    }

    /// Whether every check held.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.failed.is_empty()
    }

    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                let [median, min, max] = summary(&row.values);
                json!({"what": row.what, "unit": row.unit, "median": median, "min": min,
                    "max": max, "values": row.values})
            })
            .collect();
        json!({"question": self.question, "durability": self.durability,
            "settings": self.settings, "notes": self.notes, "figures": rows,
            "checks": self.checks, "failed": self.failed})
    }
}

/// A count as a figure: exact up to 2^53, far more than a run has.
#[must_use]
pub fn count(things: u64) -> f64 {
    things as f64
}

/// Median, smallest and largest.
fn summary(values: &[f64]) -> [f64; 3] {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    let median = if sorted.len() % 2 == 1 {
        at(half)
    } else {
        f64::midpoint(at(half.wrapping_sub(1)), at(half))
    };
    [median, at(0), at(sorted.len().wrapping_sub(1))]
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: durability {}", self.question, self.durability)?;
        for setting in &self.settings {
            writeln!(f, "  with {setting}")?;
        }
        for note in &self.notes {
            writeln!(f, "  {note}")?;
        }
        writeln!(f, "  {:<NAME_WIDTH$}{:>14}  {:<10}min..max of the runs", "", "median", "unit")?;
        for row in &self.rows {
            let [median, min, max] = summary(&row.values).map(figure);
            write!(f, "  {:<NAME_WIDTH$}{median:>14}  {:<10}", row.what, row.unit)?;
            writeln!(f, "{min}..{max} of {}", row.values.len())?;
        }
        for failure in &self.failed {
            writeln!(f, "  FAILED: {failure}")?;
        }
        write!(f, "  {} of {} checks hold", self.checks - self.failed.len(), self.checks)
    }
}

/// Whole where it is large, with as many decimals as matter where it is small; thousands parted.
fn figure(value: f64) -> String {
    let decimals = match value.abs() {
        size if size >= 1_000.0 => 0,
        size if size >= 100.0 => 1,
        size if size >= 10.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut parted = String::with_capacity(text.len() + whole.len() / 3);
    for (place, digit) in whole.char_indices() {
        let left = whole.len() - place;
        if place > 0 && left.is_multiple_of(3) && !parted.ends_with('-') {
            parted.push(',');
        }
        parted.push(digit);
    }
    parted + rest
}

#[cfg(test)]
mod tests {
    use super::{figure, summary};

    #[test]
    fn runs_are_summed_up() {
        assert_eq!(summary(&[3.0, 1.0, 9.0]), [3.0, 1.0, 9.0]);
        assert_eq!(summary(&[4.0, 1.0, 2.0, 9.0]), [3.0, 1.0, 9.0]);
    }

    #[test]
    fn figures_are_written_as_people_read_them() {
        let written = [0.123_4, 12.345, 123.45, 1_234_567.8, -1_234.0, -123.0].map(figure);
        assert_eq!(written, ["0.123", "12.35", "123.5", "1,234,568", "-1,234", "-123.0"]);
    }
}
