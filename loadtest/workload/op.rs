//! One operation of a workload: what a client asks for, in a form that is the same for every target.

use std::sync::Arc;

use crate::workload::names::Ticket;

/// The place of a key (a SKU at a location) in the run's list of keys.
pub type KeyIndex = u32;

/// What an operation does. The words are those of the rules of stock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Verb {
    /// Goods come in.
    Receive,
    /// Units are held.
    Reserve,
    /// A hold gets a later deadline.
    Extend,
    /// Held units are promised to the order.
    Commit,
    /// Committed units are handed over.
    Fulfil,
    /// Held units are given back.
    Release,
    /// Committed units are given back: a cancelled order.
    Cancel,
    /// Units go over the counter at once.
    Sell,
    /// Fulfilled units come back.
    Return,
    /// A level is read.
    Read,
}

impl Verb {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::Receive,
        Self::Reserve,
        Self::Extend,
        Self::Commit,
        Self::Fulfil,
        Self::Release,
        Self::Cancel,
        Self::Sell,
        Self::Return,
        Self::Read,
    ];

    /// As reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receive => "receive",
            Self::Reserve => "reserve",
            Self::Extend => "extend",
            Self::Commit => "commit",
            Self::Fulfil => "fulfil",
            Self::Release => "release",
            Self::Cancel => "cancel",
            Self::Sell => "sell",
            Self::Return => "return",
            Self::Read => "read",
        }
    }

    /// Whether it names a reservation.
    #[must_use]
    pub const fn has_reservation(self) -> bool {
        !matches!(self, Self::Receive | Self::Sell | Self::Read)
    }

    /// Whether the WebSocket's `commands` know it.
    #[must_use]
    pub const fn is_command(self) -> bool {
        !matches!(self, Self::Return | Self::Read)
    }
}

/// One line of a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which key.
    pub key: KeyIndex,
    /// Units.
    pub quantity: u32,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// What is done.
    pub verb: Verb,
    /// The operation's own name, from which its idempotency key is made.
    pub name: Ticket,
    /// The reservation that it makes or moves; a reservation has the name of the operation that made it. The
    /// operation's own name where the verb has no reservation.
    pub reservation: Ticket,
    /// Which key; of a basket the first line's.
    pub key: KeyIndex,
    /// Units; of a basket their sum. 0 with `extend` and `read`.
    pub quantity: u32,
    /// Whether the units are all that the reservation has, so that the quantity can be left out and the operation
    /// repeated as it is.
    pub is_whole: bool,
    /// With `reserve` and `extend`: how long the hold lasts, in seconds; 0 is the engine's default.
    pub hold_seconds: u32,
    /// The lines where the reservation is a basket, each key at most once. Of a basket every operation has them.
    pub lines: Option<Arc<[Line]>>,
}

impl Op {
    /// A reserve of one key.
    #[must_use]
    pub const fn reserve(name: Ticket, key: KeyIndex, quantity: u32, hold_seconds: u32) -> Self {
        let verb = Verb::Reserve;
        Self {
            verb,
            name,
            reservation: name,
            key,
            quantity,
            is_whole: false,
            hold_seconds,
            lines: None,
        }
    }

    /// The lines: a basket's, or the one.
    pub fn each_line(&self) -> impl Iterator<Item = Line> + '_ {
        let one = Line { key: self.key, quantity: self.quantity };
        let lines: &[Line] = self.lines.as_deref().unwrap_or_default();
        let alone = self.lines.is_none().then_some(one);
        alone.into_iter().chain(lines.iter().copied())
    }
}
