//! The three balances that a replay moves, and what each kind of event does to them: the audit's own arithmetic,
//! written from the specification and shared by the model and by the sum of movements.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use saldo_protocol::{Balances, Level, MovementKind};

/// Units by code, several lines of a code summed: what an invoice asks of the stock.
pub type Basket = BTreeMap<String, u64>;

/// Balances of one key in whole units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stock {
    /// Physically there.
    pub on_hand: i64,
    /// In open holds.
    pub reserved: i64,
    /// Promised to orders.
    pub committed: i64,
}

impl Stock {
    /// What can still be promised.
    #[must_use]
    pub const fn available(self) -> i64 {
        self.on_hand - self.reserved - self.committed
    }

    /// After an event of so many units (signed for `adjusted`). None for kinds that a replay never causes.
    #[must_use]
    pub const fn after(mut self, kind: MovementKind, units: i64) -> Option<Self> {
        match kind {
            MovementKind::Received | MovementKind::Adjusted | MovementKind::Returned => {
                self.on_hand += units;
            }
            MovementKind::Reserved => self.reserved += units,
            MovementKind::Committed => {
                self.reserved -= units;
                self.committed += units;
            }
            MovementKind::Fulfilled => {
                self.committed -= units;
                self.on_hand -= units;
            }
            MovementKind::Released | MovementKind::Expired => self.reserved -= units,
            MovementKind::Counted
            | MovementKind::PolicySet
            | MovementKind::Extended
            | MovementKind::Sold
            | MovementKind::Opening => return None,
        }
        Some(self)
    }

    /// Units by which the two differ, all balances together.
    #[must_use]
    pub const fn difference(self, other: Self) -> u64 {
        self.on_hand.abs_diff(other.on_hand)
            + self.reserved.abs_diff(other.reserved)
            + self.committed.abs_diff(other.committed)
    }
}

/// All balances of a level, in the form in which movements tell them.
#[must_use]
pub const fn balances(level: &Level) -> Balances {
    Balances {
        on_hand: level.on_hand,
        reserved: level.reserved,
        committed: level.committed,
        damaged: level.damaged,
        quality_control: level.quality_control,
        safety_stock: level.safety_stock,
        incoming: level.incoming,
        available: level.available,
    }
}

/// Whether `available` is what the other balances make it.
#[must_use]
pub const fn adds_up(balances: &Balances) -> bool {
    balances.available
        == balances.on_hand
            - balances.damaged
            - balances.quality_control
            - balances.safety_stock
            - balances.reserved
            - balances.committed
}

/// The part that a replay moves, and the units in balances that it never touches.
#[must_use]
pub const fn split(balances: &Balances) -> (Stock, u64) {
    let stock = Stock {
        on_hand: balances.on_hand,
        reserved: balances.reserved,
        committed: balances.committed,
    };
    let foreign = balances.damaged.unsigned_abs()
        + balances.quality_control.unsigned_abs()
        + balances.safety_stock.unsigned_abs()
        + balances.incoming.unsigned_abs();
    (stock, foreign)
}

/// A number that stands for one event of no reservation. Their wrapping sum stands for a set of events in any
/// order, in 8 bytes a key: so every answer is looked for among the movements without keeping the answers.
#[must_use]
pub fn fact_mark(kind: MovementKind, units: i64) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, units).hash(&mut hasher);
    hasher.finish()
}

/// Sums lines by code.
#[must_use]
pub fn basket<'a>(lines: impl IntoIterator<Item = &'a (String, u32)>) -> Basket {
    let mut sums = Basket::new();
    for (code, units) in lines {
        *sums.entry(code.clone()).or_default() += u64::from(*units);
    }
    sums
}
