//! Reports as a file for programs: one JSON object with its schema's number and the reports, field names as the types
//! have them. A floating number comes back to 15 digits, the last bit may differ.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::report::Report;

/// The number of the schema that this program writes and reads. A field that changes its meaning changes it.
pub const SCHEMA: u32 = 1;

/// Why a file of reports could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// The disk did not let it.
    #[error("{}: cannot write the report: {error}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// The disk did not let it.
    #[error("{}: cannot read the report: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// It is not what `--json` writes.
    #[error("{}: not a report of the load tester (a file that --json wrote): {error}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and where.
        error: serde_json::Error,
    },
    /// Another version wrote it.
    #[error(
        "{}: the report has schema {found}, this program reads schema {SCHEMA}; \
         read it with the version that wrote it, or measure again",
        path.display()
    )]
    Schema {
        /// The file.
        path: PathBuf,
        /// Its number.
        found: u32,
    },
}

#[derive(Serialize)]
struct Written<'a> {
    schema: u32,
    reports: &'a [Report],
}

#[derive(Deserialize)]
struct Read {
    reports: Vec<Report>,
}

/// Read before all else: what follows may have another form.
#[derive(Deserialize)]
struct Head {
    schema: u32,
}

/// The file's text.
///
/// # Errors
/// None that a report has a reason for: its keys are strings.
pub fn text(reports: &[Report]) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&Written { schema: SCHEMA, reports })?;
    text.push('\n');
    Ok(text)
}

/// Writes reports as a file.
///
/// # Errors
/// [`JsonError::Write`] where the disk does not let it.
pub fn write(path: &Path, reports: &[Report]) -> Result<(), JsonError> {
    let text = text(reports).map_err(|error| JsonError::Form { path: path.to_owned(), error })?;
    fs::write(path, text).map_err(|error| JsonError::Write { path: path.to_owned(), error })
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`JsonError`], which names the file.
pub fn read(path: &Path) -> Result<Vec<Report>, JsonError> {
    let text = fs::read_to_string(path)
        .map_err(|error| JsonError::Read { path: path.to_owned(), error })?;
    let form = |error| JsonError::Form { path: path.to_owned(), error };
    let head: Head = serde_json::from_str(&text).map_err(form)?;
    if head.schema != SCHEMA {
        return Err(JsonError::Schema { path: path.to_owned(), found: head.schema });
    }
    let read: Read = serde_json::from_str(&text).map_err(form)?;
    Ok(read.reports)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::report::sample;

    fn message(text: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.json");
        fs::write(&path, text).expect("written");
        read(&path).expect_err("it is no report").to_string()
    }

    /// The same but for the last bits of floating numbers.
    fn is_alike(a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_alike(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| is_alike(a, b)))
            }
            (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
                let (a, b) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
                (a - b).abs() <= a.abs() * 1e-14
            }
            (a, b) => a == b,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("report.json");
        let reports = [sample::report(2), sample::stair()];
        write(&path, &reports).expect("written");
        let again = serde_json::to_value(read(&path).expect("read")).expect("JSON");
        let wanted = serde_json::to_value(&reports).expect("JSON");
        assert!(is_alike(&again, &wanted), "{again}");
        let value: Value =
            serde_json::from_str(&fs::read_to_string(&path).expect("text")).expect("JSON");
        assert_eq!(value["schema"], 1);
        assert_eq!(value["reports"][0]["setting"]["durability"], "power_loss");
        assert!(value["reports"][0]["runs"][0]["latency"]["p99_ns"].is_u64());
    }

    #[test]
    fn errors_name_the_file_and_what_to_do() {
        assert!(message("{\"schema\": 7}").contains("a.json: the report has schema 7"));
        assert!(message("{}").contains("a.json: not a report"));
        assert!(message("{\"schema\": 1}").contains("missing field `reports`"));
        let missing = read(Path::new("nowhere/b.json")).expect_err("not there").to_string();
        assert!(missing.starts_with("nowhere/b.json: cannot read"), "{missing}");
    }
}
