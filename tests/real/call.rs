//! A call as a client made it and what it was told: what the audit holds against the journal.

use std::sync::OnceLock;
use std::time::Instant;

use saldo_loadtest::history::log::Span;
use saldo_protocol::MovementKind;
use serde_json::{Value, json};
use uuid::Uuid;

/// A SKU at a location, by its number in [`Keys`].
pub type KeyNumber = usize;

/// Nanoseconds since the first call of this.
pub fn now_ns() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    u64::try_from(START.get_or_init(Instant::now).elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The keys of a run: a few hot SKUs with little stock and some cold ones, each at two locations. Those at one of
/// them stand at even numbers, those at the other one at odd numbers.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// How many keys are asked for again and again.
    pub hot: usize,
    /// How many in all.
    pub all: usize,
}

impl Keys {
    /// The SKU.
    #[must_use]
    pub fn sku(key: KeyNumber) -> String {
        format!("SKU-{:03}", key / 2)
    }

    /// The location.
    #[must_use]
    pub fn location(key: KeyNumber) -> &'static str {
        if key.is_multiple_of(2) { "OSLO-1" } else { "WEB" }
    }

    /// The number of a key; none where it is no key of a run.
    #[must_use]
    pub fn number(sku: &str, location: &str) -> Option<KeyNumber> {
        let number: usize = sku.strip_prefix("SKU-")?.parse().ok()?;
        match location {
            "OSLO-1" => Some(2 * number),
            "WEB" => Some(2 * number + 1),
            _ => None,
        }
    }

    /// The same SKU at its other location.
    #[must_use]
    pub fn elsewhere(key: KeyNumber) -> KeyNumber {
        key ^ 1
    }

    /// The path of a key's stock.
    #[must_use]
    pub fn path(key: KeyNumber) -> String {
        format!("/v1/stock/{}/{}", Self::sku(key), Self::location(key))
    }
}

/// Units of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Which.
    pub key: KeyNumber,
    /// How many.
    pub quantity: i64,
}

impl Units {
    /// As a line of a request's body.
    #[must_use]
    pub fn line(self) -> Value {
        let (sku, location) = (Keys::sku(self.key), Keys::location(self.key));
        json!({"sku": sku, "location": location, "quantity": self.quantity})
    }
}

/// How a call travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A request of its own.
    Http,
    /// A command in a frame of the feed's connection.
    Frame,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A key's level.
    Read(KeyNumber),
    /// `receive` or `sell`: its units become a movement of this kind.
    Change(MovementKind, Units),
    /// A new reservation, with holds of so many seconds where it says.
    Reserve {
        /// Its id.
        id: Uuid,
        /// What is held; several lines are a basket.
        lines: Vec<Units>,
        /// How long, in seconds; none is the default.
        hold_seconds: Option<u32>,
    },
    /// `commit`, `fulfil`, `release` or a cancellation.
    Step {
        /// The reservation's id.
        id: Uuid,
        /// What becomes of the units.
        verb: Verb,
        /// The units that it moves.
        lines: Vec<Units>,
        /// Whether the lines are told; otherwise it is all that can be moved.
        in_part: bool,
    },
    /// Units of a reservation come back.
    Return {
        /// The reservation's id.
        id: Uuid,
        /// What comes back, by the line that it was reserved with.
        units: Units,
        /// Where it arrives.
        to: KeyNumber,
    },
}

/// A step of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Held becomes committed.
    Commit,
    /// Committed leaves the house.
    Fulfil,
    /// Held is given back.
    Release,
    /// Committed is given back.
    Cancel,
}

impl Verb {
    /// The end of its path.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Fulfil => "fulfil",
            Self::Release | Self::Cancel => "release",
        }
    }

    /// What its movements are called.
    #[must_use]
    pub fn movement(self) -> MovementKind {
        match self {
            Self::Commit => MovementKind::Committed,
            Self::Fulfil => MovementKind::Fulfilled,
            Self::Release | Self::Cancel => MovementKind::Released,
        }
    }
}

/// A line that was refused for want of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Of which key.
    pub key: KeyNumber,
    /// Units asked for.
    pub asked: i64,
    /// Units there were, where it tells.
    pub available: Option<i64>,
}

/// What became of a call, as far as its client knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Carried out.
    Done {
        /// The key's version, where it was told.
        version: Option<u64>,
        /// The key's available units, where they were told.
        available: Option<i64>,
        /// Whether it was said to be a repeat.
        replayed: bool,
    },
    /// Refused: nothing happened.
    Refused {
        /// The slug.
        code: String,
        /// What fell short.
        short: Vec<Short>,
    },
    /// Nobody knows.
    Unknown,
}

impl Outcome {
    /// Whether it was carried out.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done { .. })
    }

    /// Whether nothing happened, for a reason that passes.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        let passing = ["overloaded", "read_only", "not_ready"];
        matches!(self, Self::Refused { code, .. } if passing.contains(&code.as_str()))
    }
}

/// A call.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its idempotency key; the reference of what it changes, too.
    pub key: String,
    /// What was asked for.
    pub deed: Deed,
    /// How it travels, each time.
    pub way: Way,
    /// When it was first sent and last answered.
    pub span: Span,
    /// What became of it.
    pub outcome: Outcome,
}

impl Call {
    /// A call that is yet to be sent.
    #[must_use]
    pub fn new(way: Way, deed: Deed) -> Self {
        let span = Span { sent_ns: u64::MAX, answered_ns: u64::MAX };
        Self { key: Uuid::now_v7().to_string(), deed, way, span, outcome: Outcome::Unknown }
    }

    /// The reservation that it is about.
    #[must_use]
    pub fn reservation(&self) -> Option<Uuid> {
        match self.deed {
            Deed::Reserve { id, .. } | Deed::Step { id, .. } | Deed::Return { id, .. } => Some(id),
            Deed::Read(_) | Deed::Change(..) => None,
        }
    }
}
