//! Deadlines of a key's holds, in rings of equal interval.
//!
//! Logged time never runs backwards, so holds of equal length fall due in the order in which
//! their deadlines were set: a ring for each length is sorted by itself, at the cost of a push.
//! A ring's entry whose hold was released or extended is stale; it is dropped when it comes to
//! the front, or all at once when stale entries outnumber the others.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::slots::{Slot, Slots};
use crate::terms::Terms;
use crate::time::Timestamp;
use crate::units::ReservationId;

#[derive(Debug, Clone, Copy)]
struct Entry {
    place: u32,
    generation: u32,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    stale: usize,
}

/// Rings by length of hold in seconds.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    rings: BTreeMap<u32, Ring>,
}

impl Deadlines {
    /// Times the hold at `place`, whose `set_at` is the newest of its ring.
    pub(crate) fn push(&mut self, place: u32, slot: &Slot) {
        let ring = self.rings.entry(slot.hold_seconds).or_default();
        ring.entries.push_back(Entry { place, generation: slot.generation });
    }

    /// Says that an entry of the ring of `hold_seconds` became stale.
    pub(crate) fn forget(&mut self, hold_seconds: u32, slots: &Slots) {
        let Some(ring) = self.rings.get_mut(&hold_seconds) else {
            return;
        };
        ring.stale += 1;
        if ring.stale > 32 + ring.entries.len() / 2 {
            ring.entries.retain(|entry| live(*entry, slots).is_some());
            ring.stale = 0;
            if ring.entries.is_empty() {
                self.rings.remove(&hold_seconds);
            } else {
                ring.entries.shrink_to(ring.entries.len() * 2);
            }
        }
    }

    /// The earliest deadline.
    pub(crate) fn earliest(&mut self, slots: &Slots, terms: &Terms) -> Option<Timestamp> {
        let mut earliest: Option<Timestamp> = None;
        self.rings.retain(|_, ring| {
            let front = ring.front(slots).map(|slot| slot.deadline(terms));
            earliest = earliest.into_iter().chain(front).min();
            front.is_some()
        });
        earliest
    }

    /// At most `limit` reservations whose deadline is `now` or before, earliest set first in each ring.
    pub(crate) fn due(
        &mut self,
        slots: &Slots,
        terms: &Terms,
        now: Timestamp,
        limit: usize,
    ) -> Vec<ReservationId> {
        let mut due = Vec::new();
        for ring in self.rings.values_mut() {
            if ring.front(slots).is_none_or(|slot| slot.deadline(terms) > now) {
                continue;
            }
            let holds = ring.entries.iter().filter_map(|entry| live(*entry, slots));
            due.extend(
                holds
                    .take_while(|slot| slot.deadline(terms) <= now)
                    .take(limit - due.len())
                    .map(|slot| slot.id),
            );
        }
        due
    }

    /// Entries of all rings, stale ones included.
    #[cfg(test)]
    pub(crate) fn entries(&self) -> usize {
        self.rings.values().map(|ring| ring.entries.len()).sum()
    }

    /// Times every hold of a restored table anew.
    pub(crate) fn rebuild(&mut self, slots: &Slots) {
        self.rings.clear();
        let mut timed: Vec<(u32, &Slot)> = slots.iter().filter(|(_, slot)| slot.timed).collect();
        timed.sort_unstable_by_key(|(place, slot)| (slot.set_at, *place));
        for (place, slot) in timed {
            self.push(place, slot);
        }
    }
}

impl Ring {
    /// The hold that falls due first, after stale entries before it are dropped.
    fn front<'a>(&mut self, slots: &'a Slots) -> Option<&'a Slot> {
        loop {
            let entry = *self.entries.front()?;
            match live(entry, slots) {
                Some(slot) => return Some(slot),
                None => {
                    self.entries.pop_front();
                    self.stale = self.stale.saturating_sub(1);
                }
            }
        }
    }
}

/// The hold that an entry stands for, while it is still timed by it.
fn live(entry: Entry, slots: &Slots) -> Option<&Slot> {
    slots.at(entry.place).filter(|slot| slot.timed && slot.generation == entry.generation)
}
