//! Why a target's books could not be read to their end.

use thiserror::Error;

/// Nothing can be said of the run.
#[derive(Debug, Error)]
pub enum AuditError {
    /// No connection, or it ended.
    #[error("reading the events of {url}: {reason}")]
    Feed {
        /// The engine.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The events are not kept any more, or belong to another engine.
    #[error(
        "the events since the run began are not kept any more: the oldest that are begin at cursor {earliest}"
    )]
    Gap {
        /// What is kept.
        earliest: String,
    },
    /// A call was refused or not answered.
    #[error("reading {what}: {reason}")]
    Call {
        /// What was asked for.
        what: String,
        /// Why there is nothing.
        reason: String,
    },
}
