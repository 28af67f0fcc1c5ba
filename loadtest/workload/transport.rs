//! The transports by name, and what each can say.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::workload::op::Verb;

/// Operations of one frame at most, as the protocol has it.
pub const FRAME_MAX: u32 = 8_192;

/// How operations travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// A request for each operation.
    Http,
    /// The WebSocket's text frames.
    WsJson,
    /// The WebSocket's binary frames.
    WsBinary,
    /// The engine as a library, without network.
    Inproc,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Http, Self::WsJson, Self::WsBinary, Self::Inproc];

    /// As the command line, the settings file and reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::WsJson => "ws-json",
            Self::WsBinary => "ws-binary",
            Self::Inproc => "inproc",
        }
    }

    /// Whether it can say a verb.
    #[must_use]
    pub const fn says(self, verb: Verb) -> bool {
        matches!(self, Self::Http) || verb.is_command()
    }

    /// Whether it can say reservations of several lines.
    #[must_use]
    pub const fn says_baskets(self) -> bool {
        matches!(self, Self::Http)
    }

    /// Operations of a batch at most.
    #[must_use]
    pub const fn frame_max(self) -> u32 {
        if matches!(self, Self::Http) { 1 } else { FRAME_MAX }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Transport {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|transport| transport.name() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("no transport is called {text:?}; there are {names}")
        })
    }
}
