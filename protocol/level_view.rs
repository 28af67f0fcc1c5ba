//! What a subscription tells of a key: all its balances, a band, or a yes or no. A shop shows its visitors no
//! more than it wants competitors to read.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Level, Timestamp};

/// How much a subscription tells of each key, from the most exact to the least.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// All balances.
    #[default]
    Exact,
    /// In stock, low or out of stock.
    Banded,
    /// Whether there is anything to be had.
    Boolean,
}

impl View {
    /// The name that JSON carries.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Banded => "banded",
            Self::Boolean => "boolean",
        }
    }
}

/// What can be promised of a key, in three bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StockBand {
    /// Nothing can be promised.
    OutOfStock,
    /// At most the configured threshold can be promised.
    LowStock,
    /// More than that.
    InStock,
}

/// A level in the view `banded`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "sku": "TEE-BLACK-M", "location": "OSLO-1", "availability": "low_stock", "version": 18,
    "as_of": "2026-01-31T08:15:00.000000Z"
})))]
pub struct BandedLevel {
    /// What is sold.
    pub sku: String,
    /// Where it is.
    pub location: String,
    /// How much of it there is.
    pub availability: StockBand,
    /// The number of the key's last event.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 9007199254740991_i64))]
    pub version: u64,
    /// The time of the key's last event.
    pub as_of: Timestamp,
}

/// A level in the view `boolean`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "sku": "TEE-BLACK-M", "location": "OSLO-1", "is_available": true, "version": 18,
    "as_of": "2026-01-31T08:15:00.000000Z"
})))]
pub struct BooleanLevel {
    /// What is sold.
    pub sku: String,
    /// Where it is.
    pub location: String,
    /// Whether anything can be promised.
    pub is_available: bool,
    /// The number of the key's last event.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 9007199254740991_i64))]
    pub version: u64,
    /// The time of the key's last event.
    pub as_of: Timestamp,
}

/// A level as a subscription's view tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum LevelView {
    /// All balances.
    Exact(Level),
    /// A band.
    Banded(BandedLevel),
    /// Yes or no.
    Boolean(BooleanLevel),
}

impl LevelView {
    /// What is sold.
    #[must_use]
    pub fn sku(&self) -> &str {
        match self {
            Self::Exact(level) => &level.sku,
            Self::Banded(level) => &level.sku,
            Self::Boolean(level) => &level.sku,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &str {
        match self {
            Self::Exact(level) => &level.location,
            Self::Banded(level) => &level.location,
            Self::Boolean(level) => &level.location,
        }
    }

    /// The number of the key's last event: of two levels of a key the higher one is the newer.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Exact(level) => level.version,
            Self::Banded(level) => level.version,
            Self::Boolean(level) => level.version,
        }
    }

    /// The time of the key's last event.
    #[must_use]
    pub const fn as_of(&self) -> Timestamp {
        match self {
            Self::Exact(level) => level.as_of,
            Self::Banded(level) => level.as_of,
            Self::Boolean(level) => level.as_of,
        }
    }

    /// The balances, in the view `exact`.
    #[must_use]
    pub const fn exact(&self) -> Option<&Level> {
        match self {
            Self::Exact(level) => Some(level),
            Self::Banded(_) | Self::Boolean(_) => None,
        }
    }

    /// The balances, in the view `exact`.
    #[must_use]
    pub fn into_exact(self) -> Option<Level> {
        match self {
            Self::Exact(level) => Some(level),
            Self::Banded(_) | Self::Boolean(_) => None,
        }
    }
}

/// The fields of every view, read flat: serde's own way to tell untagged forms apart would buffer each level.
#[derive(Deserialize)]
struct Fields {
    sku: String,
    location: String,
    version: u64,
    as_of: Timestamp,
    availability: Option<StockBand>,
    is_available: Option<bool>,
    on_hand: Option<i64>,
    reserved: Option<i64>,
    committed: Option<i64>,
    damaged: Option<i64>,
    quality_control: Option<i64>,
    safety_stock: Option<i64>,
    incoming: Option<i64>,
    available: Option<i64>,
    oversell_limit: Option<i64>,
}

impl<'de> Deserialize<'de> for LevelView {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = Fields::deserialize(deserializer)?;
        let Fields { sku, location, version, as_of, .. } = fields;
        if let Some(availability) = fields.availability {
            return Ok(Self::Banded(BandedLevel { sku, location, availability, version, as_of }));
        }
        if let Some(is_available) = fields.is_available {
            return Ok(Self::Boolean(BooleanLevel { sku, location, is_available, version, as_of }));
        }
        let there = |found: Option<i64>, name| {
            found.ok_or_else(|| <D::Error as serde::de::Error>::missing_field(name))
        };
        Ok(Self::Exact(Level {
            sku,
            location,
            on_hand: there(fields.on_hand, "on_hand")?,
            reserved: there(fields.reserved, "reserved")?,
            committed: there(fields.committed, "committed")?,
            damaged: there(fields.damaged, "damaged")?,
            quality_control: there(fields.quality_control, "quality_control")?,
            safety_stock: there(fields.safety_stock, "safety_stock")?,
            incoming: there(fields.incoming, "incoming")?,
            available: there(fields.available, "available")?,
            oversell_limit: there(fields.oversell_limit, "oversell_limit")?,
            version,
            as_of,
        }))
    }
}
