//! Tools for a stopped engine's data: `verify` and `inspect`.

mod inspect;
mod inspection;
mod verify;

pub use inspect::inspect;
pub use inspection::Inspection;
pub use verify::{VerifyReport, verify};

use crate::server::ServeError;
use crate::store::StoreError;
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
    /// There is no data.
    #[error("{dir} holds no data of an engine; name the directory with --data-dir")]
    NoData {
        /// The data directory.
        dir: String,
    },
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        Self::Recover(error.into())
    }
}

impl From<LoadError> for ToolError {
    fn from(error: LoadError) -> Self {
        Self::Recover(error.into())
    }
}
