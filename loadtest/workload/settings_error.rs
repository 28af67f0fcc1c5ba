//! What is wrong with settings, and what to do about it.

use std::path::PathBuf;

use thiserror::Error;
use toml::{Table, Value};

use crate::workload::tables::{DEFAULTS, FEED, LOAD};

/// How alike a name must be, from 0 to 1, to be what was meant.
const ALIKE: f64 = 0.8;

/// Nothing was sent: the program ends with 2.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("reading the settings {}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no TOML.
    #[error("{place}: this is no TOML: {reason}")]
    Syntax {
        /// Which file, and which line.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no such setting, or no such table.
    #[error("{place}: there is no {what} {name:?}; {}", instead(what, name, nearest))]
    Unknown {
        /// Where it stands.
        place: String,
        /// `setting of hot`, `table`.
        what: String,
        /// The name.
        name: String,
        /// The known name that is most like it.
        nearest: String,
    },
    /// The value is of another type.
    #[error("{place}: {name} must be {expected}, not {found}")]
    Type {
        /// Where it stands.
        place: String,
        /// The setting.
        name: String,
        /// What it must be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The value is out of bounds.
    #[error("{name} must be from {least} to {most}, not {value}")]
    Range {
        /// The setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// The least allowed.
        least: String,
        /// The most allowed.
        most: String,
    },
    /// A value that is not allowed, in words.
    #[error("a setting of {workload}: {reason}")]
    Value {
        /// Which workload.
        workload: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Settings that do not go together; the sentence says what to do.
    #[error("{0}")]
    Refused(String),
}

impl SettingsError {
    /// Settings that do not go together.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }
}

/// The known name, where it can have been meant; else all that there are.
fn instead(what: &str, name: &str, nearest: &str) -> String {
    if strsim::jaro_winkler(&name.to_ascii_lowercase(), nearest) >= ALIKE {
        return format!("did you mean {nearest:?}?");
    }
    format!("there are {}", known(what).join(", "))
}

/// The names of all tables, or of what `setting of hot` says: the workload's own settings, then those of every load.
fn known(what: &str) -> Vec<String> {
    // The built-in text, which every run has read before it can fail here.
    let tables: Table = DEFAULTS.parse().unwrap_or_default();
    let names = |table: &Table| table.keys().cloned().collect::<Vec<_>>();
    let of = |name: &str| tables.get(name).and_then(Value::as_table).map(names).unwrap_or_default();
    match what.strip_prefix("setting of ") {
        None => names(&tables),
        Some(FEED) => of(FEED),
        Some(owner) => [of(owner), of(LOAD)].concat(),
    }
}
