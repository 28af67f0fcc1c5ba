//! How much a subscription is told of each key, and what a level is worth in bands.

use std::collections::BTreeMap;

use saldo_ledger::Level;

/// How much is told, from the most exact to the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// All balances.
    #[default]
    Exact,
    /// A band.
    Banded,
    /// Whether anything can be promised.
    Boolean,
}

/// What can be promised of a key, in three bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Nothing.
    OutOfStock,
    /// At most the threshold.
    LowStock,
    /// More than that.
    InStock,
}

impl Band {
    /// What a reader of this view can tell apart: levels of the same shade look the same to it. None where every
    /// level is told.
    pub(super) const fn shade(self, view: View) -> Option<Self> {
        match (view, self) {
            (View::Exact, _) => None,
            (View::Banded, band) => Some(band),
            (View::Boolean, Self::LowStock | Self::InStock) => Some(Self::InStock),
            (View::Boolean, Self::OutOfStock) => Some(Self::OutOfStock),
        }
    }
}

/// From how many units on stock is no longer low: for all SKUs, and for those with a prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    default: i64,
    by_prefix: BTreeMap<Box<str>, i64>,
}

impl Thresholds {
    /// A threshold in units for every SKU, and others for SKUs that begin with a prefix; the longest one counts.
    #[must_use]
    pub fn new(default: i64, by_prefix: impl IntoIterator<Item = (Box<str>, i64)>) -> Self {
        Self { default, by_prefix: by_prefix.into_iter().collect() }
    }

    /// The band of a level. What can be promised is what is available and what may be oversold.
    #[must_use]
    pub fn band(&self, level: &Level) -> Band {
        let promisable = level.balances.available().saturating_add(level.balances.oversell_limit);
        if promisable <= 0 {
            Band::OutOfStock
        } else if promisable <= self.of(level.key.sku()) {
            Band::LowStock
        } else {
            Band::InStock
        }
    }

    fn of(&self, sku: &str) -> i64 {
        if self.by_prefix.is_empty() {
            return self.default;
        }
        (1..=sku.len())
            .rev()
            .filter_map(|length| self.by_prefix.get(sku.get(..length)?))
            .copied()
            .next()
            .unwrap_or(self.default)
    }
}
