//! Why a replay could not be carried through. What the audit finds is no error of this kind: it is its result.

use std::path::PathBuf;

use thiserror::Error;

use crate::targets::engine_process::EngineError;

/// Why the file of sales cannot be read.
#[derive(Debug, Error)]
pub enum InputError {
    /// It cannot be opened or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The first row does not name the columns.
    #[error(
        "{}: the header row lacks {missing}; it must name InvoiceNo, StockCode, Quantity, InvoiceDate, UnitPrice and \
         CustomerID (in any order, others are ignored)", path.display()
    )]
    Header {
        /// Which file.
        path: PathBuf,
        /// The columns that are not there.
        missing: String,
    },
    /// A row that says nothing that could be replayed.
    #[error("{}, line {line}: {reason}", path.display())]
    Row {
        /// Which file.
        path: PathBuf,
        /// The line, counted from 1, the header included.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a run stopped before its audit.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// The file cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The command line asks for something that cannot be.
    #[error("{0}")]
    Usage(String),
    /// The engine of our own did not start or stop.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine stayed silent for longer than `--patience`, or spoke another language.
    #[error(
        "{call} got no answer: {reason}. What was acknowledged is safe: start the engine, then repeat the same \
         command with the same --carry-on file"
    )]
    NoAnswer {
        /// Which call.
        call: String,
        /// What the client says.
        reason: String,
    },
    /// A call that must succeed before there can be a run was refused.
    #[error("{call} was refused: {reason}")]
    Refused {
        /// Which call.
        call: String,
        /// The engine's problem.
        reason: String,
    },
    /// The engine has stock under this run's keys that this run did not bring.
    #[error(
        "{sku} at {location} already had {events} events before this run: replay at another --location, with an \
         empty engine, or carry on the same run (same file, share, location and seed)"
    )]
    Occupied {
        /// The code.
        sku: String,
        /// Where.
        location: String,
        /// How many events the key had.
        events: u64,
    },
    /// The engine has seen sales of this run, and nobody remembers which of them it refused.
    #[error(
        "the engine has seen this run before. It does not remember refusals and would decide them anew: name the \
         run's --carry-on file, or make another run of it with --seed and another --location"
    )]
    SeenBefore,
    /// The record of refusals cannot be read or written.
    #[error("{}: {reason}", path.display())]
    CarryOn {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The process was asked to end.
    #[error("interrupted; nothing was audited")]
    Interrupted,
    /// A part of the program stopped of itself.
    #[error("a worker stopped: {0}; this is a fault of the load tester")]
    Worker(String),
}

impl ReplayError {
    /// What the process ends with: 2 where the command or its file is wrong, otherwise 1.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Input(_) | Self::Usage(_) | Self::CarryOn { .. } => 2,
            Self::Engine(_)
            | Self::NoAnswer { .. }
            | Self::Refused { .. }
            | Self::Interrupted
            | Self::Occupied { .. }
            | Self::SeenBefore
            | Self::Worker(_) => 1,
        }
    }
}
