//! Replies in binary.

use super::codec::{BorrowDecode, Encode};
use crate::{Code, InvalidField, Reply, Timestamp};

/// What became of one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum ReplyRecord {
    /// 0: carried out, and durable.
    Done {
        /// The key's version after it.
        version: u64,
        /// The key's `available` after it.
        available: i64,
        /// The deadline of the reservation's open hold, in microseconds since 1970.
        expires_at: Option<u64>,
        /// Whether the command is a repeat.
        replayed: bool,
    },
    /// 1: refused; nothing happened.
    Refused {
        /// The number of the code.
        code: u16,
        /// What the command could have had, where that is why.
        available: Option<i64>,
    },
}

impl From<Reply> for ReplyRecord {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Done { version, available, expires_at, replayed } => Self::Done {
                version,
                available,
                expires_at: expires_at.map(Timestamp::as_micros),
                replayed,
            },
            Reply::Refused { code, available } => Self::Refused { code: code.number(), available },
        }
    }
}

impl TryFrom<ReplyRecord> for Reply {
    type Error = InvalidField;

    /// # Errors
    /// A number that is no code's.
    fn try_from(record: ReplyRecord) -> Result<Self, InvalidField> {
        Ok(match record {
            ReplyRecord::Done { version, available, expires_at, replayed } => Self::Done {
                version,
                available,
                expires_at: expires_at.map(Timestamp::from_micros_clamped),
                replayed,
            },
            ReplyRecord::Refused { code, available } => {
                Self::Refused { code: code_of(code)?, available }
            }
        })
    }
}

/// The code of a number.
pub(super) fn code_of(number: u16) -> Result<Code, InvalidField> {
    Code::from_number(number).ok_or(InvalidField::OutOfRange {
        field: "code",
        min: 1,
        max: i64::try_from(Code::ALL.len()).unwrap_or(i64::MAX),
        found: number.into(),
    })
}
