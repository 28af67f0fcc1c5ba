//! Why a run could not be carried through.

use thiserror::Error;

use crate::session::SessionError;

/// Why a run could not be carried through. What the audit finds is no error of this kind.
#[derive(Debug, Error)]
pub enum DriveError {
    /// A connection cannot be made, or not again.
    #[error("client {client}: {source}")]
    Session {
        /// Which client.
        client: u32,
        /// What it says.
        source: SessionError,
    },
    /// The system would not.
    #[error("{what}: {source}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// What it says.
        source: std::io::Error,
    },
    /// More answers than the audit can remember.
    #[error(
        "more than {max} answers to remember for the audit: run it shorter (--duration, --operations) or with --no-audit"
    )]
    LogFull {
        /// The limit, in entries of the log.
        max: u64,
    },
    /// A script waits for an answer with nothing in flight.
    #[error("client {client} waits for an answer to nothing; this is a fault of the load tester")]
    Stuck {
        /// Which client.
        client: u32,
    },
    /// A thread of clients stopped of itself.
    #[error("a thread of clients stopped; this is a fault of the load tester")]
    Panicked,
}
