//! The balances of one SKU at one location and what may be promised of them.

use crate::key::StockKey;
use crate::time::Timestamp;
use crate::units::Verb;

/// Largest quantity of one message or one line, in units.
pub const QUANTITY_MAX: u32 = (1 << 31) - 1;
/// Largest whole number that JSON carries exactly everywhere (RFC 8259, section 6): 2^53 − 1.
pub const WHOLE_MAX: i64 = (1 << 53) - 1;

/// Units of one SKU at one location. Only `on_hand` may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    /// Physically there, sellable or not.
    pub on_hand: i64,
    /// In open holds.
    pub reserved: i64,
    /// Promised to orders, not yet handed over.
    pub committed: i64,
    /// Part of `on_hand` that is damaged.
    pub damaged: i64,
    /// Part of `on_hand` that awaits inspection.
    pub quality_control: i64,
    /// Kept back by policy.
    pub safety_stock: i64,
    /// Announced, not there yet.
    pub incoming: i64,
    /// How far below zero `available` may be promised, by policy.
    pub oversell_limit: i64,
}

/// A balance that an adjustment can name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bucket {
    /// `on_hand`.
    #[default]
    OnHand,
    /// `damaged`; does not move `on_hand`.
    Damaged,
    /// `quality_control`; does not move `on_hand`.
    QualityControl,
    /// `incoming`.
    Incoming,
}

impl Balances {
    /// All balances in the order in which they are declared, which stored forms rely on.
    #[must_use]
    pub const fn to_figures(self) -> [i64; 8] {
        [
            self.on_hand,
            self.reserved,
            self.committed,
            self.damaged,
            self.quality_control,
            self.safety_stock,
            self.incoming,
            self.oversell_limit,
        ]
    }

    /// The balances that [`Balances::to_figures`] told.
    #[must_use]
    pub const fn from_figures(figures: [i64; 8]) -> Self {
        let [
            on_hand,
            reserved,
            committed,
            damaged,
            quality_control,
            safety_stock,
            incoming,
            oversell_limit,
        ] = figures;
        Self {
            on_hand,
            reserved,
            committed,
            damaged,
            quality_control,
            safety_stock,
            incoming,
            oversell_limit,
        }
    }

    /// What may still be promised. All balances are within ±2^53, so this cannot overflow.
    #[must_use]
    pub fn available(&self) -> i64 {
        self.on_hand
            - self.damaged
            - self.quality_control
            - self.safety_stock
            - self.reserved
            - self.committed
    }

    /// Units that a reserve or a sale may still take, oversell included; never negative.
    #[must_use]
    pub fn promisable(&self) -> i64 {
        (self.available() + self.oversell_limit).max(0)
    }

    /// Whether every balance is in its range: none but `on_hand` negative, none past 2^53 − 1.
    #[must_use]
    pub fn in_range(&self) -> bool {
        let whole = 0..=WHOLE_MAX;
        (-WHOLE_MAX..=WHOLE_MAX).contains(&self.on_hand)
            && (-WHOLE_MAX..=WHOLE_MAX).contains(&self.available())
            && [
                self.reserved,
                self.committed,
                self.damaged,
                self.quality_control,
                self.safety_stock,
                self.incoming,
                self.oversell_limit,
            ]
            .iter()
            .all(|balance| whole.contains(balance))
    }

    /// The balance that `bucket` names.
    pub(crate) fn bucket_mut(&mut self, bucket: Bucket) -> &mut i64 {
        match bucket {
            Bucket::OnHand => &mut self.on_hand,
            Bucket::Damaged => &mut self.damaged,
            Bucket::QualityControl => &mut self.quality_control,
            Bucket::Incoming => &mut self.incoming,
        }
    }

    /// Moves units of a reservation as `verb` says.
    pub(crate) fn step(&mut self, verb: Verb, quantity: u32) {
        let quantity = i64::from(quantity);
        match verb {
            Verb::Commit => {
                self.reserved -= quantity;
                self.committed += quantity;
            }
            Verb::Fulfil => {
                self.committed -= quantity;
                self.on_hand -= quantity;
            }
            Verb::Cancel => self.committed -= quantity,
            Verb::Release | Verb::Expire => self.reserved -= quantity,
        }
    }
}

/// What a reader is told of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// The SKU and location.
    pub key: StockKey,
    /// All balances.
    pub balances: Balances,
    /// Number of events so far.
    pub version: u64,
    /// Logged time of the last event.
    pub as_of: Timestamp,
}
