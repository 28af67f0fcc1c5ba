//! Why a question has no answer.

use std::io;

use saldo_protocol::client::FeedError;
use saldo_protocol::{Code, InvalidField};

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// There is no engine to ask.
    #[error(
        "no engine: {0}; build one with `cargo build --release -p saldo`, or name one with --engine PATH"
    )]
    NoEngine(String),
    /// The engine ended, or did not come to serve.
    #[error("the engine {what}; the end of its log:\n{log}")]
    Engine {
        /// What became of it.
        what: String,
        /// The end of its log.
        log: String,
    },
    /// The system refused something.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system answered.
        source: io::Error,
    },
    /// What came over the wire cannot be read.
    #[error("the engine's answer cannot be read: {0}")]
    Answer(String),
    /// The engine refused what it should have taken.
    #[error("the engine refused {what}: {code:?}")]
    Refused {
        /// What.
        what: String,
        /// Its code.
        code: Code,
    },
    /// `/metrics` does not tell a figure.
    #[error("/metrics has no figure {0}: this engine is of another version")]
    NoFigure(String),
    /// It took longer than it may; where keys wait for each other, this is how a deadlock shows.
    #[error("waited {seconds} s for {what}")]
    Late {
        /// What was waited for.
        what: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// The project's own feed client failed.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// An option makes a message that the protocol does not know.
    #[error("an option leads to {0}; choose another value")]
    Option(#[from] InvalidField),
}

impl BenchError {
    /// For `map_err`: says what was being done.
    pub fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
