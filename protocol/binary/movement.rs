//! Events in binary.

use uuid::Uuid;

use super::codec::{BorrowDecode, Encode, put};
use super::level::BalancesRecord;
use crate::{Movement, MovementKind, Timestamp};

/// One event of one key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct MovementRecord<'a> {
    /// The event's place in the journal: an opaque string.
    pub cursor: &'a str,
    /// What moved.
    pub sku: &'a str,
    /// Where.
    pub location: &'a str,
    /// The key's version after the event.
    pub version: u64,
    /// What the event did.
    pub kind: KindRecord,
    /// Units that moved.
    pub quantity: i64,
    /// The balances before the event.
    pub before: BalancesRecord,
    /// The balances after it.
    pub after: BalancesRecord,
    /// The reservation that it belongs to.
    pub reservation_id: Option<[u8; 16]>,
    /// The reason that was given.
    pub reason: Option<&'a str>,
    /// The reference that was given.
    pub reference: Option<&'a str>,
    /// When, in microseconds since 1970-01-01T00:00:00Z.
    pub at: u64,
}

/// What an event did, from 0 in the order of [`MovementKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
#[expect(missing_docs, reason = "the names are those of `MovementKind`")]
pub enum KindRecord {
    Received,
    Adjusted,
    Counted,
    PolicySet,
    Reserved,
    Extended,
    Committed,
    Fulfilled,
    Released,
    Expired,
    Returned,
    Sold,
    Opening,
}

impl MovementRecord<'_> {
    /// The event's bytes, to be placed into any number of frames.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(self, &mut bytes);
        bytes
    }
}

impl<'a> From<&'a Movement> for MovementRecord<'a> {
    fn from(movement: &'a Movement) -> Self {
        Self {
            cursor: &movement.cursor,
            sku: &movement.sku,
            location: &movement.location,
            version: movement.version,
            kind: movement.kind.into(),
            quantity: movement.quantity,
            before: (&movement.before).into(),
            after: (&movement.after).into(),
            reservation_id: movement.reservation_id.map(Uuid::into_bytes),
            reason: movement.reason.as_deref(),
            reference: movement.reference.as_deref(),
            at: movement.at.as_micros(),
        }
    }
}

impl From<MovementRecord<'_>> for Movement {
    fn from(record: MovementRecord<'_>) -> Self {
        Self {
            cursor: record.cursor.to_owned(),
            sku: record.sku.to_owned(),
            location: record.location.to_owned(),
            version: record.version,
            kind: record.kind.into(),
            quantity: record.quantity,
            before: record.before.into(),
            after: record.after.into(),
            reservation_id: record.reservation_id.map(Uuid::from_bytes),
            reason: record.reason.map(str::to_owned),
            reference: record.reference.map(str::to_owned),
            at: Timestamp::from_micros_clamped(record.at),
        }
    }
}

/// Both directions between two enums whose variants have the same names.
macro_rules! same_names {
    ($one:ident, $other:ident: $($name:ident)*) => {
        impl From<$one> for $other {
            fn from(value: $one) -> Self {
                match value { $($one::$name => Self::$name,)* }
            }
        }

        impl From<$other> for $one {
            fn from(value: $other) -> Self {
                match value { $($other::$name => Self::$name,)* }
            }
        }
    };
}

same_names! { KindRecord, MovementKind:
    Received Adjusted Counted PolicySet Reserved Extended Committed Fulfilled Released Expired Returned Sold Opening
}
