//! Many levels with one call: `POST /v1/availability:query`.

use serde::{Deserialize, Serialize};

use crate::object::objects;
use crate::{Level, Location, Sku};

/// What to look up.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityItem {
    /// What.
    pub sku: Sku,
    /// Where; all locations of the SKU when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// `POST /v1/availability:query`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "items": [{"sku": "TEE-BLACK-M"}, {"sku": "TEE-BLACK-L", "location": "OSLO-1"}]
})))]
#[serde(deny_unknown_fields)]
pub struct AvailabilityQuery {
    /// At most 1,000 items.
    #[serde(deserialize_with = "objects")]
    #[cfg_attr(feature = "schema", schema(max_items = 1000))]
    pub items: Vec<AvailabilityItem>,
}

/// An item of the query that nothing is known of, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct UnknownItem {
    /// What.
    pub sku: String,
    /// Where; left out as in the query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
}

/// The answer to an [`AvailabilityQuery`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Availability {
    /// The levels that there are, in the items' order.
    pub levels: Vec<Level>,
    /// The items without any level.
    pub unknown: Vec<UnknownItem>,
}
