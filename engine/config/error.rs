//! Why the settings cannot be used: each sentence names the setting, where it stood and what may stand there.

use std::{fmt, io, net::SocketAddr, path::PathBuf};

/// Where a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file, at a line that counts from 1.
    File {
        /// The file as it was named.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// In an environment variable of this name.
    Environment(String),
    /// On the command line, by this option.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::Flag(option) => write!(f, "command line, {option}"),
        }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the settings file {}: {cause}", path.display())]
    Unreadable {
        /// The file as it was named.
        path: PathBuf,
        /// What the operating system answered.
        cause: io::Error,
    },
    /// The file is far too long to be one of settings.
    #[error("the settings file {} has more than {bytes_max} bytes", path.display())]
    TooLong {
        /// The file as it was named.
        path: PathBuf,
        /// Bytes allowed.
        bytes_max: u64,
    },
    /// The file is not TOML.
    #[error("{place}: {message}")]
    Syntax {
        /// Where it stops being TOML.
        place: Place,
        /// What was expected there.
        message: String,
    },
    /// No setting has this name.
    #[error("{place}: there is no setting `{name}`; the nearest is `{nearest}`")]
    Unknown {
        /// Where it stood.
        place: Place,
        /// The name as it stood there.
        name: String,
        /// The known name most like it, written as it would stand there.
        nearest: String,
    },
    /// A value of the wrong type or out of its range.
    #[error("{place}: `{name}` is {value}, but must be {expected}")]
    Value {
        /// Where it stood.
        place: Place,
        /// The setting.
        name: String,
        /// The value as it stood there.
        value: String,
        /// What may stand there, with range and unit.
        expected: String,
    },
    /// A number out of its range in settings that were put together by a program.
    #[error("`{name}` is {value}, but must be {expected}")]
    Range {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: u64,
        /// What may stand there, with range and unit.
        expected: String,
    },
    /// A list with too many entries.
    #[error("`{name}` has {entries} entries, but at most {entries_max} are allowed")]
    List {
        /// The setting.
        name: &'static str,
        /// Entries given.
        entries: usize,
        /// Entries allowed.
        entries_max: usize,
    },
    /// Two settings that do not go together.
    #[error("`{name}` is {value}, but {rule}")]
    Relation {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: u64,
        /// What it must be, with the other setting's name and value.
        rule: String,
    },
    /// Two entries of a list under one name.
    #[error(
        "`{setting}` names `{name}` twice: give one of the two entries another name, or leave it out"
    )]
    Twice {
        /// The setting.
        setting: &'static str,
        /// The name.
        name: String,
    },
    /// An address that others can reach, with nothing that keeps them out.
    #[error(
        "`listen` is {listen}, which other machines can reach, and `tokens` is empty: everyone there could change the stock. \
         Make a token with `saldo token new --role admin`, or listen on a loopback address such as 127.0.0.1:{port}",
        port = listen.port()
    )]
    Exposed {
        /// The address asked for.
        listen: SocketAddr,
    },
}
