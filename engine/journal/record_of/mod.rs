//! The twin of the ledger's events in the journal: a layout of its own, so that neither binds the other.
//!
//! Variants only ever grow at the end, and never change. Texts are borrowed from the payload.

mod decode;
mod encode;

use bincode::{BorrowDecode, Encode};
use saldo_ledger::{Bucket, KeyError, Once, Verb};

/// Why bytes are not an event.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// bincode could not read them.
    #[error(
        "an event cannot be decoded: {0}; the journal was written by another version, or is damaged"
    )]
    Decode(#[from] bincode::error::DecodeError),
    /// A group names a key that is none.
    #[error("a group names a key that is not a SKU and a location")]
    Key,
    /// An event names a key that is none.
    #[error("an event names a key that {0}")]
    LineKey(#[from] KeyError),
    /// An event names the nil reservation.
    #[error("an event names the nil reservation")]
    Nil,
    /// An event's time lies past the end of time.
    #[error("an event's time lies past 2^64 microseconds")]
    Time,
    /// A sequence number or a version lies past the end of numbers.
    #[error("an event's sequence number or version lies past 2^64")]
    Number,
    /// A balance or a change is larger than any that was ever written.
    #[error("an event names a balance or a change beyond ±2^58 units")]
    Units,
}

/// An idempotency key's hash and what was asked under it.
#[derive(Encode, BorrowDecode, Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnceRecord {
    key: [u8; 16],
    fingerprint: u64,
}

impl From<Once> for OnceRecord {
    fn from(once: Once) -> Self {
        Self { key: once.key.to_le_bytes(), fingerprint: once.fingerprint }
    }
}

impl From<OnceRecord> for Once {
    fn from(once: OnceRecord) -> Self {
        Self { key: u128::from_le_bytes(once.key), fingerprint: once.fingerprint }
    }
}

/// Bytes of a UUID in little-endian order: bincode writes them raw, which a `u128` would not be.
type IdBytes = [u8; 16];

type Key<'a> = (&'a str, &'a str);

#[derive(Encode, BorrowDecode, Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoteRecord<'a> {
    reason: Option<&'a str>,
    reference: Option<&'a str>,
}

#[derive(Encode, BorrowDecode, Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferencesRecord<'a> {
    order: Option<&'a str>,
    customer: Option<&'a str>,
    channel: Option<&'a str>,
}

#[derive(Encode, BorrowDecode, Debug, Clone, Copy, PartialEq, Eq)]
pub enum BucketRecord {
    OnHand,
    Damaged,
    QualityControl,
    Incoming,
}

#[derive(Encode, BorrowDecode, Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerbRecord {
    Commit,
    Fulfil,
    Release,
    Cancel,
    Expire,
}

type ArrivalsRecord = [u32; 3];

/// What changed, as it is journalled.
#[derive(Encode, BorrowDecode, Debug, PartialEq, Eq)]
pub enum ChangeRecord<'a> {
    Received {
        quantity: u32,
        from_incoming: bool,
        note: Option<NoteRecord<'a>>,
    },
    Adjusted {
        delta: i64,
        bucket: BucketRecord,
        note: Option<NoteRecord<'a>>,
    },
    Counted {
        counted: i64,
        delta: i64,
        note: Option<NoteRecord<'a>>,
    },
    PolicySet {
        safety_stock: i64,
        oversell_limit: i64,
    },
    Sold {
        quantity: u32,
        handed_over: bool,
        note: Option<NoteRecord<'a>>,
    },
    /// A reservation of one line that got all it asked for, without references.
    ReservedWhole {
        id: IdBytes,
        fingerprint: [u8; 8],
        quantity: u32,
        hold_seconds: u32,
    },
    Reserved {
        id: IdBytes,
        fingerprint: [u8; 8],
        requested: u32,
        quantity: u32,
        hold_seconds: u32,
        references: Option<ReferencesRecord<'a>>,
    },
    Added {
        id: IdBytes,
        requested: u32,
        quantity: u32,
        hold_seconds: Option<u32>,
    },
    Planned {
        id: IdBytes,
        fingerprint: [u8; 8],
        adding: bool,
        requested: u32,
        quantity: u32,
        hold_seconds: Option<u32>,
        others: Vec<(Key<'a>, u32)>,
        references: Option<ReferencesRecord<'a>>,
    },
    Granted {
        id: IdBytes,
        grants: Vec<u32>,
    },
    Withdrawn {
        id: IdBytes,
        quantity: u32,
    },
    Pended {
        id: IdBytes,
        home: Key<'a>,
        quantity: u32,
    },
    Unpended {
        id: IdBytes,
        quantity: u32,
    },
    Extended {
        id: IdBytes,
        hold_seconds: u32,
    },
    Settled {
        id: IdBytes,
        verb: VerbRecord,
        own: u32,
        others: Vec<(u32, u32)>,
    },
    Carried {
        id: IdBytes,
        verb: VerbRecord,
        quantity: u32,
    },
    Returned {
        id: IdBytes,
        of_order: bool,
        here: ArrivalsRecord,
        lines: Vec<(u32, u32)>,
        others: Vec<(Key<'a>, ArrivalsRecord)>,
        note: Option<NoteRecord<'a>>,
    },
}

/// Two enums of the same names, converted both ways; a new variant on either side does not compile.
macro_rules! twins {
    ($ledger:ident, $record:ident: $($variant:ident),+) => {
        impl From<$ledger> for $record {
            fn from(it: $ledger) -> Self {
                match it { $($ledger::$variant => Self::$variant),+ }
            }
        }
        impl From<$record> for $ledger {
            fn from(it: $record) -> Self {
                match it { $($record::$variant => Self::$variant),+ }
            }
        }
    };
}

twins!(Bucket, BucketRecord: OnHand, Damaged, QualityControl, Incoming);
twins!(Verb, VerbRecord: Commit, Fulfil, Release, Cancel, Expire);
