//! Why a connection is of no more use.

use thiserror::Error;

/// Whatever was in flight has no known outcome.
#[derive(Debug, Error)]
pub enum SessionError {
    /// There is no connection.
    #[error("connecting to {to}: {reason}")]
    Connect {
        /// Whom.
        to: String,
        /// Why not.
        reason: String,
    },
    /// The connection ended or failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The target said something that cannot be understood.
    #[error("an answer that is none: {0}")]
    Answer(String),
    /// The transport cannot say it.
    #[error("{0}")]
    Unfit(String),
}

impl From<std::io::Error> for SessionError {
    fn from(error: std::io::Error) -> Self {
        Self::Connection(error.to_string())
    }
}
