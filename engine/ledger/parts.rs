//! A ledger taken apart for the store, so that a checkpoint writes what changed and no more.

use alloc::vec::Vec;

use crate::balances::Balances;
use crate::ledger::StockLedger;
use crate::reservation::{ClosedReservation, Role};
use crate::slots::{PageImage, Slot};
use crate::time::Timestamp;

/// All of a ledger but its holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// All balances.
    pub balances: Balances,
    /// Number of events so far.
    pub version: u64,
    /// Logged time of the last event.
    pub as_of: Timestamp,
    /// Where the last event stands in the journal: its sequence number.
    pub place: u64,
}

/// A slot as it is stored: with its place and whether its deadline is running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSlot {
    /// Place in the hold table.
    pub place: u32,
    /// Whether its deadline is running.
    pub timed: bool,
    /// The slot.
    pub slot: Slot,
}

/// What changed since the last call.
#[derive(Debug, Default)]
pub struct Changes {
    /// Changed pages; one without slots is gone.
    pub pages: Vec<PageImage>,
    /// Places whose basket changed.
    pub baskets: Vec<u32>,
    /// Places that have no basket any more.
    pub baskets_gone: Vec<u32>,
    /// Reservations that closed, or were returned to, since then. The ledger no longer knows them.
    pub closed: Vec<ClosedReservation>,
}

impl StockLedger {
    /// All but the holds.
    #[must_use]
    pub fn head(&self) -> Head {
        Head {
            balances: self.balances,
            version: self.version,
            as_of: self.as_of,
            place: self.place,
        }
    }

    /// Whether anything changed since [`StockLedger::take_changes`].
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    /// Tells what changed since the last call, and takes closed reservations away.
    pub fn take_changes(&mut self) -> Changes {
        self.changed = false;
        let changed = self.slots.take_dirty();
        let mut baskets = Vec::new();
        for (number, _) in changed.iter().filter(|(_, may_have_baskets)| *may_have_baskets) {
            for (place, slot) in self.slots.of_page(*number) {
                if matches!(&slot.role, Role::Home(basket) if basket.dirty) {
                    baskets.push(place);
                }
            }
        }
        for place in &baskets {
            if let Some(Slot { role: Role::Home(basket), .. }) = self.slots.at_mut(*place) {
                basket.dirty = false;
            }
        }
        if !baskets.is_empty() {
            self.slots.take_dirty();
        }
        let pages = changed.into_iter().map(|(number, _)| self.slots.image(number)).collect();
        let mut baskets_gone = core::mem::take(&mut self.baskets_gone);
        baskets_gone.retain(|place| {
            !matches!(self.slots.at(*place), Some(Slot { role: Role::Home(_), .. }))
        });
        baskets_gone.sort_unstable();
        baskets_gone.dedup();
        // In the order in which they closed: that is how their ids are remembered, and forgotten.
        let mut closed: Vec<_> = self.closed.drain().map(|(_, it)| it).collect();
        closed.sort_unstable_by_key(|it| (it.closed_at, it.id));
        Changes { pages, baskets, baskets_gone, closed }
    }

    /// A page as it is now.
    #[must_use]
    pub fn page(&mut self, number: u32) -> PageImage {
        self.slots.image(number)
    }

    /// The slot at a place, such as [`StockLedger::apply`] tells.
    #[must_use]
    pub fn slot_at(&self, place: u32) -> Option<&Slot> {
        self.slots.at(place)
    }

    /// Puts a ledger together again.
    #[must_use]
    pub fn restore(key: crate::StockKey, head: Head, slots: Vec<StoredSlot>) -> Self {
        let mut ledger = Self::new(key);
        ledger.balances = head.balances;
        ledger.version = head.version;
        ledger.as_of = head.as_of;
        ledger.place = head.place;
        for stored in slots {
            let mut slot = stored.slot;
            slot.timed = stored.timed;
            ledger.slots.restore(stored.place, slot);
        }
        ledger.slots.collect_free();
        ledger
    }

    /// Takes in a closed reservation from the store, so that units of it can be returned.
    pub fn adopt(&mut self, closed: ClosedReservation) {
        self.closed.insert(closed.id, closed);
    }
}
