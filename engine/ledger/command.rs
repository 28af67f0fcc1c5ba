//! Everything that can be asked of a ledger.

use alloc::{boxed::Box, vec::Vec};

use crate::balances::Bucket;
use crate::event::ArrivalAt;
use crate::key::StockKey;
use crate::reservation::References;
use crate::units::{ReservationId, Verb};

/// Free texts that a change carries into the key's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// Why.
    pub reason: Option<Box<str>>,
    /// The caller's own number of it.
    pub reference: Option<Box<str>>,
}

/// What makes a call be done once: its key and what was asked under it, both hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// 128-bit hash of the idempotency key.
    pub key: u128,
    /// 64-bit hash of the call and its parsed body.
    pub fingerprint: u64,
}

/// Whether a reservation is granted whole or as far as stock goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Granted whole or refused whole.
    #[default]
    AllOrNothing,
    /// Each line gets what there is; refused only where that is nothing at all.
    Partial,
}

/// A line asked of another key.
pub type PlanLine = crate::event::PlannedLine;

/// Asks for units: a new reservation whose home is here, or more lines of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// The reservation.
    pub id: ReservationId,
    /// Hash of the call that makes it; 0 where the engine made the id.
    pub fingerprint: u64,
    /// Whether lines are added to an open reservation.
    pub adding: bool,
    /// Units of this key, 0 for none.
    pub own: u32,
    /// Lines at other keys, in key order, none of them twice.
    pub others: Vec<PlanLine>,
    /// Length of the hold in seconds; left out of a cart-add, the deadline stays.
    pub hold_seconds: Option<u32>,
    /// Whole or in part.
    pub mode: Mode,
    /// Free texts of a new reservation.
    pub references: Option<Box<References>>,
}

/// Units of one line that a step shall move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// The line's key.
    pub key: StockKey,
    /// Units, summed over the call's lines of this key.
    pub quantity: u64,
}

/// Which units a step acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Every unit that the step can act on.
    All,
    /// Just these, all or nothing.
    Lines(Vec<Take>),
}

/// State in which returned goods arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// Back on the shelf.
    #[default]
    Sellable,
    /// Counts as damaged.
    Damaged,
    /// Awaits inspection.
    QualityControl,
}

/// Units that arrive at one key, by condition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Back on the shelf.
    pub sellable: u32,
    /// Damaged.
    pub damaged: u32,
    /// For inspection.
    pub quality_control: u32,
}

impl Arrivals {
    /// All units that arrive; none where the sum passes the quantity limit.
    #[must_use]
    pub fn total(&self) -> u64 {
        u64::from(self.sellable) + u64::from(self.damaged) + u64::from(self.quality_control)
    }

    /// The count of one condition.
    pub fn of_mut(&mut self, condition: Condition) -> &mut u32 {
        match condition {
            Condition::Sellable => &mut self.sellable,
            Condition::Damaged => &mut self.damaged,
            Condition::QualityControl => &mut self.quality_control,
        }
    }
}

/// A message to a ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Goods arrived.
    Receive {
        /// Units.
        quantity: u32,
        /// Whether they were announced as incoming.
        from_incoming: bool,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// A balance is corrected.
    Adjust {
        /// Units more or less.
        delta: i64,
        /// Which balance.
        bucket: Bucket,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// The shelf was counted.
    Count {
        /// What was there.
        counted: i64,
        /// On hand at the version at which it was counted; none means now.
        on_hand_then: Option<i64>,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// Policy changes; what is none keeps its value.
    SetPolicy {
        /// Units kept back.
        safety_stock: Option<i64>,
        /// Units that may be promised below zero.
        oversell_limit: Option<i64>,
    },
    /// A sale at a counter.
    Sell {
        /// Units.
        quantity: u32,
        /// Whether the goods have left already, so that it is a fact.
        handed_over: bool,
        /// Free texts.
        note: Option<Box<Note>>,
    },
    /// Units are asked for; decided at the home.
    Reserve(Box<Reserve>),
    /// As `Reserve`, for a new reservation of one line without references, without a box.
    ReserveOne {
        /// The reservation.
        id: ReservationId,
        /// Hash of the call that makes it.
        fingerprint: u64,
        /// Units.
        quantity: u32,
        /// Length of the hold in seconds.
        hold_seconds: u32,
        /// Whole or in part.
        mode: Mode,
    },
    /// The closing of a plan: what each other line got, or none where it is withdrawn.
    Close {
        /// The reservation.
        id: ReservationId,
        /// Units of each of the plan's other lines.
        grants: Option<Vec<u32>>,
    },
    /// Units asked of a key that is not the home; they count as reserved until the home closes.
    Pend {
        /// The reservation.
        id: ReservationId,
        /// Its home.
        home: StockKey,
        /// Units.
        quantity: u32,
        /// Whole or in part.
        mode: Mode,
    },
    /// The home withdrew its plan.
    Unpend {
        /// The reservation.
        id: ReservationId,
        /// Units that were pending.
        quantity: u32,
    },
    /// A new deadline, decided at the home.
    Extend {
        /// The reservation.
        id: ReservationId,
        /// Length of the hold from now, in seconds.
        hold_seconds: u32,
    },
    /// Units move on, decided at the home for all lines.
    Settle {
        /// The reservation.
        id: ReservationId,
        /// Which way.
        verb: Verb,
        /// Which units.
        selection: Selection,
    },
    /// Carries out at another key what the home decided.
    Carry {
        /// The reservation.
        id: ReservationId,
        /// Which way.
        verb: Verb,
        /// Units.
        quantity: u32,
    },
    /// Units of an order come back, decided at the home.
    Return {
        /// The reservation.
        id: ReservationId,
        /// Units of each line.
        lines: Vec<Take>,
        /// Where they arrive.
        arrivals: Vec<ArrivalAt>,
    },
    /// Goods arrive here: of an order decided elsewhere, or without an order.
    Arrive {
        /// The reservation; without an order an id of the operation's own.
        id: ReservationId,
        /// Whether `id` is a reservation.
        of_order: bool,
        /// What arrives here.
        here: Arrivals,
        /// What arrives at other keys by the same call.
        others: Vec<ArrivalAt>,
        /// Free texts.
        note: Option<Box<Note>>,
    },
}

impl Command {
    /// Whether the command may be the first of its key.
    #[must_use]
    pub fn creates(&self) -> bool {
        matches!(
            self,
            Self::Receive { .. }
                | Self::Adjust { .. }
                | Self::Count { .. }
                | Self::SetPolicy { .. }
                | Self::Arrive { .. }
        )
    }

    /// Whether it is a step of an operation over several keys, which was admitted before.
    #[must_use]
    pub fn is_step(&self) -> bool {
        matches!(
            self,
            Self::Close { .. } | Self::Pend { .. } | Self::Unpend { .. } | Self::Carry { .. }
        )
    }

    /// Whether it makes a reservation.
    #[must_use]
    pub fn makes_reservation(&self) -> bool {
        match self {
            Self::ReserveOne { .. } => true,
            Self::Reserve(reserve) => !reserve.adding,
            _ => false,
        }
    }

    /// The reservation that the command is about.
    #[must_use]
    pub fn reservation(&self) -> Option<ReservationId> {
        match self {
            Self::Reserve(reserve) => Some(reserve.id),
            Self::ReserveOne { id, .. }
            | Self::Close { id, .. }
            | Self::Pend { id, .. }
            | Self::Unpend { id, .. }
            | Self::Extend { id, .. }
            | Self::Settle { id, .. }
            | Self::Carry { id, .. }
            | Self::Return { id, .. } => Some(*id),
            Self::Receive { .. }
            | Self::Adjust { .. }
            | Self::Count { .. }
            | Self::SetPolicy { .. }
            | Self::Sell { .. }
            | Self::Arrive { .. } => None,
        }
    }
}
