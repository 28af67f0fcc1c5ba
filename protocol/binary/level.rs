//! Levels in binary, one variant a view. Times are microseconds since 1970-01-01T00:00:00Z.

use super::codec::{BorrowDecode, Encode, put};
use crate::{Balances, BandedLevel, BooleanLevel, Level, LevelView, StockBand, Timestamp};

/// All balances, in whole units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, BorrowDecode)]
#[expect(missing_docs, reason = "the fields are those of `Balances`")]
pub struct BalancesRecord {
    pub on_hand: i64,
    pub reserved: i64,
    pub committed: i64,
    pub damaged: i64,
    pub quality_control: i64,
    pub safety_stock: i64,
    pub incoming: i64,
    pub available: i64,
}

/// A level, as the subscription's view tells it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum LevelRecord<'a> {
    /// 0: all balances.
    Exact {
        /// What is sold.
        sku: &'a str,
        /// Where it is.
        location: &'a str,
        /// Its balances.
        balances: BalancesRecord,
        /// How far below zero promises may take `available`.
        oversell_limit: i64,
        /// The number of the key's last event.
        version: u64,
        /// The time of the key's last event.
        as_of: u64,
    },
    /// 1: a band.
    Banded {
        /// What is sold.
        sku: &'a str,
        /// Where it is.
        location: &'a str,
        /// How much of it there is.
        availability: BandRecord,
        /// The number of the key's last event.
        version: u64,
        /// The time of the key's last event.
        as_of: u64,
    },
    /// 2: yes or no.
    Boolean {
        /// What is sold.
        sku: &'a str,
        /// Where it is.
        location: &'a str,
        /// Whether anything can be promised.
        is_available: bool,
        /// The number of the key's last event.
        version: u64,
        /// The time of the key's last event.
        as_of: u64,
    },
}

/// A band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum BandRecord {
    /// 0: nothing can be promised.
    OutOfStock,
    /// 1: at most the configured threshold.
    LowStock,
    /// 2: more than that.
    InStock,
}

impl LevelRecord<'_> {
    /// The level's bytes, to be placed into any number of frames.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(self, &mut bytes);
        bytes
    }
}

impl<'a> From<&'a LevelView> for LevelRecord<'a> {
    fn from(level: &'a LevelView) -> Self {
        match level {
            LevelView::Exact(level) => Self::Exact {
                sku: &level.sku,
                location: &level.location,
                balances: BalancesRecord {
                    on_hand: level.on_hand,
                    reserved: level.reserved,
                    committed: level.committed,
                    damaged: level.damaged,
                    quality_control: level.quality_control,
                    safety_stock: level.safety_stock,
                    incoming: level.incoming,
                    available: level.available,
                },
                oversell_limit: level.oversell_limit,
                version: level.version,
                as_of: level.as_of.as_micros(),
            },
            LevelView::Banded(level) => Self::Banded {
                sku: &level.sku,
                location: &level.location,
                availability: level.availability.into(),
                version: level.version,
                as_of: level.as_of.as_micros(),
            },
            LevelView::Boolean(level) => Self::Boolean {
                sku: &level.sku,
                location: &level.location,
                is_available: level.is_available,
                version: level.version,
                as_of: level.as_of.as_micros(),
            },
        }
    }
}

impl From<LevelRecord<'_>> for LevelView {
    fn from(record: LevelRecord<'_>) -> Self {
        match record {
            LevelRecord::Exact { sku, location, balances, oversell_limit, version, as_of } => {
                Self::Exact(Level {
                    sku: sku.to_owned(),
                    location: location.to_owned(),
                    on_hand: balances.on_hand,
                    reserved: balances.reserved,
                    committed: balances.committed,
                    damaged: balances.damaged,
                    quality_control: balances.quality_control,
                    safety_stock: balances.safety_stock,
                    incoming: balances.incoming,
                    available: balances.available,
                    oversell_limit,
                    version,
                    as_of: Timestamp::from_micros_clamped(as_of),
                })
            }
            LevelRecord::Banded { sku, location, availability, version, as_of } => {
                Self::Banded(BandedLevel {
                    sku: sku.to_owned(),
                    location: location.to_owned(),
                    availability: availability.into(),
                    version,
                    as_of: Timestamp::from_micros_clamped(as_of),
                })
            }
            LevelRecord::Boolean { sku, location, is_available, version, as_of } => {
                Self::Boolean(BooleanLevel {
                    sku: sku.to_owned(),
                    location: location.to_owned(),
                    is_available,
                    version,
                    as_of: Timestamp::from_micros_clamped(as_of),
                })
            }
        }
    }
}

impl From<StockBand> for BandRecord {
    fn from(band: StockBand) -> Self {
        match band {
            StockBand::OutOfStock => Self::OutOfStock,
            StockBand::LowStock => Self::LowStock,
            StockBand::InStock => Self::InStock,
        }
    }
}

impl From<BandRecord> for StockBand {
    fn from(band: BandRecord) -> Self {
        match band {
            BandRecord::OutOfStock => Self::OutOfStock,
            BandRecord::LowStock => Self::LowStock,
            BandRecord::InStock => Self::InStock,
        }
    }
}

impl From<&Balances> for BalancesRecord {
    fn from(balances: &Balances) -> Self {
        Self {
            on_hand: balances.on_hand,
            reserved: balances.reserved,
            committed: balances.committed,
            damaged: balances.damaged,
            quality_control: balances.quality_control,
            safety_stock: balances.safety_stock,
            incoming: balances.incoming,
            available: balances.available,
        }
    }
}

impl From<BalancesRecord> for Balances {
    fn from(record: BalancesRecord) -> Self {
        Self {
            on_hand: record.on_hand,
            reserved: record.reserved,
            committed: record.committed,
            damaged: record.damaged,
            quality_control: record.quality_control,
            safety_stock: record.safety_stock,
            incoming: record.incoming,
            available: record.available,
        }
    }
}
