//! Deadlines of a key's holds, in rings of equal interval.
//!
//! Logged time never runs backwards, so holds of equal length fall due in the order in which
//! their deadlines were set: a ring for each length is sorted by itself, at the cost of a push.
//! The grace after an outage puts later deadlines in front of earlier ones: the holds that were set before the engine
//! resumed stand in a ring of their own, which is sorted once.
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

/// Rings by length of hold in seconds, and one of holds with a grace.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    rings: BTreeMap<u32, Ring>,
    /// Holds that were set before the engine resumed, by deadline.
    graced: Ring,
    /// When the engine resumed, as the rings were sorted; none where they are not.
    resumed_at: Option<Timestamp>,
}

impl Deadlines {
    /// Times the hold at `place`, whose `set_at` is the newest of its ring.
    pub(crate) fn push(&mut self, place: u32, slot: &Slot) {
        let ring = self.rings.entry(slot.hold_seconds).or_default();
        ring.entries.push_back(Entry { place, generation: slot.generation });
    }

    /// Says that the entry of a hold of `hold_seconds` from `set_at` became stale.
    pub(crate) fn forget(&mut self, hold_seconds: u32, set_at: Timestamp, slots: &Slots) {
        if self.resumed_at.is_some_and(|resumed_at| set_at < resumed_at) {
            self.graced.forget(slots);
        } else if let Some(ring) = self.rings.get_mut(&hold_seconds) {
            ring.forget(slots);
            if ring.entries.is_empty() {
                self.rings.remove(&hold_seconds);
            }
        }
    }

    /// The earliest deadline.
    pub(crate) fn earliest(&mut self, slots: &Slots, terms: &Terms) -> Option<Timestamp> {
        self.sort(slots, terms);
        let mut earliest = self.graced.front(slots).map(|slot| slot.deadline(terms));
        self.rings.retain(|_, ring| {
            let front = ring.front(slots).map(|slot| slot.deadline(terms));
            earliest = earliest.into_iter().chain(front).min();
            front.is_some()
        });
        earliest
    }

    /// At most `limit` reservations whose deadline is `now` or before, earliest first in each ring.
    pub(crate) fn due(
        &mut self,
        slots: &Slots,
        terms: &Terms,
        now: Timestamp,
        limit: usize,
    ) -> Vec<ReservationId> {
        self.sort(slots, terms);
        let mut due = Vec::new();
        for ring in core::iter::once(&mut self.graced).chain(self.rings.values_mut()) {
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
        let rings = core::iter::once(&self.graced).chain(self.rings.values());
        rings.map(|ring| ring.entries.len()).sum()
    }

    /// Times every hold anew where the table was restored or the engine resumed since.
    fn sort(&mut self, slots: &Slots, terms: &Terms) {
        if self.resumed_at.replace(terms.resumed_at) == Some(terms.resumed_at) {
            return;
        }
        self.rings.clear();
        let timed = slots.iter().filter(|(_, slot)| slot.timed);
        let (mut graced, mut others): (Vec<_>, Vec<_>) =
            timed.partition(|(_, slot)| slot.set_at < terms.resumed_at);
        graced.sort_unstable_by_key(|(place, slot)| (slot.deadline(terms), *place));
        let entry = |(place, slot): (u32, &Slot)| Entry { place, generation: slot.generation };
        self.graced = Ring { entries: graced.into_iter().map(entry).collect(), stale: 0 };
        others.sort_unstable_by_key(|(place, slot)| (slot.set_at, *place));
        for (place, slot) in others {
            self.push(place, slot);
        }
    }
}

impl Ring {
    /// One of its entries became stale; they are dropped where they outnumber the others.
    fn forget(&mut self, slots: &Slots) {
        self.stale += 1;
        if self.stale > 32 + self.entries.len() / 2 {
            self.entries.retain(|entry| live(*entry, slots).is_some());
            self.stale = 0;
            self.entries.shrink_to(self.entries.len() * 2);
        }
    }

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
