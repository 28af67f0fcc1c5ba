//! Goods that come back: to an order (`/v1/reservations/{id}/return`) or without one (`/v1/returns`).

use serde::{Deserialize, Serialize};

use crate::optional::{lines, null_is_default};
use crate::{Level, Location, Quantity, Reason, Sku};

/// In which state goods come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// As good as new.
    #[default]
    Sellable,
    /// Raises `damaged` as well as `on_hand`.
    Damaged,
    /// Raises `quality_control` as well as `on_hand`.
    QualityControl,
}

/// Units of one line of the order that come back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReturnLine {
    /// What.
    pub sku: Sku,
    /// The line's own location, where the units were sold from.
    pub location: Location,
    /// How many.
    pub quantity: Quantity,
    /// Where they arrive; at `location` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_location: Option<Location>,
    /// In which state.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub condition: Condition,
}

/// `POST /v1/reservations/{id}/return`: fulfilled units come back.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReturnLinesRequest {
    /// 1 to 1,000 lines.
    #[serde(deserialize_with = "lines")]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub lines: Vec<ReturnLine>,
}

/// Units that come back without an order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReturnWithoutOrderLine {
    /// What.
    pub sku: Sku,
    /// Where they arrive.
    pub location: Location,
    /// How many.
    pub quantity: Quantity,
    /// In which state.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub condition: Condition,
}

/// `POST /v1/returns`: goods come back whose order is not known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReturnWithoutOrderRequest {
    /// 1 to 1,000 lines.
    #[serde(deserialize_with = "lines")]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub lines: Vec<ReturnWithoutOrderLine>,
    /// Why.
    pub reason: Reason,
}

/// The answer to a return without an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReturnedLevels {
    /// The level of each key where units arrived.
    pub levels: Vec<Level>,
}
