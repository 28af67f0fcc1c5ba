//! Everything that can have happened to a key. Events are journalled; commands never are.

use alloc::{boxed::Box, vec::Vec};

use crate::balances::Bucket;
use crate::command::{Arrivals, Note, Once};
use crate::key::StockKey;
use crate::reservation::References;
use crate::time::Timestamp;
use crate::units::{ReservationId, Verb};

/// One accepted change of one key; it raises the key's version by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Logged time of the decision.
    pub at: Timestamp,
    /// The idempotency key under which it was asked.
    pub once: Option<Once>,
    /// What changed.
    pub change: Change,
}

/// A line that a plan asks of another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedLine {
    /// The key.
    pub key: StockKey,
    /// Units asked for.
    pub requested: u32,
}

/// Units of another key's line that a settlement moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettledPart {
    /// Place of the line among the home's other lines.
    pub line: u32,
    /// Units.
    pub quantity: u32,
}

/// Units of a line that come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnedPart {
    /// 0 is the home's own line, n the n-th of its other lines.
    pub line: u32,
    /// Units.
    pub quantity: u32,
}

/// Goods that arrive at another key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrivalAt {
    /// Where they arrive.
    pub key: StockKey,
    /// What arrives.
    pub arrivals: Arrivals,
}

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Goods arrived.
    Received {
        /// Units.
        quantity: u32,
        /// Whether incoming falls by them.
        from_incoming: bool,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// A balance was corrected.
    Adjusted {
        /// Units more or less.
        delta: i64,
        /// Which balance.
        bucket: Bucket,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// On hand became what was counted, and what had moved since.
    Counted {
        /// What was counted.
        counted: i64,
        /// By how much on hand moved.
        delta: i64,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// Policy has these values now.
    PolicySet {
        /// Units kept back.
        safety_stock: i64,
        /// Units that may be promised below zero.
        oversell_limit: i64,
    },
    /// Sold at a counter.
    Sold {
        /// Units.
        quantity: u32,
        /// Whether it was a fact.
        handed_over: bool,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// A reservation whose only line is here was granted.
    Reserved {
        /// The reservation.
        id: ReservationId,
        /// Hash of the call; 0 where the engine made the id.
        fingerprint: u64,
        /// Units asked for.
        requested: u32,
        /// Units granted.
        quantity: u32,
        /// Length of the hold in seconds.
        hold_seconds: u32,
        /// Free texts.
        references: Option<Box<References>>,
    },
    /// Units of the home's own key were added to a reservation.
    Added {
        /// The reservation.
        id: ReservationId,
        /// Units asked for.
        requested: u32,
        /// Units granted.
        quantity: u32,
        /// The new hold from now, where its deadline is later.
        hold_seconds: Option<u32>,
    },
    /// Lines are being asked of several keys; own units count as reserved.
    Planned {
        /// The reservation.
        id: ReservationId,
        /// Hash of the call; 0 where the engine made the id.
        fingerprint: u64,
        /// Whether lines are added to an open reservation.
        adding: bool,
        /// Units asked of the home's own key.
        requested: u32,
        /// Units of it that count as reserved now.
        quantity: u32,
        /// Length of the hold; of a cart-add only where its deadline is later.
        hold_seconds: Option<u32>,
        /// Lines at other keys.
        others: Vec<PlannedLine>,
        /// Free texts of a new reservation.
        references: Option<Box<References>>,
    },
    /// The plan was granted.
    Granted {
        /// The reservation.
        id: ReservationId,
        /// Units of each of the plan's other lines.
        grants: Vec<u32>,
    },
    /// The plan was withdrawn.
    Withdrawn {
        /// The reservation.
        id: ReservationId,
        /// Units of the home's own key that no longer count as reserved.
        quantity: u32,
    },
    /// Units count as reserved until their home closes the plan.
    Pended {
        /// The reservation.
        id: ReservationId,
        /// Its home.
        home: StockKey,
        /// Units.
        quantity: u32,
    },
    /// The home withdrew the plan.
    Unpended {
        /// The reservation.
        id: ReservationId,
        /// Units.
        quantity: u32,
    },
    /// All holds of the reservation have a new deadline.
    Extended {
        /// The reservation.
        id: ReservationId,
        /// Length of the hold from the event's time, in seconds.
        hold_seconds: u32,
    },
    /// Units moved on, for all lines.
    Settled {
        /// The reservation.
        id: ReservationId,
        /// Which way.
        verb: Verb,
        /// Units of the home's own line.
        own: u32,
        /// Units of other lines, to be carried out at their keys.
        others: Vec<SettledPart>,
    },
    /// What a home decided was carried out here.
    Carried {
        /// The reservation.
        id: ReservationId,
        /// Which way.
        verb: Verb,
        /// Units.
        quantity: u32,
    },
    /// Goods came back.
    Returned {
        /// The reservation; without an order an id of the operation's own.
        id: ReservationId,
        /// Whether `id` is a reservation.
        of_order: bool,
        /// What arrived here.
        here: Arrivals,
        /// Units of the reservation's lines that it took back; at its home only.
        lines: Vec<ReturnedPart>,
        /// What arrives at other keys, to be carried out there.
        others: Vec<ArrivalAt>,
        /// Free texts.
        note: Option<Box<Note>>,
    },
}
