//! The bodies of the calls on one key: receive, adjust, count, policy and sell.

use serde::{Deserialize, Serialize};

use crate::optional::null_is_default;
use crate::{AtVersion, Counted, Delta, OversellLimit, Quantity, Reason, Reference, SafetyStock};

/// `POST /v1/stock/{sku}/{location}/receive`: goods came in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiveRequest {
    /// How many units.
    pub quantity: Quantity,
    /// Whether they were announced: takes them off `incoming` too.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub from_incoming: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The caller's document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl ReceiveRequest {
    /// So many units, with every default.
    #[must_use]
    pub fn new(quantity: Quantity) -> Self {
        Self { quantity, from_incoming: false, reason: None, reference: None }
    }
}

/// The balance that an adjustment corrects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// What is physically there.
    #[default]
    OnHand,
    /// Its damaged part; does not move `on_hand`.
    Damaged,
    /// Its part that is being checked; does not move `on_hand`.
    QualityControl,
    /// What is announced.
    Incoming,
}

/// `POST …/adjust`: correct one balance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AdjustRequest {
    /// The signed change.
    pub delta: Delta,
    /// Which balance.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub bucket: Bucket,
    /// Why.
    pub reason: Reason,
    /// The caller's document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl AdjustRequest {
    /// A change of `on_hand`.
    #[must_use]
    pub fn new(delta: Delta, reason: Reason) -> Self {
        Self { delta, bucket: Bucket::default(), reason, reference: None }
    }
}

/// `POST …/count`: a stock take of all that is there, sellable or not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CountRequest {
    /// What was counted.
    pub counted: Counted,
    /// The key's version when the shelf was counted: changes of `on_hand` since then are applied on top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_version: Option<AtVersion>,
    /// The caller's document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl CountRequest {
    /// A count of the present moment.
    #[must_use]
    pub fn new(counted: Counted) -> Self {
        Self { counted, at_version: None, reference: None }
    }
}

/// `PUT …/policy`: what is left out keeps its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PolicyRequest {
    /// Units kept back from sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safety_stock: Option<SafetyStock>,
    /// Units that may be promised beyond what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oversell_limit: Option<OversellLimit>,
}

/// `POST …/sell`: a sale at a till.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SellRequest {
    /// How many units.
    pub quantity: Quantity,
    /// Whether the goods are already out of the door: then it is a fact and is accepted whatever there is.
    #[serde(default, deserialize_with = "null_is_default")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub handed_over: bool,
    /// The caller's document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl SellRequest {
    /// So many units, if they may be promised.
    #[must_use]
    pub fn new(quantity: Quantity) -> Self {
        Self { quantity, handed_over: false, reference: None }
    }
}
