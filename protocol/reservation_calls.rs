//! The bodies of the calls that make and move a reservation: reserve, cart-add, commit, fulfil, release, extend.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::optional::{lines, lines_or_all, null_is_default};
use crate::{Channel, CustomerReference, HoldSeconds, Location, OrderReference, Quantity, Sku};

/// Units of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What.
    pub sku: Sku,
    /// Where from.
    pub location: Location,
    /// How many.
    pub quantity: Quantity,
}

/// What happens where a line falls short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The call is granted whole or refused whole.
    #[default]
    AllOrNothing,
    /// Each line gets what there is; refused only when that is nothing at all.
    Partial,
}

/// Which units a release gives back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseFrom {
    /// Units of open holds.
    #[default]
    Held,
    /// Committed units: a cancelled order.
    Committed,
}

/// `POST /v1/reservations`: hold units of one or many keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "lines": [{"sku": "TEE-BLACK-M", "location": "OSLO-1", "quantity": 2}],
    "hold_seconds": 900, "order_reference": "O-1001", "channel": "web"
})))]
#[serde(deny_unknown_fields)]
pub struct ReserveRequest {
    /// The caller's id for the reservation. The same id with the same body is a repeat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Uuid>,
    /// 1 to 1,000 lines; lines of the same key are one line, their sum.
    #[serde(deserialize_with = "lines")]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub lines: Vec<Line>,
    /// How long the holds last; the engine's `hold_seconds` (900 unless configured) when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<HoldSeconds>,
    /// What happens where a line falls short.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub mode: Mode,
    /// The caller's order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_reference: Option<OrderReference>,
    /// The caller's customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<CustomerReference>,
    /// Where the sale comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
}

impl ReserveRequest {
    /// A request for these lines, with every default.
    #[must_use]
    pub fn new(lines: Vec<Line>) -> Self {
        Self {
            id: None,
            lines,
            hold_seconds: None,
            mode: Mode::default(),
            order_reference: None,
            customer_reference: None,
            channel: None,
        }
    }
}

/// `POST /v1/reservations/{id}/lines`: the cart-add to an open reservation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddLinesRequest {
    /// 1 to 1,000 lines; lines of the same key are one line, their sum.
    #[serde(deserialize_with = "lines")]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub lines: Vec<Line>,
    /// With it, the reservation's holds get the deadline now + this, where that is later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_seconds: Option<HoldSeconds>,
    /// What happens where a line falls short.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub mode: Mode,
}

/// `POST /v1/reservations/{id}/commit`: promise held units to the order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CommitRequest {
    /// Which units; all held ones when left out.
    #[serde(default, deserialize_with = "lines_or_all", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub lines: Option<Vec<Line>>,
}

/// `POST /v1/reservations/{id}/fulfil`: hand committed units over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FulfilRequest {
    /// Which units; all committed ones when left out.
    #[serde(default, deserialize_with = "lines_or_all", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub lines: Option<Vec<Line>>,
}

/// `POST /v1/reservations/{id}/release`: give units back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// Which units; all of `from` when left out.
    #[serde(default, deserialize_with = "lines_or_all", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(min_items = 1, max_items = 1000))]
    pub lines: Option<Vec<Line>>,
    /// Held units, or committed ones.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub from: ReleaseFrom,
}

/// `POST /v1/reservations/{id}/extend`: give all holds of the reservation a new deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ExtendRequest {
    /// The holds' deadline becomes now + this.
    pub hold_seconds: HoldSeconds,
}
