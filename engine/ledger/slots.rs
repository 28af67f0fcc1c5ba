//! The hold table: one slot a line, packed into pages that a checkpoint writes on their own.

use alloc::vec::Vec;
use core::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::reservation::Role;
use crate::terms::Terms;
use crate::time::Timestamp;
use crate::units::{ReservationId, Units};

/// Slots of one page: a page is the least that a checkpoint writes of a hold table.
pub const PAGE_SLOTS: u32 = 64;

/// A line of an open reservation at this key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The reservation.
    pub id: ReservationId,
    /// Hash of the call that made it; 0 where the engine made the id.
    pub fingerprint: u64,
    /// When the reservation was made.
    pub created_at: Timestamp,
    /// When its deadline was last set.
    pub set_at: Timestamp,
    /// Length of the hold from `set_at`, in seconds.
    pub hold_seconds: u32,
    /// Tells apart the entries that deadlines keep of this slot.
    pub(crate) generation: u32,
    /// Whether `deadlines` has an entry of this generation.
    pub(crate) timed: bool,
    /// Where the line's units are.
    pub units: Units,
    /// What this slot is to its reservation.
    pub role: Role,
}

impl Slot {
    /// A slot without units that nothing times yet.
    #[must_use]
    pub fn new(id: ReservationId, at: Timestamp, hold_seconds: u32, role: Role) -> Self {
        Self {
            id,
            fingerprint: 0,
            created_at: at,
            set_at: at,
            hold_seconds,
            generation: 0,
            timed: false,
            units: Units::default(),
            role,
        }
    }

    /// When its hold ends, grace after an outage included.
    ///
    /// A hold whose deadline was set before the engine resumed gets
    /// max(deadline, resumed + grace), but never more than its lifetime.
    #[must_use]
    pub fn deadline(&self, terms: &Terms) -> Timestamp {
        let agreed = self.set_at.plus_seconds(u64::from(self.hold_seconds));
        if self.set_at >= terms.resumed_at {
            return agreed;
        }
        let lifetime = self.created_at.plus_seconds(terms.hold_lifetime_seconds_max);
        agreed.max(terms.resumed_at.plus_seconds(terms.restart_grace_seconds).min(lifetime))
    }

    /// Whether some unit of the reservation is in an open hold, here or at another key.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.units.held > 0
            || matches!(&self.role, Role::Home(basket) if basket.others.iter().any(|line| line.units.held > 0))
    }

    /// Whether some unit of the reservation is held or committed, or being asked for.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.units.is_open()
            || matches!(&self.role, Role::Home(basket)
                if basket.plan.is_some() || basket.others.iter().any(|line| line.units.is_open()))
    }

    /// Everything of it but what only this process knows: for comparing two recoveries.
    #[must_use]
    pub fn told(&self) -> alloc::string::String {
        let mut same = self.clone();
        same.generation = 0;
        if let Role::Home(basket) = &mut same.role {
            basket.dirty = false;
        }
        alloc::format!("{same:?}")
    }

    /// Whether this ledger decides for the reservation.
    #[must_use]
    pub fn is_home(&self) -> bool {
        !matches!(self.role, Role::Member(_))
    }
}

#[derive(Debug, Default)]
struct Page {
    slots: Vec<Option<Slot>>,
    dirty: bool,
}

/// All slots of a key, found by reservation id.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    pages: Vec<Page>,
    free: Vec<u32>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Generation for the next slot, so that a reused place is told from what was there before.
    generation: u32,
}

impl Slots {
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn find(&self, id: ReservationId) -> Option<u32> {
        let hash = self.hasher.hash_one(id);
        self.index.find(hash, |place| self.at(*place).is_some_and(|slot| slot.id == id)).copied()
    }

    pub(crate) fn at(&self, place: u32) -> Option<&Slot> {
        let (page, within) = split(place);
        self.pages.get(page)?.slots.get(within)?.as_ref()
    }

    pub(crate) fn get(&self, id: ReservationId) -> Option<&Slot> {
        self.at(self.find(id)?)
    }

    /// The slot at `place`, to be changed: its page will be written by the next checkpoint.
    pub(crate) fn at_mut(&mut self, place: u32) -> Option<&mut Slot> {
        let (page, within) = split(place);
        let page = self.pages.get_mut(page)?;
        page.dirty = true;
        page.slots.get_mut(within)?.as_mut()
    }

    /// Puts a slot into a free place. Decided before: its id is not there.
    pub(crate) fn insert(&mut self, mut slot: Slot) -> u32 {
        slot.generation = self.next_generation();
        let place = self.free.pop().unwrap_or_else(|| self.next_place());
        self.put(place, slot);
        self.pages[split(place).0].dirty = true;
        place
    }

    /// A generation that no entry of a deadline has, whatever became of its place.
    pub(crate) fn next_generation(&mut self) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }

    /// Puts a stored slot back where it was.
    pub(crate) fn restore(&mut self, place: u32, mut slot: Slot) {
        slot.generation = self.next_generation();
        self.put(place, slot);
    }

    fn put(&mut self, place: u32, slot: Slot) {
        let (page, within) = split(place);
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, Page::default);
        }
        let slots = &mut self.pages[page].slots;
        if slots.len() <= within {
            if slots.capacity() == 0 {
                // The first page grows with its holds, as most keys have few; the rest are full.
                slots.reserve_exact(if page == 0 { within + 1 } else { PAGE_SLOTS as usize });
            }
            slots.resize(within + 1, None);
        }
        let hash = self.hasher.hash_one(slot.id);
        slots[within] = Some(slot);
        let (pages, hasher) = (&self.pages, &self.hasher);
        self.index.insert_unique(hash, place, |place| {
            let (page, within) = split(*place);
            let slot = pages[page].slots[within].as_ref();
            slot.map_or(0, |slot| hasher.hash_one(slot.id))
        });
    }

    fn next_place(&self) -> u32 {
        match self.pages.last() {
            None => 0,
            Some(last) => {
                let full = u32::try_from(self.pages.len() - 1).expect("fewer than 2^26 pages");
                let within = u32::try_from(last.slots.len()).expect("at most 64 slots");
                full * PAGE_SLOTS + within
            }
        }
    }

    pub(crate) fn remove(&mut self, id: ReservationId) -> Option<Slot> {
        let hash = self.hasher.hash_one(id);
        let pages = &self.pages;
        let entry = self.index.find_entry(hash, |place| {
            let (page, within) = split(*place);
            pages[page].slots[within].as_ref().is_some_and(|slot| slot.id == id)
        });
        let (place, _) = entry.ok()?.remove();
        let (page, within) = split(place);
        self.pages[page].dirty = true;
        self.free.push(place);
        self.pages[page].slots[within].take()
    }

    /// Marks free what a restored table has no slot for.
    pub(crate) fn collect_free(&mut self) {
        self.free.clear();
        for (number, page) in self.pages.iter().enumerate().rev() {
            for within in (0..page.slots.len()).rev().filter(|at| page.slots[*at].is_none()) {
                let place = number * PAGE_SLOTS as usize + within;
                self.free.push(u32::try_from(place).expect("places fit 32 bits"));
            }
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Slot)> {
        (0u32..).zip(&self.pages).flat_map(|(number, page)| {
            (number * PAGE_SLOTS..)
                .zip(&page.slots)
                .filter_map(|(place, slot)| Some((place, slot.as_ref()?)))
        })
    }

    /// Numbers of the pages changed since the last call.
    pub(crate) fn take_dirty(&mut self) -> Vec<u32> {
        (0u32..)
            .zip(&mut self.pages)
            .filter_map(|(number, page)| core::mem::take(&mut page.dirty).then_some(number))
            .collect()
    }

    /// The slots of one page, each with its place.
    pub(crate) fn page(&self, number: u32) -> impl Iterator<Item = (u32, &Slot)> {
        let slots = self.pages.get(number as usize).map_or(&[][..], |page| &page.slots);
        (number * PAGE_SLOTS..).zip(slots).filter_map(|(place, slot)| Some((place, slot.as_ref()?)))
    }
}

/// Page and place within it.
fn split(place: u32) -> (usize, usize) {
    ((place / PAGE_SLOTS) as usize, (place % PAGE_SLOTS) as usize)
}
