//! A reservation as answers tell it: its lines, what became of their units, and its deadline.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// The one state that all units share, leaving released and expired ones aside while others remain and
/// counting returned as fulfilled; otherwise `mixed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// A cart, or an order that awaits payment.
    Held,
    /// Promised to an order.
    Committed,
    /// Handed over.
    Fulfilled,
    /// Given back.
    Released,
    /// Out of time.
    Expired,
    /// Units in more than one state.
    Mixed,
}

/// The units of one key. `quantity` = `held` + `committed` + `fulfilled` + `released` + `expired` + `returned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ReservationLine {
    /// What.
    pub sku: String,
    /// Where from.
    pub location: String,
    /// Units asked for, all calls together.
    pub requested: u64,
    /// Units granted.
    pub quantity: u64,
    /// Units in an open hold.
    pub held: u64,
    /// Units promised to the order.
    pub committed: u64,
    /// Units handed over and not returned.
    pub fulfilled: u64,
    /// Units given back.
    pub released: u64,
    /// Units whose hold ran out.
    pub expired: u64,
    /// Units that came back after they were handed over.
    pub returned: u64,
}

/// A reservation with all its lines, one for each key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "id": "01940000-0000-7000-8000-000000000001", "status": "held",
    "lines": [{"sku": "TEE-BLACK-M", "location": "OSLO-1", "requested": 2, "quantity": 2, "held": 2,
        "committed": 0, "fulfilled": 0, "released": 0, "expired": 0, "returned": 0}],
    "expires_at": "2026-01-31T08:30:00.000000Z", "created_at": "2026-01-31T08:15:00.000000Z",
    "order_reference": "O-1001", "customer_reference": null, "channel": "web"
})))]
pub struct Reservation {
    /// The caller's id, or one that the engine made (UUID version 7).
    pub id: Uuid,
    /// The state that its units share.
    pub status: ReservationStatus,
    /// One line for each key.
    pub lines: Vec<ReservationLine>,
    /// The earliest deadline of an open hold; null where nothing is held.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub expires_at: Option<Timestamp>,
    /// When it was first granted.
    pub created_at: Timestamp,
    /// The caller's order, or null.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub order_reference: Option<String>,
    /// The caller's customer, or null.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub customer_reference: Option<String>,
    /// Where the sale comes from, or null.
    #[cfg_attr(feature = "schema", schema(required = true))]
    pub channel: Option<String>,
}

/// A page of reservations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Reservations {
    /// The page.
    pub reservations: Vec<Reservation>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "schema", schema(required = true, max_length = 64))]
    pub next_cursor: Option<String>,
}
