//! A movement: one event of one key, with its balances before and after.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

/// All balances of a key at one moment, in whole units; as in a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Balances {
    /// Physically there, sellable or not.
    pub on_hand: i64,
    /// Units of open holds.
    pub reserved: i64,
    /// Units promised to an order, not yet handed over.
    pub committed: i64,
    /// The part of `on_hand` that is damaged.
    pub damaged: i64,
    /// The part of `on_hand` that is being checked.
    pub quality_control: i64,
    /// Kept back by policy.
    pub safety_stock: i64,
    /// Announced, not there yet.
    pub incoming: i64,
    /// What can be promised.
    pub available: i64,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MovementKind {
    /// Goods came in.
    Received,
    /// A balance was corrected.
    Adjusted,
    /// A stock take set `on_hand`.
    Counted,
    /// Safety stock or oversell limit were set.
    PolicySet,
    /// Units were held.
    Reserved,
    /// Holds got a later deadline.
    Extended,
    /// Held units were promised to an order.
    Committed,
    /// Committed units were handed over.
    Fulfilled,
    /// Held or committed units were given back.
    Released,
    /// Held units ran out of time.
    Expired,
    /// Goods came back.
    Returned,
    /// Goods were sold at once.
    Sold,
    /// The state with which a history begins whose older events are no longer kept.
    Opening,
}

/// One event of one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "cursor": "1a-4f", "sku": "TEE-BLACK-M", "location": "OSLO-1", "version": 2, "kind": "reserved", "quantity": 2,
    "before": {"on_hand": 10, "reserved": 0, "committed": 0, "damaged": 0, "quality_control": 0,
        "safety_stock": 0, "incoming": 0, "available": 10},
    "after": {"on_hand": 10, "reserved": 2, "committed": 0, "damaged": 0, "quality_control": 0,
        "safety_stock": 0, "incoming": 0, "available": 8},
    "reservation_id": "01940000-0000-7000-8000-000000000001", "at": "2026-01-31T08:15:00.000000Z"
})))]
pub struct Movement {
    /// The event's place in the journal: an opaque string.
    #[cfg_attr(feature = "schema", schema(min_length = 1, max_length = 64))]
    pub cursor: String,
    /// What moved.
    pub sku: String,
    /// Where.
    pub location: String,
    /// The key's version after the event.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 9007199254740991_i64))]
    pub version: u64,
    /// What the event did.
    pub kind: MovementKind,
    /// Units that moved. Signed for `adjusted` (the delta) and `counted` (the change of `on_hand`); 0 for
    /// `policy_set` and `opening`; otherwise not negative.
    pub quantity: i64,
    /// The balances before the event.
    pub before: Balances,
    /// The balances after it.
    pub after: Balances,
    /// The reservation that it belongs to; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation_id: Option<Uuid>,
    /// The reason that was given; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reference that was given; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A page of movements, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Movements {
    /// Newest first.
    pub movements: Vec<Movement>,
    /// The `cursor` of the next page; null on the last one.
    #[cfg_attr(feature = "schema", schema(required = true, max_length = 64))]
    pub next_cursor: Option<String>,
}
