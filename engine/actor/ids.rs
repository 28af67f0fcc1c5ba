//! Where a reservation is decided: the home of every reservation that some actor may still hold.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use saldo_ledger::{ReservationId, StockKey};

/// Homes by reservation. A closed reservation stays until it is in the store.
#[derive(Debug)]
pub struct Ids {
    homes: DashMap<ReservationId, StockKey>,
    /// Where ids are counted instead of drawn: in simulations.
    counted: OnceLock<AtomicU64>,
}

impl Default for Ids {
    fn default() -> Self {
        Self { homes: DashMap::with_shard_amount(128), counted: OnceLock::new() }
    }
}

impl Ids {
    /// From now on ids are counted, from `first` on, so that a simulation makes the same ones again.
    pub fn count_from(&self, first: u64) {
        // Who counts goes on counting.
        let _ = self.counted.set(AtomicU64::new(first));
    }

    /// Bits for a new id: random, unless they are counted.
    #[must_use]
    pub fn new_bits(&self) -> u128 {
        match self.counted.get() {
            None => uuid::Uuid::new_v4().as_u128(),
            Some(next) => u128::from(next.fetch_add(1, Ordering::Relaxed)),
        }
    }

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
