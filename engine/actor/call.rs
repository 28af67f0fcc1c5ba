//! What can be asked of the engine as a whole, in domain types: the gateway's side of the actors.

use saldo_ledger::{
    Balances, Bucket, Condition, Level, Mode, Note, References, Refusal, ReservationId,
    ReservationView, StockKey, Timestamp, Verb,
};

/// A change of stock or of a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Goods arrived.
    Receive {
        /// Where.
        key: StockKey,
        /// Units.
        quantity: u32,
        /// Whether they were announced as incoming.
        from_incoming: bool,
        /// Free texts.
        note: Note,
    },
    /// A balance is corrected.
    Adjust {
        /// Where.
        key: StockKey,
        /// Units more or less, never 0.
        delta: i64,
        /// Which balance.
        bucket: Bucket,
        /// Free texts.
        note: Note,
    },
    /// The shelf was counted.
    Count {
        /// Where.
        key: StockKey,
        /// What was there, sellable or not.
        counted: i64,
        /// The key's version when it was counted; none means now.
        at_version: Option<u64>,
        /// Free texts.
        note: Note,
    },
    /// Policy changes; what is none keeps its value.
    SetPolicy {
        /// Where.
        key: StockKey,
        /// Units kept back.
        safety_stock: Option<i64>,
        /// Units that may be promised below zero.
        oversell_limit: Option<i64>,
    },
    /// A sale at a counter.
    Sell {
        /// Where.
        key: StockKey,
        /// Units.
        quantity: u32,
        /// Whether the goods have left already.
        handed_over: bool,
        /// Free texts.
        note: Note,
    },
    /// A new reservation.
    Reserve {
        /// The client's own id, if it gives one.
        id: Option<ReservationId>,
        /// Lines as given: a key may stand in several, their sum counts.
        lines: Vec<(StockKey, u32)>,
        /// Length of the hold in seconds; none is the default.
        hold_seconds: Option<u32>,
        /// Whole or in part.
        mode: Mode,
        /// Free texts.
        references: References,
    },
    /// A cart-add.
    AddLines {
        /// The open reservation.
        id: ReservationId,
        /// Lines as given.
        lines: Vec<(StockKey, u32)>,
        /// A new hold for the whole reservation, where its deadline is later.
        hold_seconds: Option<u32>,
        /// Whole or in part.
        mode: Mode,
    },
    /// A new deadline.
    Extend {
        /// The reservation.
        id: ReservationId,
        /// Length of the hold from now, in seconds.
        hold_seconds: u32,
    },
    /// Commit, fulfil, release (`Verb::Release` from held, `Verb::Cancel` from committed).
    Settle {
        /// The reservation.
        id: ReservationId,
        /// Which way. Never `Verb::Expire`.
        verb: Verb,
        /// Lines as given; none means every unit that can be acted on.
        lines: Option<Vec<(StockKey, u32)>>,
    },
    /// Units of an order come back.
    Return {
        /// The reservation.
        id: ReservationId,
        /// Lines as given.
        lines: Vec<ReturnLine>,
    },
    /// Units come back without an order.
    ReturnWithoutOrder {
        /// Where what arrives, in which condition.
        lines: Vec<(StockKey, u32, Condition)>,
        /// Why.
        reason: String,
    },
}

/// Units of an order's line that come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnLine {
    /// The line.
    pub key: StockKey,
    /// Units.
    pub quantity: u32,
    /// Where they arrive: the line's SKU, at the same or another location.
    pub to: StockKey,
    /// In which condition.
    pub condition: Condition,
}

/// What a change led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The key's level after it.
    Level(Level),
    /// The levels of all keys that took goods in, in key order.
    Levels(Vec<Level>),
    /// The reservation after it.
    Reservation(ReservationView),
}

/// A change's answer. Everything in it is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it led to.
    pub outcome: Outcome,
    /// Whether the call was a repeat: nothing was done again, and the outcome is as it is now.
    pub replayed: bool,
}

/// The answer to a call.
pub type CallResult = Result<Answer, Refusal>;

/// Part of a list, with where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Opaque; none at the end.
    pub next_cursor: Option<String>,
}

/// By which of its texts reservations are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// `order_reference`.
    Order,
    /// `customer_reference`.
    Customer,
}

/// Names of what can happen to a key, as its history tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the protocol, which explains them")]
pub enum MovementKind {
    Received,
    Adjusted,
    Counted,
    PolicySet,
    Reserved,
    Extended,
    Committed,
    Fulfilled,
    Released,
    Expired,
    Returned,
    Sold,
    Opening,
}

/// One event of a key as its history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// Place in the journal: its sequence number.
    pub sequence: u64,
    /// The key.
    pub key: StockKey,
    /// The key's version after it.
    pub version: u64,
    /// What happened.
    pub kind: MovementKind,
    /// Units that it moved: signed for adjustments and counts.
    pub quantity: i64,
    /// Balances before it.
    pub before: Balances,
    /// Balances after it.
    pub after: Balances,
    /// The reservation that caused it.
    pub reservation: Option<ReservationId>,
    /// Why.
    pub reason: Option<Box<str>>,
    /// The caller's own number of it.
    pub reference: Option<Box<str>>,
    /// Logged time.
    pub at: Timestamp,
}
