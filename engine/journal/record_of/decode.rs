//! Records into events; what no event can be is refused.

use saldo_ledger::{
    ArrivalAt, Arrivals, Change, Note, PlanLine, References, ReservationId, ReturnedPart,
    SettledPart, StockKey,
};

use super::{
    ArrivalsRecord, ChangeRecord, IdBytes, Key, NoteRecord, RecordError, ReferencesRecord,
};

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

fn id_from(bytes: IdBytes) -> Result<ReservationId, RecordError> {
    ReservationId::new(u128::from_le_bytes(bytes)).ok_or(RecordError::Nil)
}

fn key_from((sku, location): Key<'_>) -> Result<StockKey, RecordError> {
    Ok(StockKey::new(sku, location)?)
}

fn note_from(note: Option<NoteRecord<'_>>) -> Option<Box<Note>> {
    note.map(|note| {
        Box::new(Note {
            reason: note.reason.map(Into::into),
            reference: note.reference.map(Into::into),
        })
    })
}

fn arrivals_from([sellable, damaged, quality_control]: ArrivalsRecord) -> Arrivals {
    Arrivals { sellable, damaged, quality_control }
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
