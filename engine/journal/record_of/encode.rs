//! Events into their records: texts are borrowed, nothing is copied that is not written.

use saldo_ledger::{Arrivals, Change, Note, References, ReservationId, StockKey};

use super::{ArrivalsRecord, ChangeRecord, IdBytes, Key, NoteRecord, ReferencesRecord};

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

fn bytes_of(id: ReservationId) -> IdBytes {
    id.bits().to_le_bytes()
}

fn key_of(key: &StockKey) -> Key<'_> {
    (key.sku(), key.location())
}

fn note_of(note: &Option<Box<Note>>) -> Option<NoteRecord<'_>> {
    note.as_deref().map(|note| NoteRecord {
        reason: note.reason.as_deref(),
        reference: note.reference.as_deref(),
    })
}

fn arrivals_of(arrivals: Arrivals) -> ArrivalsRecord {
    [arrivals.sellable, arrivals.damaged, arrivals.quality_control]
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
