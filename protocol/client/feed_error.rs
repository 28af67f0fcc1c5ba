//! Why the feed gave no answer.

use std::time::Duration;

use thiserror::Error;

use super::ClientError;
use crate::Code;

/// Why the feed gave no answer, or ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FeedError {
    /// The engine does not do what the frame asks for.
    #[error("the engine refused the frame: {code}: {detail}")]
    Refused {
        /// The slug.
        code: Code,
        /// What is wrong.
        detail: String,
    },
    /// No connection. Nothing was sent.
    #[error("no feed connection: {reason}; see that the engine runs at the address given")]
    Connect {
        /// What the connection says.
        reason: String,
    },
    /// The connection ended. What was in flight may have happened: repeat it under the same keys on a new one.
    #[error(
        "the feed connection ended: {reason}; connect again and repeat what was in flight with the same keys"
    )]
    Closed {
        /// Who closed it, and why.
        reason: String,
    },
    /// No answer in time. The frame may have been carried out.
    #[error("no answer on the feed within {} ms; what was sent may have happened", after.as_millis())]
    Timeout {
        /// How long was waited.
        after: Duration,
    },
    /// A frame that is not of this protocol; the connection is closed.
    #[error("the engine sent a frame that this client cannot read: {reason}")]
    Unexpected {
        /// What is wrong with it.
        reason: String,
    },
    /// The name is in use by another subscription of this connection. Nothing was sent.
    #[error("the subscription id {id:?} is in use on this connection; choose another")]
    IdInUse {
        /// The name.
        id: String,
    },
    /// Settings that no connection can be made with.
    #[error("{reason}")]
    Settings {
        /// Which setting, and what is wrong with it.
        reason: String,
    },
}

impl From<ClientError> for FeedError {
    fn from(error: ClientError) -> Self {
        Self::Settings { reason: error.to_string() }
    }
}
