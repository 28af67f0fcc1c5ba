//! Replay: the journal behind a state, event by event, without deciding anything again.

use std::collections::BTreeMap;

use saldo_ledger::{
    ArrivalAt, Change, Command, Event, ReservationId, SettledPart, StockKey, StockLedger, Timestamp,
};

use super::{Store, save, save::LoadError};
use crate::actor::basket;
use crate::journal::group::{Tale, Told, tell};
use crate::journal::{ReadError, Reader};

/// What other keys still have to do, as the journal's tail tells it.
#[derive(Debug, Default)]
pub struct Unfinished {
    operations: BTreeMap<ReservationId, Operation>,
}

#[derive(Debug)]
struct Operation {
    home: StockKey,
    /// Its first event.
    first_sequence: u64,
    /// Whether the home's plan is open: nothing of it was granted.
    planned: bool,
    /// Units that keys hold for the plan.
    pended: Vec<(StockKey, u32)>,
    /// Steps that were decided and are not carried out.
    steps: Vec<(StockKey, Command)>,
}

/// An operation that a crash cut short, and what ends it.
#[derive(Debug)]
pub struct CutShort {
    /// The reservation, or the operation of a return without an order.
    pub id: ReservationId,
    /// Its home.
    pub home: StockKey,
    /// Its first event; the journal behind the event before it tells all of the operation.
    pub first_sequence: u64,
    /// Whether its plan has to be withdrawn first.
    pub withdraw: bool,
    /// What other keys have to do then.
    pub steps: Vec<(StockKey, Command)>,
}

impl Unfinished {
    /// Takes in the event `sequence`, with the ledger of its key as it is after it or, where the store was ahead,
    /// after a later one.
    pub fn note(&mut self, sequence: u64, event: &Event, ledger: &StockLedger) {
        let key = ledger.key();
        match &event.change {
            Change::Planned { id, .. } => {
                let operation = self.operation(*id, key, sequence);
                operation.planned = true;
                operation.pended.clear();
            }
            Change::Pended { id, home, quantity } => {
                self.operation(*id, home, sequence).pended.push((key.clone(), *quantity));
            }
            Change::Granted { id, .. } => {
                self.operations.remove(id);
            }
            Change::Withdrawn { id, .. } => {
                let operation = self.operation(*id, key, sequence);
                operation.planned = false;
                let unpend = |(key, quantity)| (key, Command::Unpend { id: *id, quantity });
                operation.steps =
                    std::mem::take(&mut operation.pended).into_iter().map(unpend).collect();
                self.tidy(*id);
            }
            Change::Settled { id, verb, others, .. } if !others.is_empty() => {
                let steps = others.iter().filter_map(|SettledPart { line, quantity }| {
                    Some((
                        ledger.other_key(*id, *line)?.clone(),
                        basket::carry(*id, *verb, *quantity),
                    ))
                });
                self.operation(*id, key, sequence).steps = steps.collect();
            }
            Change::Returned { id, of_order, others, note, .. } if !others.is_empty() => {
                let steps = others.iter().map(|ArrivalAt { key, arrivals }| {
                    (key.clone(), basket::arrive(*id, *of_order, *arrivals, note.clone()))
                });
                self.operation(*id, key, sequence).steps = steps.collect();
            }
            Change::Unpended { id, .. }
            | Change::Carried { id, .. }
            | Change::Returned { id, .. } => {
                self.done(*id, key);
            }
            _ => {}
        }
    }

    fn operation(&mut self, id: ReservationId, home: &StockKey, sequence: u64) -> &mut Operation {
        self.operations.entry(id).or_insert_with(|| Operation {
            home: home.clone(),
            first_sequence: sequence,
            planned: false,
            pended: Vec::new(),
            steps: Vec::new(),
        })
    }

    fn done(&mut self, id: ReservationId, key: &StockKey) {
        if let Some(operation) = self.operations.get_mut(&id) {
            operation.steps.retain(|(step, _)| step != key);
        }
        self.tidy(id);
    }

    fn tidy(&mut self, id: ReservationId) {
        let finished = |it: &Operation| !it.planned && it.steps.is_empty();
        if self.operations.get(&id).is_some_and(finished) {
            self.operations.remove(&id);
        }
    }

    /// What has to be ended before the engine serves.
    #[must_use]
    pub fn into_cut_short(self) -> Vec<CutShort> {
        let operations = self.operations.into_iter();
        operations
            .map(|(id, it)| {
                let unpend = |(key, quantity)| (key, Command::Unpend { id, quantity });
                let steps =
                    if it.planned { it.pended.into_iter().map(unpend).collect() } else { it.steps };
                CutShort {
                    id,
                    home: it.home,
                    first_sequence: it.first_sequence,
                    withdraw: it.planned,
                    steps,
                }
            })
            .collect()
    }
}

/// Applies an event to its ledger, unless its state has it already.
pub fn apply(told: &Told<'_>, ledger: &mut StockLedger, store: &Store) -> Result<bool, LoadError> {
    if told.version <= ledger.version() {
        return Ok(false);
    }
    if told.version != ledger.version() + 1 {
        return Err(LoadError::Journal(format!(
            "event {} is version {} of {}, but the version before it is {}",
            told.sequence,
            told.version,
            told.key,
            ledger.version()
        )));
    }
    if let Change::Returned { id, lines, .. } = &told.event.change
        && !lines.is_empty()
    {
        know(ledger, *id, store);
    }
    ledger.apply(&told.event);
    ledger.set_place(told.sequence);
    Ok(true)
}

/// Has a home know a reservation that was closed before its state was stored.
pub fn know(ledger: &mut StockLedger, id: ReservationId, store: &Store) {
    if !ledger.knows(id) {
        save::adopt(ledger, id, store);
    }
}

/// Loads a ledger from the store and applies what the journal has behind it, by walking the key's
/// chain of events back. Everything of it must be durable.
///
/// # Errors
/// [`LoadError`] where store or journal cannot tell.
pub fn load_newest(
    store: &Store,
    reader: &Reader,
    key: &StockKey,
) -> Result<StockLedger, LoadError> {
    let mut ledger = save::load(store, key)?;
    let mut events = Vec::new();
    // Events of the key behind the store's place are found by reading the tail once.
    let from = store
        .place()
        .map_or(0, |place| place.sequence)
        .min(ledger.place())
        .max(reader.earliest() - 1)
        + 1;
    for record in reader.records_from(from) {
        let record = record.map_err(|error| LoadError::Journal(error.to_string()))?;
        tell(&record.payload, record.first_sequence, |tale| {
            if let Tale::Event(told) = tale
                && told.key == key
                && told.version > ledger.version()
            {
                events.push((told.sequence, told.version, told.before, told.event));
            }
            Ok::<_, LoadError>(())
        })?;
    }
    for (sequence, version, before, event) in events {
        let told = Told { sequence, key, place_before: 0, version, before, event };
        apply(&told, &mut ledger, store)?;
    }
    Ok(ledger)
}

/// Walks a key's events from its newest back to its first, or as far as the journal reaches.
///
/// `each` gets an event and returns whether to go on. Tells the place at which the journal ends
/// short of the key's first event, if it does.
///
/// # Errors
/// [`LoadError`] where the journal cannot be read.
pub fn walk_back(
    reader: &Reader,
    key: &StockKey,
    newest: u64,
    mut each: impl FnMut(Back) -> bool,
) -> Result<Option<u64>, LoadError> {
    let mut place = newest;
    while place > 0 {
        let record = match reader.record_at(place) {
            Ok(record) => record,
            Err(ReadError::Gone { .. }) => return Ok(Some(place)),
            Err(error) => return Err(LoadError::Journal(error.to_string())),
        };
        let mut found = Vec::new();
        tell(&record.payload, record.first_sequence, |tale| {
            if let Tale::Event(told) = tale
                && told.key == key
                && told.sequence <= place
            {
                found.push(Back::from(told));
            }
            Ok::<_, LoadError>(())
        })?;
        let Some(first) = found.first() else {
            return Err(LoadError::Stray { place, key: key.clone() });
        };
        place = first.place_before;
        for back in found.into_iter().rev() {
            if !each(back) {
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// An event found on the way back.
#[derive(Debug)]
pub struct Back {
    /// Its sequence number.
    pub sequence: u64,
    /// Sequence number of the key's event before it; 0 for the first.
    pub place_before: u64,
    /// The key's version after it.
    pub version: u64,
    /// Balances before it.
    pub before: saldo_ledger::Balances,
    /// What happened.
    pub event: Event,
}

impl From<Told<'_>> for Back {
    fn from(told: Told<'_>) -> Self {
        Self {
            sequence: told.sequence,
            place_before: told.place_before,
            version: told.version,
            before: told.before,
            event: told.event,
        }
    }
}

impl Back {
    /// Logged time.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.event.at
    }
}

impl From<crate::journal::record_of::RecordError> for LoadError {
    fn from(error: crate::journal::record_of::RecordError) -> Self {
        Self::Journal(error.to_string())
    }
}
