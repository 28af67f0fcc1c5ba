//! One command of a `commands` frame: a change of one key, as a checkout sends thousands of them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{HoldSeconds, IdempotencyKey, Location, Quantity, ReleaseFrom, Sku};

/// A change of one key. Reservations made and moved by commands have one line only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Command {
    /// An idempotency key; without one only `reserve` (by its id) and forms without `quantity` may be repeated.
    pub key: Option<IdempotencyKey>,
    /// What.
    pub sku: Sku,
    /// Where.
    pub location: Location,
    /// What is done.
    pub action: Action,
}

/// What a command does; `op` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Hold units.
    Reserve {
        /// The id of the reservation that this makes.
        reservation_id: Uuid,
        /// How many.
        quantity: Quantity,
        /// How long; the engine's default when left out.
        hold_seconds: Option<HoldSeconds>,
    },
    /// Give the hold a new deadline.
    Extend {
        /// The reservation.
        reservation_id: Uuid,
        /// The deadline becomes now + this.
        hold_seconds: HoldSeconds,
    },
    /// Promise held units to the order.
    Commit {
        /// The reservation.
        reservation_id: Uuid,
        /// How many; all when left out.
        quantity: Option<Quantity>,
    },
    /// Hand committed units over.
    Fulfil {
        /// The reservation.
        reservation_id: Uuid,
        /// How many; all when left out.
        quantity: Option<Quantity>,
    },
    /// Give units back.
    Release {
        /// The reservation.
        reservation_id: Uuid,
        /// How many; all when left out.
        quantity: Option<Quantity>,
        /// Held units, or committed ones.
        from: ReleaseFrom,
    },
    /// Sell units at once, if they may be promised.
    Sell {
        /// How many.
        quantity: Quantity,
    },
    /// Goods came in.
    Receive {
        /// How many.
        quantity: Quantity,
    },
}

/// The name of an action in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
enum Op {
    Reserve,
    Extend,
    Commit,
    Fulfil,
    Release,
    Sell,
    Receive,
}

impl Op {
    const fn name(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Extend => "extend",
            Self::Commit => "commit",
            Self::Fulfil => "fulfil",
            Self::Release => "release",
            Self::Sell => "sell",
            Self::Receive => "receive",
        }
    }
}

// Read flat, without buffering, and then told apart by `op`.
/// A change of one key.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "op": "reserve", "reservation_id": "01940000-0000-7000-8000-000000000001", "sku": "TEE-BLACK-M",
    "location": "OSLO-1", "quantity": 1
})))]
#[serde(deny_unknown_fields)]
struct CommandFields<K, S, L> {
    /// What is done.
    op: Op,
    /// An idempotency key.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(value_type = Option<IdempotencyKey>))]
    key: Option<K>,
    /// The reservation; not with `sell` and `receive`, required with all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    reservation_id: Option<Uuid>,
    /// What.
    #[cfg_attr(feature = "schema", schema(value_type = Sku))]
    sku: S,
    /// Where.
    #[cfg_attr(feature = "schema", schema(value_type = Location))]
    location: L,
    /// How many; required with `reserve`, `sell` and `receive`, all when left out with `commit`, `fulfil` and
    /// `release`, not with `extend`.
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Quantity>,
    /// Only with `reserve`, and required with `extend`.
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_seconds: Option<HoldSeconds>,
    /// Only with `release`.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<ReleaseFrom>,
}

impl<K, S, L> CommandFields<K, S, L> {
    /// The action, or the name of a field that its `op` lacks or does not take.
    fn action(&self) -> Result<Action, FieldFault> {
        let stray = |present: bool, field| {
            if present { Err(FieldFault::Stray(field)) } else { Ok(()) }
        };
        let reservation_id = self.reservation_id.ok_or(FieldFault::Missing("reservation_id"));
        let some_quantity = self.quantity.ok_or(FieldFault::Missing("quantity"));
        let quantity = self.quantity;
        if !matches!(self.op, Op::Reserve | Op::Extend) {
            stray(self.hold_seconds.is_some(), "hold_seconds")?;
        }
        if self.op != Op::Release {
            stray(self.from.is_some(), "from")?;
        }
        if matches!(self.op, Op::Sell | Op::Receive) {
            stray(self.reservation_id.is_some(), "reservation_id")?;
        }
        Ok(match self.op {
            Op::Reserve => Action::Reserve {
                reservation_id: reservation_id?,
                quantity: some_quantity?,
                hold_seconds: self.hold_seconds,
            },
            Op::Extend => {
                stray(quantity.is_some(), "quantity")?;
                let hold_seconds = self.hold_seconds.ok_or(FieldFault::Missing("hold_seconds"))?;
                Action::Extend { reservation_id: reservation_id?, hold_seconds }
            }
            Op::Commit => Action::Commit { reservation_id: reservation_id?, quantity },
            Op::Fulfil => Action::Fulfil { reservation_id: reservation_id?, quantity },
            Op::Release => {
                let from = self.from.unwrap_or_default();
                Action::Release { reservation_id: reservation_id?, quantity, from }
            }
            Op::Sell => Action::Sell { quantity: some_quantity? },
            Op::Receive => Action::Receive { quantity: some_quantity? },
        })
    }
}

enum FieldFault {
    Missing(&'static str),
    Stray(&'static str),
}

impl<'de> Deserialize<'de> for Command {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;

        let fields = CommandFields::<IdempotencyKey, Sku, Location>::deserialize(deserializer)?;
        let op = fields.op.name();
        let action = fields.action().map_err(|fault| match fault {
            FieldFault::Missing(field) => {
                D::Error::custom(format_args!("missing field `{field}`: `{op}` needs it"))
            }
            FieldFault::Stray(field) => {
                D::Error::custom(format_args!("unknown field `{field}`: `{op}` does not take it"))
            }
        })?;
        let CommandFields { key, sku, location, .. } = fields;
        Ok(Self { key, sku, location, action })
    }
}

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = CommandFields {
            op: Op::Reserve,
            key: self.key.as_ref(),
            reservation_id: None,
            sku: &self.sku,
            location: &self.location,
            quantity: None,
            hold_seconds: None,
            from: None,
        };
        match self.action {
            Action::Reserve { reservation_id, quantity, hold_seconds } => {
                fields.reservation_id = Some(reservation_id);
                fields.quantity = Some(quantity);
                fields.hold_seconds = hold_seconds;
            }
            Action::Extend { reservation_id, hold_seconds } => {
                fields.op = Op::Extend;
                fields.reservation_id = Some(reservation_id);
                fields.hold_seconds = Some(hold_seconds);
            }
            Action::Commit { reservation_id, quantity } => {
                fields.op = Op::Commit;
                fields.reservation_id = Some(reservation_id);
                fields.quantity = quantity;
            }
            Action::Fulfil { reservation_id, quantity } => {
                fields.op = Op::Fulfil;
                fields.reservation_id = Some(reservation_id);
                fields.quantity = quantity;
            }
            Action::Release { reservation_id, quantity, from } => {
                fields.op = Op::Release;
                fields.reservation_id = Some(reservation_id);
                fields.quantity = quantity;
                fields.from = Some(from);
            }
            Action::Sell { quantity } => {
                fields.op = Op::Sell;
                fields.quantity = Some(quantity);
            }
            Action::Receive { quantity } => {
                fields.op = Op::Receive;
                fields.quantity = Some(quantity);
            }
        }
        fields.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl utoipa::PartialSchema for Command {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        CommandFields::<IdempotencyKey, Sku, Location>::schema()
    }
}

#[cfg(feature = "schema")]
impl utoipa::ToSchema for Command {
    fn schemas(
        schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
    ) {
        CommandFields::<IdempotencyKey, Sku, Location>::schemas(schemas);
    }
}
