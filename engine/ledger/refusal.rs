//! A refusal is data: what was asked, what there is, and the one code that comes first.

use alloc::vec::Vec;

use crate::key::StockKey;

/// Why a command was refused, in order of precedence: of several, the first is the answer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCode {
    /// The request cannot be understood; found out where the ledger's types cannot hold it.
    Malformed,
    /// A list, hold or balance would pass its limit.
    LimitExceeded,
    /// The idempotency key or reservation id stands for another call.
    IdempotencyKeyReused,
    /// No event was ever accepted for this SKU and location.
    UnknownStock,
    /// No reservation of this id is kept.
    UnknownReservation,
    /// The version lies in the future or before what the journal reaches.
    VersionMismatch,
    /// The deadline has passed, swept or not.
    ReservationExpired,
    /// Nothing is held or committed any more.
    ReservationClosed,
    /// More than is held.
    QuantityExceedsHeld,
    /// More than is committed.
    QuantityExceedsCommitted,
    /// More than was fulfilled and not yet returned.
    QuantityExceedsFulfilled,
    /// The customer has as many open holds as policy allows.
    HoldLimit,
    /// `available` would fall below `−oversell_limit`.
    InsufficientStock,
    /// More is in flight than the engine admits; nothing happened.
    Overloaded,
    /// The journal cannot grow at present; nothing happened.
    ReadOnly,
    /// The engine, or this key, cannot serve at present; nothing happened.
    NotReady,
    /// It may or may not have happened: ask again with the same key.
    OutcomeUnknown,
}

impl RefusalCode {
    /// Whether the same request may succeed later without anyone changing anything about it.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Overloaded | Self::ReadOnly | Self::NotReady | Self::OutcomeUnknown => true,
            Self::Malformed
            | Self::LimitExceeded
            | Self::IdempotencyKeyReused
            | Self::UnknownStock
            | Self::UnknownReservation
            | Self::VersionMismatch
            | Self::ReservationExpired
            | Self::ReservationClosed
            | Self::QuantityExceedsHeld
            | Self::QuantityExceedsCommitted
            | Self::QuantityExceedsFulfilled
            | Self::HoldLimit
            | Self::InsufficientStock => false,
        }
    }
}

/// One line of a refused call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineRefusal {
    /// The line's key.
    pub key: StockKey,
    /// Why this line fell short.
    pub code: RefusalCode,
    /// Units asked for, summed over the call's lines of this key.
    pub requested: u64,
    /// Units that there are: available to a reserve, or held, committed, fulfilled.
    pub available: i64,
}

/// A refused command. Allocates only where lines are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code that comes first.
    pub code: RefusalCode,
    /// Units asked for of the ledger's own key; 0 where the refusal is not about a quantity.
    pub requested: u64,
    /// Units that there are of the ledger's own key.
    pub available: i64,
    /// The lines that failed; empty where the command was about the ledger's own key alone.
    pub lines: Vec<LineRefusal>,
}

impl Refusal {
    /// A refusal that is not about a quantity.
    #[must_use]
    pub const fn plain(code: RefusalCode) -> Self {
        Self { code, requested: 0, available: 0, lines: Vec::new() }
    }

    /// A refusal because `requested` is more than `available`.
    #[must_use]
    pub const fn short(code: RefusalCode, requested: u64, available: i64) -> Self {
        Self { code, requested, available, lines: Vec::new() }
    }

    /// A refusal that names its lines; the first code of theirs is the refusal's.
    #[must_use]
    pub fn of_lines(lines: Vec<LineRefusal>) -> Option<Self> {
        let code = lines.iter().map(|line| line.code).min()?;
        Some(Self { code, requested: 0, available: 0, lines })
    }
}

impl From<RefusalCode> for Refusal {
    fn from(code: RefusalCode) -> Self {
        Self::plain(code)
    }
}
