//! A ledger's way into the store and out of it.

use saldo_ledger::{
    Change, ClosedReservation, Once, PAGE_SLOTS, ReservationId, Role, Slot, StockKey, StockLedger,
    StoredSlot, Timestamp,
};

use super::state::{self, StateError};
use super::{Store, StoreError, Value, keys};
use crate::actor::once::OnceTable;
use crate::actor::{Shared, fingerprint};
use crate::config::Settings;

/// Pages and baskets of one key that are read at a time.
const SCAN_LIMIT: usize = 512;

/// Why a ledger cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What it holds is not a state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The journal does not tell the key's newest events.
    #[error("the journal cannot be read: {0}")]
    Journal(String),
    /// An event that should be one of a key's is not.
    #[error("event {place} is not one of {key}")]
    Stray {
        /// Its sequence number.
        place: u64,
        /// The key.
        key: StockKey,
    },
}

/// Writes what changed in a ledger into the store's table in memory, as one piece.
pub fn save(ledger: &mut StockLedger, shared: &Shared) {
    for closed in put(ledger, &shared.store, &shared.settings) {
        remember_id(&closed, &shared.once);
        shared.ids.release(closed.id, ledger.key());
    }
}

/// As [`save`], where no engine runs; gives back what was closed, for [`remember_id`].
pub fn put(
    ledger: &mut StockLedger,
    store: &Store,
    settings: &Settings,
) -> impl Iterator<Item = ClosedReservation> + use<> {
    let changes = ledger.take_changes();
    let key = ledger.key().clone();
    let bytes = |bytes: Vec<u8>| Some(Value::Bytes(bytes));
    let mut puts = vec![(keys::head(&key), bytes(state::encode_head(&ledger.head())))];
    puts.extend(changes.pages.into_iter().map(|page| {
        let name = keys::page(&key, page.number);
        (name, (!page.is_empty()).then_some(Value::Page(page)))
    }));
    puts.extend(changes.baskets.iter().filter_map(|place| {
        let basket = ledger.slot_at(*place)?.basket()?;
        Some((keys::basket(&key, *place), bytes(state::encode_basket(basket))))
    }));
    puts.extend(changes.baskets_gone.iter().map(|place| (keys::basket(&key, *place), None)));
    for closed in &changes.closed {
        let kept = settings.kept_seconds(closed.was_fulfilled());
        // In the second after its time is over, never before.
        let forget = closed.closed_at.plus_seconds(kept).as_micros().div_ceil(1_000_000);
        puts.push((keys::closed(closed.id), bytes(state::encode_closed(closed))));
        puts.push((keys::forget(forget, closed.id), bytes(Vec::new())));
    }
    store.put_many(puts);
    changes.closed.into_iter()
}

/// Has a closed reservation's id, a key of its own kind, stand for the call that made it.
pub fn remember_id(closed: &ClosedReservation, table: &OnceTable) {
    if closed.fingerprint != 0 {
        let once = Once { key: fingerprint::key_of_id(closed.id), fingerprint: closed.fingerprint };
        table.decided(once, Some(closed.id), closed.closed_at);
    }
}

/// Loads a ledger as the store has it; a key that it does not have is a new one.
///
/// # Errors
/// [`LoadError`] where the store does not answer or holds something else.
pub fn load(store: &Store, key: &StockKey) -> Result<StockLedger, LoadError> {
    let Some(head) = store.get(&keys::head(key))? else {
        return Ok(StockLedger::new(key.clone()));
    };
    let head = state::decode_head(&head)?;
    let mut slots = Vec::new();
    // Also where nothing is reserved or committed here: other lines of a reservation whose home this is may be.
    each(store, &keys::all_of(keys::PAGE, key), |name, page| {
        let (_, number) = keys::numbered_of(name).ok_or(StateError::Name)?;
        slots.extend(slots_of_page(number, page)?);
        Ok(())
    })?;
    if slots.iter().any(|stored| matches!(stored.slot.role, Role::Home(_))) {
        let mut baskets = std::collections::HashMap::new();
        each(store, &keys::all_of(keys::BASKET, key), |name, basket| {
            let (_, place) = keys::numbered_of(name).ok_or(StateError::Name)?;
            baskets.insert(place, state::decode_basket(basket)?);
            Ok(())
        })?;
        for stored in &mut slots {
            if let (Role::Home(empty), Some(basket)) =
                (&mut stored.slot.role, baskets.remove(&stored.place))
            {
                **empty = basket;
            }
        }
    }
    Ok(StockLedger::restore(key.clone(), head, slots))
}

/// A page's slots, each at a place of that page and behind the one before: a place elsewhere would make the table as
/// large as it says.
fn slots_of_page(number: u32, page: &[u8]) -> Result<Vec<StoredSlot>, StateError> {
    let slots = state::decode_page(page)?;
    let mut before = None;
    for stored in &slots {
        if stored.place / PAGE_SLOTS != number || before >= Some(stored.place) {
            return Err(StateError::Place(stored.place));
        }
        before = Some(stored.place);
    }
    Ok(slots)
}

/// Hands over every entry whose name starts with `prefix`, some at a time.
///
/// # Errors
/// [`LoadError`] where the store does not answer, or what `visit` returns.
pub fn each(
    store: &Store,
    prefix: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let found = store.scan(prefix, after.as_deref(), SCAN_LIMIT)?;
        for (name, value) in &found {
            visit(name, value)?;
        }
        match found.into_iter().nth(SCAN_LIMIT - 1) {
            Some((last, _)) => after = Some(last),
            None => return Ok(()),
        }
    }
}

/// Brings a closed reservation back into its home, where the store has it.
pub fn adopt(ledger: &mut StockLedger, id: ReservationId, store: &Store) {
    let found = store.get(&keys::closed(id)).map_err(LoadError::from);
    let closed =
        found.and_then(|bytes| Ok(bytes.map(|bytes| state::decode_closed(&bytes)).transpose()?));
    match closed {
        Ok(Some(closed)) if closed.lines.first().is_some_and(|own| own.key == *ledger.key()) => {
            ledger.adopt(closed);
        }
        Ok(_) => {}
        Err(error) => tracing::error!(%error, ?id, "a closed reservation cannot be read"),
    }
}

/// Has a reservation found by its references from now on.
pub fn note_references(change: &Change, ledger: &StockLedger, store: &Store) {
    let id = match change {
        Change::Reserved { id, references: Some(_), .. } | Change::Granted { id, .. } => *id,
        _ => return,
    };
    let Some(basket) = ledger.slot(id).and_then(Slot::basket) else { return };
    let home = ledger.key().as_str().as_bytes();
    for (kind, text) in [(b'o', &basket.references.order), (b'c', &basket.references.customer)] {
        if let Some(text) = text {
            store.put(&keys::reference(kind, text, id), home.to_vec());
        }
    }
}

/// Forgets closed reservations whose time is over, at most `limit`; how many they were.
///
/// # Errors
/// [`LoadError`] where the store does not answer.
pub fn forget_old(shared: &Shared, now: Timestamp, limit: usize) -> Result<usize, LoadError> {
    let store = &shared.store;
    let second = now.as_micros() / 1_000_000;
    let found = store.scan(&[keys::FORGET], None, limit)?;
    let mut forgotten = 0;
    for (name, _) in found {
        let Some((due, id)) = keys::forget_of(&name) else { continue };
        if due > second {
            break;
        }
        // Its lines tell recovery what other keys still have to do; a full disk may make them wait longer than it is kept.
        // And where an actor has it, it knows of a return that the store does not.
        if shared.operations.is_under_way(id) || shared.ids.home(id).is_some() {
            continue;
        }
        forgotten += 1;
        store.delete(&name);
        let Some(bytes) = store.get(&keys::closed(id))? else { continue };
        let closed = state::decode_closed(&bytes)?;
        let kept = shared.kept_seconds(closed.was_fulfilled());
        // A return made its life longer, and left a later note.
        if closed.closed_at.plus_seconds(kept) > now {
            continue;
        }
        store.delete(&keys::closed(id));
        for (kind, text) in [(b'o', &closed.references.order), (b'c', &closed.references.customer)]
        {
            if let Some(text) = text {
                store.delete(&keys::reference(kind, text, id));
            }
        }
    }
    Ok(forgotten)
}
