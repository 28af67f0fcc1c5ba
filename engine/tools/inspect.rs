//! `saldo inspect` on a stopped engine's data: one key's balances, holds and last movements.

use std::collections::VecDeque;
use std::sync::Arc;

use saldo_ledger::{StockKey, Terms};

use super::{Inspection, ToolError, check_data};
use crate::actor::call::Movement;
use crate::actor::history;
use crate::actor::once::OnceTable;
use crate::config::Settings;
use crate::data_dir::{DataDir, store_options};
use crate::gateway::convert;
use crate::journal::Recovery;
use crate::journal::ReplayError;
use crate::journal::group::{Tale, tell};
use crate::store::recover;
use crate::store::replay::Back;
use crate::store::save::{self, LoadError};

/// Most reservations that are shown.
const RESERVATIONS_MAX: usize = 1_000;

/// Shows a key, with at most `movements` of its last movements.
///
/// # Errors
/// [`ToolError`] where there is no such key, or the data is in use, damaged or cannot be read.
pub fn inspect(
    settings: &Settings,
    key: &StockKey,
    movements: usize,
) -> Result<Inspection, ToolError> {
    let dir = &settings.data_dir;
    check_data(dir)?;
    let data = DataDir::open(dir)?;
    let options = data.journal_options(settings)?;
    let journal =
        Recovery::scan(Arc::clone(&data.journal), &options).map_err(recover::RecoverError::from)?;
    let store = recover::open_store(
        &data.store,
        store_options(settings),
        data.baselines.as_ref(),
        &journal,
    )?;
    let mut recovered = recover::replay(&journal, &store, OnceTable::new(1, 1))?;
    let ledger = match recovered.ledgers.remove(key) {
        Some(ledger) => ledger,
        None => save::load(&store, key)?,
    };
    if ledger.version() == 0 {
        return Err(ToolError::UnknownStock {
            key: key.to_string(),
            dir: dir.display().to_string(),
        });
    }
    let terms = Terms { restart_grace_seconds: settings.restart_grace_seconds, ..Terms::default() };
    let views = ledger.slots().filter_map(|(_, slot)| ledger.view(slot.id, &terms));
    let reservations: Vec<_> = views.take(RESERVATIONS_MAX + 1).map(convert::reservation).collect();
    let told = last_movements(&journal, key, movements)?;
    Ok(Inspection {
        level: convert::level(&ledger.level()),
        has_more_reservations: reservations.len() > RESERVATIONS_MAX,
        reservations: reservations.into_iter().take(RESERVATIONS_MAX).collect(),
        movements: told
            .into_iter()
            .map(|movement| {
                let cursor = format!("{:x}-{:x}", journal.journal_id(), movement.sequence);
                convert::movement(movement, cursor)
            })
            .collect(),
    })
}

/// The newest movements of a key, newest first.
fn last_movements(
    journal: &Recovery,
    key: &StockKey,
    limit: usize,
) -> Result<Vec<Movement>, ToolError> {
    let mut last: VecDeque<Movement> = VecDeque::new();
    if limit == 0 || journal.last_sequence() < journal.first_sequence() {
        return Ok(Vec::new());
    }
    let told = journal.replay(journal.first_sequence(), |record| {
        tell(record.payload, record.first_sequence, |tale| {
            if let Tale::Event(told) = tale
                && told.key == key
            {
                let back = Back {
                    sequence: told.sequence,
                    place_before: told.place_before,
                    version: told.version,
                    before: told.before,
                    event: told.event,
                };
                last.push_front(history::movement(key, back));
                last.truncate(limit);
            }
            Ok::<_, LoadError>(())
        })
    });
    told.map_err(|error| match error {
        ReplayError::Journal(error) => recover::RecoverError::from(error),
        ReplayError::Caller { source: error, .. } => error.into(),
    })?;
    Ok(last.into())
}
