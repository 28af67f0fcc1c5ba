//! Why nothing could be measured. What the audit finds is no error of this kind: it is a result.

use thiserror::Error;

use crate::drive::error::DriveError;
use crate::feed::FleetFault;
use crate::report::hdr_log::HdrLogError;
use crate::report::html::HtmlError;
use crate::report::json::JsonError;
use crate::session::SessionError;
use crate::targets::echo::EchoError;
use crate::targets::engine_process::EngineError;
use crate::targets::inproc::InprocError;
use crate::targets::saldo::SaldoError;
use crate::workload::settings_error::SettingsError;

/// Why nothing could be measured.
#[derive(Debug, Error)]
pub enum RunError {
    /// The command line or the settings ask for what cannot be.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The command line asks for what cannot be.
    #[error("{0}")]
    Usage(String),
    /// The engine of our own did not start or stop.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine in this process did not start or stop.
    #[error(transparent)]
    Inproc(#[from] InprocError),
    /// The engine does not do what comes before and after the load.
    #[error("{0}")]
    Saldo(#[from] SaldoError),
    /// The address or the transport do not go together with it.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The load could not be carried through.
    #[error(transparent)]
    Drive(#[from] DriveError),
    /// The subscribers could not listen.
    #[error(transparent)]
    Fleet(#[from] FleetFault),
    /// A report cannot be written or read.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A report cannot be written.
    #[error(transparent)]
    Html(#[from] HtmlError),
    /// A log of latencies cannot be written.
    #[error(transparent)]
    HdrLog(#[from] HdrLogError),
    /// The server that only echoes did not serve.
    #[error(transparent)]
    Echo(#[from] EchoError),
    /// Another target.
    #[error("{0}")]
    Peer(String),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// The process was asked to end.
    #[error("interrupted; nothing is reported")]
    Interrupted,
    /// A part of the program stopped of itself.
    #[error("a part of the load tester stopped; its message is above")]
    Panicked,
}

impl RunError {
    /// What the process ends with: 2 where the command or a file of it is wrong, otherwise 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Settings(_)
            | Self::Usage(_)
            | Self::Json(_)
            | Self::Html(_)
            | Self::HdrLog(_) => 2,
            _ => 1,
        }
    }
}
