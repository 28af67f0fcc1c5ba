//! A level: all balances of one SKU at one location, as of its last event.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The balances of one key, in whole units. `available` = `on_hand` − `damaged` − `quality_control` −
/// `safety_stock` − `reserved` − `committed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "sku": "TEE-BLACK-M", "location": "OSLO-1", "on_hand": 41, "reserved": 2, "committed": 1, "damaged": 1,
    "quality_control": 0, "safety_stock": 5, "incoming": 20, "available": 32, "oversell_limit": 0,
    "version": 18, "as_of": "2026-01-31T08:15:00.000000Z"
})))]
pub struct Level {
    /// What is sold.
    pub sku: String,
    /// Where it is.
    pub location: String,
    /// Physically there, sellable or not; negative only by facts.
    pub on_hand: i64,
    /// Units of open holds.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub reserved: i64,
    /// Units promised to an order, not yet handed over.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub committed: i64,
    /// The part of `on_hand` that is damaged.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub damaged: i64,
    /// The part of `on_hand` that is being checked.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub quality_control: i64,
    /// Kept back by policy.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub safety_stock: i64,
    /// Announced, not there yet.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub incoming: i64,
    /// What can be promised; negative only by facts and by `oversell_limit`.
    pub available: i64,
    /// How far below zero promises may take `available`.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub oversell_limit: i64,
    /// The number of the key's last event; each event raises it by exactly one.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 9007199254740991_i64))]
    pub version: u64,
    /// The time of the key's last event.
    pub as_of: Timestamp,
}

/// One SKU at all its locations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SkuLevels {
    /// What is sold.
    pub sku: String,
    /// The sum of the positive `available` figures of all locations.
    #[cfg_attr(feature = "schema", schema(minimum = 0))]
    pub available: i64,
    /// One level for each location, in order of location (bytes).
    pub levels: Vec<Level>,
}
