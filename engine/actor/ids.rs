//! Where a reservation is decided: the home of every reservation that some actor may still hold.

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use saldo_ledger::{ReservationId, StockKey};

/// Homes by reservation. A closed reservation stays until it is in the store.
#[derive(Debug)]
pub struct Ids {
    homes: DashMap<ReservationId, StockKey>,
}

impl Default for Ids {
    fn default() -> Self {
        Self { homes: DashMap::with_shard_amount(128) }
    }
}

impl Ids {
    /// Takes an id for a home; false where another home has it.
    pub fn claim(&self, id: ReservationId, home: &StockKey) -> bool {
        match self.homes.entry(id) {
            Entry::Occupied(taken) => taken.get() == home,
            Entry::Vacant(free) => {
                free.insert(home.clone());
                true
            }
        }
    }

    /// The home of a reservation.
    #[must_use]
    pub fn home(&self, id: ReservationId) -> Option<StockKey> {
        self.homes.get(&id).map(|home| home.clone())
    }

    /// Lets go of an id: it was refused, or the store knows the reservation now.
    pub fn forget(&self, id: Option<ReservationId>) {
        if let Some(id) = id {
            self.homes.remove(&id);
        }
    }

    /// Number of reservations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.homes.len()
    }
}
