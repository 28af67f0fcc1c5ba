//! Why a command failed, and the exit code that says so.

use std::{io, process::ExitCode};

use saldo::{config::SettingsError, server::ServeError, tools::ToolError};
use saldo_ledger::KeyError;
use saldo_protocol::client::ClientError;

/// Exit code of a command that failed.
const FAILURE: u8 = 1;
/// Exit code of a command line or settings that cannot be used; clap exits with the same.
const USAGE: u8 = 2;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No key can be made of the SKU and the location given.
    #[error("SKU `{sku}` at location `{location}`: the text {cause}")]
    Key {
        /// The SKU given.
        sku: String,
        /// The location given.
        location: String,
        /// What is wrong with one of them.
        cause: KeyError,
    },
    /// The engine could not start, or had to stop.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The data directory could not be read.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// A running engine did not answer as asked.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// `verify` found something; its report says what.
    #[error("the data is not as it should be; the report above says where")]
    Unsound,
    /// The operating system refused something that every command needs.
    #[error("cannot {action}: {cause}")]
    System {
        /// What was tried.
        action: &'static str,
        /// What the operating system answered.
        cause: io::Error,
    },
}

impl CliError {
    /// For `map_err`: the operating system refused to do this.
    pub fn system(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::System { action, cause }
    }

    /// What the process exits with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Settings(_) | Self::Key { .. } => USAGE,
            Self::Serve(_)
            | Self::Tool(_)
            | Self::Client(_)
            | Self::Unsound
            | Self::System { .. } => FAILURE,
        })
    }
}
