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
        /// The engine's close code (RFC 6455), where it gave one: 1008 policy, 1009 a frame too large, 1013 try
        /// again later, 1001 it stops.
        code: Option<u16>,
    },
    /// Events after the cursor of the subscription are not kept any more: subscribe again from `earliest`, or
    /// without a cursor after reading a snapshot.
    #[error("events are missing: the oldest that are kept begin at cursor {earliest}")]
    Gap {
        /// From here on all events are kept.
        earliest: String,
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

impl FeedError {
    /// The connection ended without a word of the engine.
    pub(super) fn closed(reason: impl Into<String>) -> Self {
        Self::Closed { reason: reason.into(), code: None }
    }

    /// Where the engine says to resume, when it closed a connection that fell behind (1013).
    #[must_use]
    pub fn resume_cursor(&self) -> Option<&str> {
        let Self::Closed { reason, code: Some(1013) } = self else { return None };
        let mut words = reason.rsplit(' ');
        let cursor = words.next()?;
        (words.next() == Some("cursor") && !cursor.is_empty()).then_some(cursor)
    }

    /// Whether the same again can succeed: not where the engine refused it for good, nor with these settings.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { code, .. } => code.is_retryable(),
            Self::Connect { .. }
            | Self::Closed { .. }
            | Self::Gap { .. }
            | Self::Timeout { .. }
            | Self::Unexpected { .. } => true,
            Self::IdInUse { .. } | Self::Settings { .. } => false,
        }
    }
}

impl From<ClientError> for FeedError {
    fn from(error: ClientError) -> Self {
        Self::Settings { reason: error.to_string() }
    }
}
