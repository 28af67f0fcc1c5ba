//! The twin of the ledger's events in the journal: a layout of its own, so that neither binds the other.
//!
//! Variants only ever grow at the end, and never change. Texts are borrowed from the payload.

use bincode::{BorrowDecode, Encode};
use saldo_ledger::{
    ArrivalAt, Arrivals, Bucket, Change, KeyError, Note, Once, PlanLine, References, ReservationId,
    ReturnedPart, SettledPart, StockKey, Verb,
};

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

impl<'a> From<&'a Change> for ChangeRecord<'a> {
    #[expect(clippy::too_many_lines, reason = "a table with one arm an event")]
    fn from(change: &'a Change) -> Self {
        match change {
            Change::Received { quantity, from_incoming, note } => Self::Received {
                quantity: *quantity,
                from_incoming: *from_incoming,
                note: note_of(note),
            },
            Change::Adjusted { delta, bucket, note } => {
                Self::Adjusted { delta: *delta, bucket: (*bucket).into(), note: note_of(note) }
            }
            Change::Counted { counted, delta, note } => {
                Self::Counted { counted: *counted, delta: *delta, note: note_of(note) }
            }
            Change::PolicySet { safety_stock, oversell_limit } => {
                Self::PolicySet { safety_stock: *safety_stock, oversell_limit: *oversell_limit }
            }
            Change::Sold { quantity, handed_over, note } => {
                Self::Sold { quantity: *quantity, handed_over: *handed_over, note: note_of(note) }
            }
            Change::Reserved {
                id,
                fingerprint,
                requested,
                quantity,
                hold_seconds,
                references: None,
            } if requested == quantity => Self::ReservedWhole {
                id: bytes_of(*id),
                fingerprint: fingerprint.to_le_bytes(),
                quantity: *quantity,
                hold_seconds: *hold_seconds,
            },
            Change::Reserved { id, fingerprint, requested, quantity, hold_seconds, references } => {
                Self::Reserved {
                    id: bytes_of(*id),
                    fingerprint: fingerprint.to_le_bytes(),
                    requested: *requested,
                    quantity: *quantity,
                    hold_seconds: *hold_seconds,
                    references: references.as_deref().map(Into::into),
                }
            }
            Change::Added { id, requested, quantity, hold_seconds } => Self::Added {
                id: bytes_of(*id),
                requested: *requested,
                quantity: *quantity,
                hold_seconds: *hold_seconds,
            },
            Change::Planned {
                id,
                fingerprint,
                adding,
                requested,
                quantity,
                hold_seconds,
                others,
                references,
            } => Self::Planned {
                id: bytes_of(*id),
                fingerprint: fingerprint.to_le_bytes(),
                adding: *adding,
                requested: *requested,
                quantity: *quantity,
                hold_seconds: *hold_seconds,
                others: others.iter().map(|line| (key_of(&line.key), line.requested)).collect(),
                references: references.as_deref().map(Into::into),
            },
            Change::Granted { id, grants } => {
                Self::Granted { id: bytes_of(*id), grants: grants.clone() }
            }
            Change::Withdrawn { id, quantity } => {
                Self::Withdrawn { id: bytes_of(*id), quantity: *quantity }
            }
            Change::Pended { id, home, quantity } => {
                Self::Pended { id: bytes_of(*id), home: key_of(home), quantity: *quantity }
            }
            Change::Unpended { id, quantity } => {
                Self::Unpended { id: bytes_of(*id), quantity: *quantity }
            }
            Change::Extended { id, hold_seconds } => {
                Self::Extended { id: bytes_of(*id), hold_seconds: *hold_seconds }
            }
            Change::Settled { id, verb, own, others } => Self::Settled {
                id: bytes_of(*id),
                verb: (*verb).into(),
                own: *own,
                others: others.iter().map(|part| (part.line, part.quantity)).collect(),
            },
            Change::Carried { id, verb, quantity } => {
                Self::Carried { id: bytes_of(*id), verb: (*verb).into(), quantity: *quantity }
            }
            Change::Returned { id, of_order, here, lines, others, note } => Self::Returned {
                id: bytes_of(*id),
                of_order: *of_order,
                here: arrivals_of(*here),
                lines: lines.iter().map(|part| (part.line, part.quantity)).collect(),
                others: others
                    .iter()
                    .map(|it| (key_of(&it.key), arrivals_of(it.arrivals)))
                    .collect(),
                note: note_of(note),
            },
        }
    }
}

impl TryFrom<ChangeRecord<'_>> for Change {
    type Error = RecordError;

    #[expect(clippy::too_many_lines, reason = "a table with one arm an event")]
    fn try_from(record: ChangeRecord<'_>) -> Result<Self, RecordError> {
        Ok(match record {
            ChangeRecord::Received { quantity, from_incoming, note } => {
                Self::Received { quantity, from_incoming, note: note_from(note) }
            }
            ChangeRecord::Adjusted { delta, bucket, note } => {
                Self::Adjusted { delta, bucket: bucket.into(), note: note_from(note) }
            }
            ChangeRecord::Counted { counted, delta, note } => {
                Self::Counted { counted, delta, note: note_from(note) }
            }
            ChangeRecord::PolicySet { safety_stock, oversell_limit } => {
                Self::PolicySet { safety_stock, oversell_limit }
            }
            ChangeRecord::Sold { quantity, handed_over, note } => {
                Self::Sold { quantity, handed_over, note: note_from(note) }
            }
            ChangeRecord::ReservedWhole { id, fingerprint, quantity, hold_seconds } => {
                Self::Reserved {
                    id: id_from(id)?,
                    fingerprint: u64::from_le_bytes(fingerprint),
                    requested: quantity,
                    quantity,
                    hold_seconds,
                    references: None,
                }
            }
            ChangeRecord::Reserved {
                id,
                fingerprint,
                requested,
                quantity,
                hold_seconds,
                references,
            } => Self::Reserved {
                id: id_from(id)?,
                fingerprint: u64::from_le_bytes(fingerprint),
                requested,
                quantity,
                hold_seconds,
                references: references.map(|it| Box::new(it.into())),
            },
            ChangeRecord::Added { id, requested, quantity, hold_seconds } => {
                Self::Added { id: id_from(id)?, requested, quantity, hold_seconds }
            }
            ChangeRecord::Planned {
                id,
                fingerprint,
                adding,
                requested,
                quantity,
                hold_seconds,
                others,
                references,
            } => Self::Planned {
                id: id_from(id)?,
                fingerprint: u64::from_le_bytes(fingerprint),
                adding,
                requested,
                quantity,
                hold_seconds,
                others: others
                    .into_iter()
                    .map(|(key, requested)| Ok(PlanLine { key: key_from(key)?, requested }))
                    .collect::<Result<_, RecordError>>()?,
                references: references.map(|it| Box::new(it.into())),
            },
            ChangeRecord::Granted { id, grants } => Self::Granted { id: id_from(id)?, grants },
            ChangeRecord::Withdrawn { id, quantity } => {
                Self::Withdrawn { id: id_from(id)?, quantity }
            }
            ChangeRecord::Pended { id, home, quantity } => {
                Self::Pended { id: id_from(id)?, home: key_from(home)?, quantity }
            }
            ChangeRecord::Unpended { id, quantity } => {
                Self::Unpended { id: id_from(id)?, quantity }
            }
            ChangeRecord::Extended { id, hold_seconds } => {
                Self::Extended { id: id_from(id)?, hold_seconds }
            }
            ChangeRecord::Settled { id, verb, own, others } => Self::Settled {
                id: id_from(id)?,
                verb: verb.into(),
                own,
                others: others
                    .into_iter()
                    .map(|(line, quantity)| SettledPart { line, quantity })
                    .collect(),
            },
            ChangeRecord::Carried { id, verb, quantity } => {
                Self::Carried { id: id_from(id)?, verb: verb.into(), quantity }
            }
            ChangeRecord::Returned { id, of_order, here, lines, others, note } => Self::Returned {
                id: id_from(id)?,
                of_order,
                here: arrivals_from(here),
                lines: lines
                    .into_iter()
                    .map(|(line, quantity)| ReturnedPart { line, quantity })
                    .collect(),
                others: others
                    .into_iter()
                    .map(|(key, arrivals)| {
                        Ok(ArrivalAt { key: key_from(key)?, arrivals: arrivals_from(arrivals) })
                    })
                    .collect::<Result<_, RecordError>>()?,
                note: note_from(note),
            },
        })
    }
}

fn bytes_of(id: ReservationId) -> IdBytes {
    id.bits().to_le_bytes()
}

fn id_from(bytes: IdBytes) -> Result<ReservationId, RecordError> {
    ReservationId::new(u128::from_le_bytes(bytes)).ok_or(RecordError::Nil)
}

fn key_of(key: &StockKey) -> Key<'_> {
    (key.sku(), key.location())
}

fn key_from((sku, location): Key<'_>) -> Result<StockKey, RecordError> {
    Ok(StockKey::new(sku, location)?)
}

fn note_of(note: &Option<Box<Note>>) -> Option<NoteRecord<'_>> {
    note.as_deref().map(|note| NoteRecord {
        reason: note.reason.as_deref(),
        reference: note.reference.as_deref(),
    })
}

fn note_from(note: Option<NoteRecord<'_>>) -> Option<Box<Note>> {
    note.map(|note| {
        Box::new(Note {
            reason: note.reason.map(Into::into),
            reference: note.reference.map(Into::into),
        })
    })
}

fn arrivals_of(arrivals: Arrivals) -> ArrivalsRecord {
    [arrivals.sellable, arrivals.damaged, arrivals.quality_control]
}

fn arrivals_from([sellable, damaged, quality_control]: ArrivalsRecord) -> Arrivals {
    Arrivals { sellable, damaged, quality_control }
}

impl<'a> From<&'a References> for ReferencesRecord<'a> {
    fn from(it: &'a References) -> Self {
        Self {
            order: it.order.as_deref(),
            customer: it.customer.as_deref(),
            channel: it.channel.as_deref(),
        }
    }
}

impl From<ReferencesRecord<'_>> for References {
    fn from(it: ReferencesRecord<'_>) -> Self {
        Self {
            order: it.order.map(Into::into),
            customer: it.customer.map(Into::into),
            channel: it.channel.map(Into::into),
        }
    }
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
