//! Events from the journal for one reader that is behind, a page at a time.

use saldo_ledger::StockKey;
use thiserror::Error;

use super::selection::Selection;
use crate::actor::call::Movement;
use crate::actor::history::movement;
use crate::journal::group::{Tale, tell};
use crate::journal::record_of::RecordError;
use crate::journal::{ReadError, Reader};
use crate::store::replay::Back;

/// Bytes of records that are read for one page, however few of their events are selected: others want to be
/// served too.
const PAGE_BYTES_MAX: usize = 1 << 20;

/// Events that a reader selected, and how far was looked for them.
#[derive(Debug, Default)]
pub struct EventsPage {
    /// In the journal's order.
    pub events: Vec<Movement>,
    /// Everything up to here was looked at.
    pub read_to: u64,
    /// Whether there is nothing behind it for now.
    pub is_end: bool,
}

/// Why no page could be read.
#[derive(Debug, Error)]
pub enum CatchUpFault {
    /// The events are not kept any more.
    #[error("event {from} is not kept any more; the oldest is {earliest}")]
    Gone {
        /// The first that was asked for.
        from: u64,
        /// The oldest that is kept.
        earliest: u64,
    },
    /// The journal cannot be read.
    #[error("the journal cannot be read: {0}")]
    Journal(String),
}

impl From<RecordError> for CatchUpFault {
    fn from(error: RecordError) -> Self {
        Self::Journal(error.to_string())
    }
}

/// Reads the events behind `after` and up to `until` whose keys are selected: to the end of the record in which
/// `limit` was reached, or until enough was read.
///
/// # Errors
/// [`CatchUpFault`].
pub fn page(
    reader: &Reader,
    after: u64,
    until: u64,
    selection: &Selection,
    limit: usize,
) -> Result<EventsPage, CatchUpFault> {
    let mut page = EventsPage { events: Vec::new(), read_to: after, is_end: false };
    let mut bytes = 0;
    for record in reader.records_from(after + 1) {
        let record = record.map_err(|error| match error {
            ReadError::Gone { sequence, earliest } => {
                CatchUpFault::Gone { from: sequence, earliest }
            }
            error => CatchUpFault::Journal(error.to_string()),
        })?;
        let mut known: Option<(StockKey, bool)> = None;
        tell(&record.payload, record.first_sequence, |tale| {
            let Tale::Event(told) = tale else {
                return Ok::<_, CatchUpFault>(());
            };
            if told.sequence <= after || told.sequence > until {
                return Ok(());
            }
            // Events of a key stand together: most often it is the key of the event before.
            let is_selected = match &known {
                Some((key, is_selected)) if key == told.key => *is_selected,
                _ => {
                    let is_selected = selection.contains(told.key);
                    known = Some((told.key.clone(), is_selected));
                    is_selected
                }
            };
            if is_selected {
                let key = told.key;
                page.events.push(movement(key, Back::from(told)));
            }
            Ok(())
        })?;
        page.read_to = (record.first_sequence + u64::from(record.count) - 1).min(until);
        bytes += record.payload.len();
        if page.read_to >= until {
            break;
        }
        if page.events.len() >= limit || bytes >= PAGE_BYTES_MAX {
            return Ok(page);
        }
    }
    page.is_end = true;
    Ok(page)
}
