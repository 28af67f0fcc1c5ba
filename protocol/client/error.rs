//! Why a call gave no value.

use std::time::Duration;

use thiserror::Error;

use crate::{Code, InvalidField, Problem};

/// Why a call gave no value, after all attempts.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The engine answered that it does not do this, and why.
    #[error("the engine refused: {problem}")]
    Refused {
        /// The answer's body.
        problem: Box<Problem>,
        /// The answer's `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The connection could not be made or broke. A change may have happened: repeat it with the same key.
    #[error("the engine could not be reached: {reason}; see that it runs at the address given")]
    Transport {
        /// What the connection says.
        reason: String,
    },
    /// No answer in time. A change may have happened: repeat it with the same key.
    #[error("no answer within {} ms; the change may have happened: repeat it with the same key", after.as_millis())]
    Timeout {
        /// How long the last attempt waited.
        after: Duration,
    },
    /// An answer that is not of this protocol.
    #[error("status {status} with a body that this client cannot read: {reason}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that the call does not take; nothing was sent.
    #[error("nothing was sent: {0}")]
    Invalid(#[from] InvalidField),
    /// Settings that no request can be made with; nothing was sent.
    #[error("nothing was sent: {reason}")]
    Settings {
        /// Which setting, and what is wrong with it.
        reason: String,
    },
}

impl ClientError {
    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { problem, .. } => Some(problem.code),
            _ => None,
        }
    }

    /// Whether the same request may be sent again, with the same key.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Refused { problem, .. } => problem.code.is_retryable(),
            Self::Transport { .. } | Self::Timeout { .. } => true,
            Self::Unexpected { .. } | Self::Invalid(_) | Self::Settings { .. } => false,
        }
    }

    /// How long the engine asks to wait.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
