//! Tools for an engine's data: `verify` and `inspect` where it is stopped, `backup` also while it runs, `restore`.

mod backup;
mod inspect;
mod inspection;
mod restore;
mod verify;

pub use backup::{BackupReport, backup, check_backup};
pub use inspect::inspect;
pub use inspection::Inspection;
pub use restore::{RestoreReport, restore};
pub use verify::{VerifyReport, verify};

use std::path::Path;

use crate::data_dir::RESTORED;
use crate::journal::RecoveryError;
use crate::server::ServeError;
use crate::store::StoreError;
use crate::store::backup::BackupError;
use crate::store::baseline::BaselineError;
use crate::store::recover::RecoverError;
use crate::store::save::LoadError;

/// Why a tool cannot tell.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// The data directory is in use, or cannot be used.
    #[error(transparent)]
    Data(#[from] ServeError),
    /// The data cannot be read.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// There is no such key.
    #[error("no event was ever accepted for {key} in {dir}")]
    UnknownStock {
        /// The key.
        key: String,
        /// The data directory.
        dir: String,
    },
    /// A backup cannot be written or read.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// There is no backup.
    #[error(
        "{place} holds no backup; name the directory that `saldo backup` wrote to, or one of its files"
    )]
    NoBackup {
        /// What was named.
        place: String,
    },
    /// The data directory is not empty.
    #[error(
        "{dir} holds data already ({found}); stop its engine and add --replace, which moves that aside, or name another --data-dir"
    )]
    Occupied {
        /// The data directory.
        dir: String,
        /// What it holds.
        found: String,
    },
    /// Keys cannot be replayed, so a backup would hold an old state of them.
    #[error(
        "{count} keys cannot be replayed, so a backup would be wrong about them, first {key}: {why}; `saldo verify` names them all; stop the engine and keep a copy of the directory"
    )]
    Unreplayable {
        /// How many.
        count: usize,
        /// The first.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The restored events cannot be written.
    #[error("the events of the backup cannot be written to the new journal: {0}")]
    Events(String),
    /// A directory cannot be used.
    #[error("{place} cannot be used: {source}")]
    Directory {
        /// Which.
        place: String,
        /// What the system answered.
        source: std::io::Error,
    },
    /// There is no data.
    #[error("{dir} holds no data of an engine; name the directory with --data-dir")]
    NoData {
        /// The data directory.
        dir: String,
    },
}

/// Whether a directory holds an engine's data, all of one moment.
fn check_data(dir: &Path) -> Result<(), ToolError> {
    let named = dir.display().to_string();
    if dir.join(RESTORED).exists() {
        return Err(ServeError::RestoreCutShort { dir: named }.into());
    }
    if dir.join("journal").is_dir() { Ok(()) } else { Err(ToolError::NoData { dir: named }) }
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        Self::Recover(error.into())
    }
}

impl From<BaselineError> for ToolError {
    fn from(error: BaselineError) -> Self {
        Self::Recover(error.into())
    }
}

impl From<RecoveryError> for ToolError {
    fn from(error: RecoveryError) -> Self {
        Self::Recover(error.into())
    }
}

impl From<LoadError> for ToolError {
    fn from(error: LoadError) -> Self {
        Self::Recover(error.into())
    }
}
