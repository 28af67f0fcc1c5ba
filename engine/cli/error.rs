//! Why a command failed, and the exit code that says so.

use std::{io, process::ExitCode};

use saldo::{
    config::{SettingsError, TokenFileError},
    server::ServeError,
    tools::ToolError,
};
use saldo_ledger::KeyError;
use saldo_protocol::client::{ClientError, FeedError};

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
    /// The tokens in a settings file cannot be read or changed.
    #[error(transparent)]
    Token(#[from] TokenFileError),
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
    /// The feed refused what was asked for, or its address cannot be used.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The engine does not know the token.
    #[error(
        "the engine refused the token: {detail}; give one with --token or in the variable SALDO_TOKEN"
    )]
    TokenRefused {
        /// What the engine says.
        detail: String,
    },
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
            Self::Settings(_)
            | Self::Key { .. }
            | Self::Token(TokenFileError::Settings(_))
            | Self::Feed(FeedError::Settings { .. }) => USAGE,
            Self::Serve(_)
            | Self::Tool(_)
            | Self::Token(_)
            | Self::Client(_)
            | Self::Feed(_)
            | Self::TokenRefused { .. }
            | Self::Unsound
            | Self::System { .. } => FAILURE,
        })
    }
}
