//! One command of a binary frame. It names its key by its place in the frame's table.

use uuid::Uuid;

use super::client::StockName;
use super::codec::{BorrowDecode, Encode};
use crate::{
    Action, Command, HoldSeconds, IdempotencyKey, InvalidField, Location, Quantity, ReleaseFrom,
    Sku,
};

/// A change of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub struct CommandRecord<'a> {
    /// The place of its key in the frame's table, from 0.
    pub stock: u32,
    /// An idempotency key.
    pub key: Option<&'a str>,
    /// What is done.
    pub action: ActionRecord,
}

/// What a command does. Reservations are 16 bytes, the UUID's in network order (RFC 9562).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum ActionRecord {
    /// 0: hold units.
    Reserve {
        /// The id of the reservation that this makes.
        reservation_id: [u8; 16],
        /// How many.
        quantity: u32,
        /// How long in seconds; the engine's default when left out.
        hold_seconds: Option<u32>,
    },
    /// 1: give the hold a new deadline.
    Extend {
        /// The reservation.
        reservation_id: [u8; 16],
        /// The deadline becomes now + this.
        hold_seconds: u32,
    },
    /// 2: promise held units to the order.
    Commit {
        /// The reservation.
        reservation_id: [u8; 16],
        /// How many; all when left out.
        quantity: Option<u32>,
    },
    /// 3: hand committed units over.
    Fulfil {
        /// The reservation.
        reservation_id: [u8; 16],
        /// How many; all when left out.
        quantity: Option<u32>,
    },
    /// 4: give units back.
    Release {
        /// The reservation.
        reservation_id: [u8; 16],
        /// How many; all when left out.
        quantity: Option<u32>,
        /// Committed units, not held ones.
        from_committed: bool,
    },
    /// 5: sell units at once, if they may be promised.
    Sell {
        /// How many.
        quantity: u32,
    },
    /// 6: goods came in.
    Receive {
        /// How many.
        quantity: u32,
    },
}

impl CommandRecord<'_> {
    /// The command, its key looked up in the frame's table.
    ///
    /// # Errors
    /// A place that the table lacks; a text or a number outside its range.
    pub fn command(&self, stocks: &[StockName<'_>]) -> Result<Command, InvalidField> {
        let place = usize::try_from(self.stock).unwrap_or(usize::MAX);
        let name = stocks.get(place).ok_or(InvalidField::OutOfRange {
            field: "stock",
            min: 0,
            max: i64::try_from(stocks.len()).unwrap_or(i64::MAX) - 1,
            found: self.stock.into(),
        })?;
        Ok(Command {
            key: self.key.map(IdempotencyKey::new).transpose()?,
            sku: Sku::new(name.sku)?,
            location: Location::new(name.location)?,
            action: self.action.try_into()?,
        })
    }
}

impl From<Action> for ActionRecord {
    fn from(action: Action) -> Self {
        let units = |quantity: Option<Quantity>| quantity.map(u32::from);
        match action {
            Action::Reserve { reservation_id, quantity, hold_seconds } => Self::Reserve {
                reservation_id: reservation_id.into_bytes(),
                quantity: quantity.into(),
                hold_seconds: hold_seconds.map(u32::from),
            },
            Action::Extend { reservation_id, hold_seconds } => Self::Extend {
                reservation_id: reservation_id.into_bytes(),
                hold_seconds: hold_seconds.into(),
            },
            Action::Commit { reservation_id, quantity } => Self::Commit {
                reservation_id: reservation_id.into_bytes(),
                quantity: units(quantity),
            },
            Action::Fulfil { reservation_id, quantity } => Self::Fulfil {
                reservation_id: reservation_id.into_bytes(),
                quantity: units(quantity),
            },
            Action::Release { reservation_id, quantity, from } => Self::Release {
                reservation_id: reservation_id.into_bytes(),
                quantity: units(quantity),
                from_committed: from == ReleaseFrom::Committed,
            },
            Action::Sell { quantity } => Self::Sell { quantity: quantity.into() },
            Action::Receive { quantity } => Self::Receive { quantity: quantity.into() },
        }
    }
}

impl TryFrom<ActionRecord> for Action {
    type Error = InvalidField;

    /// # Errors
    /// A quantity or a hold outside its range.
    fn try_from(record: ActionRecord) -> Result<Self, InvalidField> {
        let units = |quantity: Option<u32>| quantity.map(Quantity::new).transpose();
        let id = Uuid::from_bytes;
        Ok(match record {
            ActionRecord::Reserve { reservation_id, quantity, hold_seconds } => Self::Reserve {
                reservation_id: id(reservation_id),
                quantity: Quantity::new(quantity)?,
                hold_seconds: hold_seconds.map(HoldSeconds::new).transpose()?,
            },
            ActionRecord::Extend { reservation_id, hold_seconds } => Self::Extend {
                reservation_id: id(reservation_id),
                hold_seconds: HoldSeconds::new(hold_seconds)?,
            },
            ActionRecord::Commit { reservation_id, quantity } => {
                Self::Commit { reservation_id: id(reservation_id), quantity: units(quantity)? }
            }
            ActionRecord::Fulfil { reservation_id, quantity } => {
                Self::Fulfil { reservation_id: id(reservation_id), quantity: units(quantity)? }
            }
            ActionRecord::Release { reservation_id, quantity, from_committed } => Self::Release {
                reservation_id: id(reservation_id),
                quantity: units(quantity)?,
                from: if from_committed { ReleaseFrom::Committed } else { ReleaseFrom::Held },
            },
            ActionRecord::Sell { quantity } => Self::Sell { quantity: Quantity::new(quantity)? },
            ActionRecord::Receive { quantity } => {
                Self::Receive { quantity: Quantity::new(quantity)? }
            }
        })
    }
}
