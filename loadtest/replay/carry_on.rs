//! What an engine does not remember of an interrupted run: refusals leave no trace there. This file keeps them, so
//! that the run, begun again with the same command, asks only what was granted or never answered.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use saldo_protocol::Code;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::replay::error::ReplayError;

/// The refusals of a run, with or without a file.
#[derive(Debug, Default)]
pub struct CarryOn {
    refused: HashMap<String, Code>,
    was_there: bool,
    run: Uuid,
    file: Option<(PathBuf, File)>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    run: Uuid,
}

#[derive(Serialize, Deserialize)]
struct Refusal {
    invoice: String,
    code: Code,
}

impl CarryOn {
    /// Reads the file, or begins it. None: every invoice is asked.
    ///
    /// # Errors
    /// [`ReplayError::CarryOn`] where it cannot be read or written, or belongs to another run.
    pub fn open(path: Option<&Path>, run: Uuid) -> Result<Self, ReplayError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let failed = |reason: String| ReplayError::CarryOn { path: path.to_owned(), reason };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| failed(error.to_string()))?;
        let lines = BufReader::new(&file)
            .lines()
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| failed(error.to_string()))?;
        match lines.first().map(|line| serde_json::from_str::<Head>(line)) {
            None => {}
            Some(Ok(head)) if head.run == run => {}
            Some(Ok(head)) => {
                return Err(failed(format!(
                    "it belongs to run {}, this is run {run}: the file of sales, --opening-stock, --location or \
                     --seed differ; name another file",
                    head.run
                )));
            }
            Some(Err(error)) => {
                return Err(failed(format!("this is no record of a replay: {error}")));
            }
        }
        // A last line that was cut off by a crash is a refusal that is asked for again: no harm.
        let refused = lines
            .iter()
            .skip(1)
            .filter_map(|line| serde_json::from_str::<Refusal>(line).ok())
            .map(|refusal| (refusal.invoice, refusal.code))
            .collect();
        Ok(Self { refused, was_there: !lines.is_empty(), run, file: Some((path.to_owned(), file)) })
    }

    /// The opening stock is there and the first sale comes next. `seen_before`: by its answers, the engine knows
    /// sales of this run already.
    ///
    /// # Errors
    /// [`ReplayError::SeenBefore`] where nobody remembers what the engine refused; [`ReplayError::CarryOn`] where
    /// the file remembers refusals of an engine that was another one, or cannot be written.
    pub fn begin(&mut self, seen_before: bool) -> Result<(), ReplayError> {
        if seen_before && !self.was_there {
            return Err(ReplayError::SeenBefore);
        }
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        let failed = |reason: String| ReplayError::CarryOn { path: path.clone(), reason };
        if !seen_before && !self.refused.is_empty() {
            return Err(failed(
                "it remembers refusals, but this engine has not seen the run: remove it or name another file"
                    .to_owned(),
            ));
        }
        let begun = if self.was_there {
            // What comes next must not continue a line that was cut off; an empty line says nothing.
            file.write_all(b"\n")
        } else {
            append(file, &Head { run: self.run })
        };
        begun.map_err(|error| failed(error.to_string()))
    }

    /// Why the invoice was refused before, where it was.
    #[must_use]
    pub fn refused_before(&self, invoice: &str) -> Option<Code> {
        self.refused.get(invoice).copied()
    }

    /// Keeps a refusal.
    ///
    /// # Errors
    /// [`ReplayError::CarryOn`] where it cannot be written.
    pub fn keep(&mut self, invoice: &str, code: Code) -> Result<(), ReplayError> {
        let Some((path, file)) = &mut self.file else {
            return Ok(());
        };
        let refusal = Refusal { invoice: invoice.to_owned(), code };
        append(file, &refusal)
            .map_err(|error| ReplayError::CarryOn { path: path.clone(), reason: error.to_string() })
    }
}

fn append(file: &mut File, value: &impl Serialize) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    file.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_refusals_across_runs_and_survives_a_line_that_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run.jsonl");
        let run = Uuid::from_u128(1);
        let mut first = CarryOn::open(Some(&path), run).unwrap();
        first.begin(false).unwrap();
        first.keep("536365", Code::InsufficientStock).unwrap();
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"invoice\":\"5363").unwrap();
        let mut second = CarryOn::open(Some(&path), run).unwrap();
        second.begin(true).unwrap();
        second.keep("536367", Code::UnknownStock).unwrap();
        let mut third = CarryOn::open(Some(&path), run).unwrap();
        assert_eq!(third.refused_before("536365"), Some(Code::InsufficientStock));
        assert_eq!(third.refused_before("536367"), Some(Code::UnknownStock));
        assert_eq!(third.refused_before("536366"), None);
        let fresh = third.begin(false).unwrap_err().to_string();
        assert!(fresh.contains("has not seen the run"), "{fresh}");
        let other = CarryOn::open(Some(&path), Uuid::from_u128(2)).unwrap_err();
        assert!(other.to_string().contains("belongs to run"), "{other}");
    }

    #[test]
    fn without_a_file_nothing_is_kept() {
        let mut none = CarryOn::open(None, Uuid::nil()).unwrap();
        none.begin(false).unwrap();
        none.keep("1", Code::InsufficientStock).unwrap();
        assert_eq!(none.refused_before("1"), None);
    }
}
