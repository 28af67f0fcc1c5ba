//! Which operations over several keys are under way, so that no checkpoint passes their first event:
//! recovery carries on from there.

use std::collections::BTreeMap;

use parking_lot::Mutex;
use saldo_ledger::ReservationId;

/// First events of operations under way.
#[derive(Debug, Default)]
pub struct Operations {
    under_way: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_place: BTreeMap<(u64, ReservationId), ()>,
    places: std::collections::HashMap<ReservationId, u64>,
}

impl Operations {
    /// An operation begins whose home's event is at `place` or behind it. Called before that event
    /// can become durable, so no checkpoint misses it.
    pub fn begin(&self, id: ReservationId, place: u64) {
        let mut state = self.under_way.lock();
        if state.places.insert(id, place).is_none() {
            state.by_place.insert((place, id), ());
        }
    }

    /// An operation has ended: all its events are in the journal.
    pub fn end(&self, id: ReservationId) {
        let mut state = self.under_way.lock();
        if let Some(place) = state.places.remove(&id) {
            state.by_place.remove(&(place, id));
        }
    }

    /// Whether an operation on a reservation is under way.
    #[must_use]
    pub fn is_under_way(&self, id: ReservationId) -> bool {
        self.under_way.lock().places.contains_key(&id)
    }

    /// The place before the oldest operation's first event.
    #[must_use]
    pub fn before_oldest(&self) -> Option<u64> {
        self.under_way.lock().by_place.keys().next().map(|(place, _)| place.saturating_sub(1))
    }

    /// Number of operations under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.under_way.lock().places.len()
    }
}
