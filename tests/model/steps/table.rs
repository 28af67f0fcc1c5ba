//! A whole table: its lines, and its runs. A table that crashes at every step of something runs once for each step.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use super::parse::act;
use crate::model::run::BEGINNING_US;
use crate::model::whole_engine::play;
use crate::model::{Act, Case, Crash};

/// Steps after which every call has been answered.
const STEPS_MAX: u32 = 400;

/// A line that does something.
struct Row {
    /// Its number in the file, from 1.
    line: usize,
    text: String,
    act: Act,
}

/// The tables of the cases that have names, in the order of their names.
///
/// # Panics
/// Where the directory `tests/steps` cannot be read.
#[must_use]
pub fn tables() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("steps");
    let mut tables: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("the tables' directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "steps"))
        .collect();
    tables.sort();
    tables
}

/// Runs a file of steps. Tells how many runs it took.
///
/// # Errors
/// The line, what it says, and what is wrong, as sentences.
pub fn run_file(path: &Path) -> Result<u32, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let rows = rows(&text).map_err(|(line, wrong)| format!("{name}:{line}: {wrong}"))?;
    if !rows.iter().any(|row| matches!(&row.act, Act::Crash(Crash { during: Some(_), .. }))) {
        run(&name, &rows, 0, false)?;
        return Ok(1);
    }
    let mut runs = 0;
    for power_cut in [false, true] {
        for steps in 0..STEPS_MAX {
            runs += 1;
            if run(&name, &rows, steps, power_cut)? {
                break;
            }
        }
    }
    Ok(runs)
}

fn rows(text: &str) -> Result<Vec<Row>, (usize, String)> {
    let mut rows: Vec<Row> = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let said = text.split('#').next().unwrap_or_default().trim_end();
        let text = said.trim();
        if text.is_empty() {
            continue;
        }
        let wrong = |wrong: String| (line, format!("`{text}`: {wrong}"));
        if text == "together" {
            rows.push(Row { line, text: text.to_owned(), act: Act::Together(Vec::new()) });
            continue;
        }
        let read = match text.strip_prefix("crash during ") {
            Some(during) => Act::Crash(Crash {
                during: Some((Box::new(act(during).map_err(wrong)?), 0)),
                power_cut: false,
                survivors: 0,
                outage_us: 0,
                loses_store: false,
            }),
            None => act(text).map_err(wrong)?,
        };
        let above = rows.last_mut().map(|row| &mut row.act);
        match (said.starts_with(' '), above, read) {
            (true, Some(Act::Together(calls)), Act::Call(call, key)) => calls.push((call, key)),
            (true, ..) => {
                return Err(wrong("only calls stand indented, below `together`".to_owned()));
            }
            (false, _, act) => rows.push(Row { line, text: text.to_owned(), act }),
        }
    }
    Ok(rows)
}

/// Runs the table with its crash so many steps in. Whether what was crashed into had come to its end by then.
fn run(name: &str, rows: &[Row], steps: u32, power_cut: bool) -> Result<bool, String> {
    let place = Cell::new(0);
    let mut case = Case::new(Vec::new());
    let played = play(&mut case, BEGINNING_US, |_| {
        let row = rows.get(place.get())?;
        place.set(place.get() + 1);
        let mut act = row.act.clone();
        if let Act::Crash(crash) = &mut act
            && let Some((_, at)) = &mut crash.during
        {
            *at = steps;
            crash.power_cut = power_cut;
            crash.survivors = u64::from(steps).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        Some(act)
    });
    played.map_err(|wrong| {
        let row = &rows[place.get().saturating_sub(1).min(rows.len() - 1)];
        let how = if power_cut { "power cut" } else { "crash" };
        let at = if steps > 0 { format!(" ({how} after {steps} steps)") } else { String::new() };
        format!("{name}:{}: `{}`{at}: {wrong}", row.line, row.text)
    })?;
    Ok(case.was_finished_before_crash)
}
