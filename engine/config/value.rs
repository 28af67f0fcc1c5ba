//! The types that a setting may have, and how each is read from TOML and from text.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

use saldo_protocol::View;
use toml::de::DeValue;

use crate::limits::Limit;

/// What an acknowledgement survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: nothing is acknowledged before the disk has synced it.
    #[default]
    PowerLoss,
    /// The end of the process, but no loss of power: the disk is never asked to sync.
    ProcessCrash,
}

/// How much is logged: each level includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What stopped the engine or lost a caller its answer.
    Error,
    /// What an operator should look at.
    Warn,
    /// Starts, stops, recoveries and checkpoints that mattered.
    #[default]
    Info,
    /// Each connection and checkpoint.
    Debug,
    /// Everything.
    Trace,
}

/// What the holder of a token may do: each role may all that those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// See levels.
    Read,
    /// See and change everything: a checkout, a till, an order management system.
    Sell,
    /// As `sell`: for those who run the engine.
    Admin,
}

/// A value as it was given.
#[derive(Clone, Copy)]
pub(super) enum Given<'a> {
    /// By a file.
    Toml(&'a DeValue<'a>),
    /// By an environment variable or the command line; a list is parted by commas.
    Text(&'a str),
}

/// Why a value cannot be taken.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The value, as it stood there where that is short.
    pub value: String,
    /// What may stand there.
    pub expected: String,
}

impl fmt::Display for Given<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "`{text}`"),
            Self::Toml(DeValue::String(text)) => write!(f, "the text `{text}`"),
            Self::Toml(DeValue::Integer(number)) => write!(f, "{number}"),
            Self::Toml(DeValue::Float(number)) => write!(f, "{number}"),
            Self::Toml(DeValue::Boolean(value)) => write!(f, "{value}"),
            Self::Toml(DeValue::Datetime(time)) => write!(f, "{time}"),
            Self::Toml(DeValue::Array(entries)) => write!(f, "a list of {}", entries.len()),
            Self::Toml(DeValue::Table(_)) => write!(f, "a table"),
        }
    }
}

impl Given<'_> {
    fn wrong(&self, expected: impl Into<String>) -> Wrong {
        Wrong { value: self.to_string(), expected: expected.into() }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Toml(value) => value.as_str(),
        }
    }
}

/// A type of setting.
pub(super) trait Setting: Sized {
    /// Reads one.
    fn read(given: &Given<'_>) -> Result<Self, Wrong>;
}

impl Setting for bool {
    fn read(given: &Given<'_>) -> Result<Self, Wrong> {
        match given {
            Given::Toml(DeValue::Boolean(value)) => Ok(*value),
            Given::Text("true") => Ok(true),
            Given::Text("false") => Ok(false),
            _ => Err(given.wrong("true or false")),
        }
    }
}

impl Setting for SocketAddr {
    fn read(given: &Given<'_>) -> Result<Self, Wrong> {
        given.text().and_then(|text| text.parse().ok()).ok_or_else(|| {
            given.wrong("an IP address and a port, such as 127.0.0.1:7700 or [::1]:7700")
        })
    }
}

impl Setting for PathBuf {
    fn read(given: &Given<'_>) -> Result<Self, Wrong> {
        match given.text() {
            Some(text) if !text.is_empty() => Ok(text.into()),
            _ => Err(given.wrong("a path")),
        }
    }
}

/// One entry of a setting that is a list. Its error says what is wrong with it, for a sentence that begins with "an
/// entry".
pub(super) trait Entry: FromStr<Err = String> {
    /// What the list must be.
    const EXPECTED: &'static str;
}

impl<T: Entry> Setting for Vec<T> {
    fn read(given: &Given<'_>) -> Result<Self, Wrong> {
        // What was given is not repeated: somebody may have put a secret there.
        let wrong = |value: String| Wrong { value, expected: T::EXPECTED.to_owned() };
        let texts: Option<Vec<&str>> = match given {
            Given::Text(text) if text.trim().is_empty() => Some(Vec::new()),
            Given::Text(text) => Some(text.split(',').map(str::trim).collect()),
            Given::Toml(DeValue::Array(entries)) => {
                entries.iter().map(|entry| entry.get_ref().as_str()).collect()
            }
            Given::Toml(_) => None,
        };
        let texts = texts.ok_or_else(|| wrong("no list of texts".to_owned()))?;
        let read = |(number, text): (usize, &str)| match text {
            "" => Err(wrong(format!("a list whose entry {number} is empty"))),
            text => {
                text.parse().map_err(|fault| wrong(format!("a list whose entry {number} {fault}")))
            }
        };
        (1..).zip(texts).map(read).collect()
    }
}

impl Setting for View {
    fn read(given: &Given<'_>) -> Result<Self, Wrong> {
        [Self::Exact, Self::Banded, Self::Boolean]
            .into_iter()
            .find(|view| given.text() == Some(view.name()))
            .ok_or_else(|| given.wrong("one of exact, banded, boolean"))
    }
}

/// Declares how the variants of an enum are written.
macro_rules! words {
    ($type:ident: $( $variant:ident $word:literal ),+) => {
        impl $type {
            /// Every word that the setting may be, in order.
            pub const WORDS: &[&str] = &[ $( $word ),+ ];

            /// The one that is written so.
            #[must_use]
            pub fn of_word(word: &str) -> Option<Self> {
                match word {
                    $( $word => Some(Self::$variant), )+
                    _ => None,
                }
            }

            /// As the setting is written.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $( Self::$variant => $word, )+ }
            }
        }

        impl Setting for $type {
            fn read(given: &Given<'_>) -> Result<Self, Wrong> {
                given
                    .text()
                    .and_then(Self::of_word)
                    .ok_or_else(|| given.wrong(format!("one of {}", Self::WORDS.join(", "))))
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words!(Durability: PowerLoss "power_loss", ProcessCrash "process_crash");
words!(Role: Read "read", Sell "sell", Admin "admin");
words!(LogLevel: Off "off", Error "error", Warn "warn", Info "info", Debug "debug", Trace "trace");

/// Reads a whole number within `limit`.
pub(super) fn number(given: &Given<'_>, limit: Limit) -> Result<u64, Wrong> {
    let value = match given {
        Given::Toml(DeValue::Integer(number)) => {
            u64::from_str_radix(number.as_str(), number.radix()).ok()
        }
        Given::Toml(_) => None,
        // As in TOML: digits may be grouped.
        Given::Text(text) => text.replace('_', "").parse().ok(),
    };
    value.filter(|&value| limit.allows(value)).ok_or_else(|| given.wrong(range(limit)))
}

/// What a number may be, in words.
pub(super) fn range(limit: Limit) -> String {
    format!("a whole number of {} from {} to {}", limit.unit, limit.min, limit.max)
}
