//! The hold table: one slot a line, packed into pages that a checkpoint writes on their own.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::ops::Deref;

use crate::index::Index;
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

/// Holding a million is the usual case on a hot key: what is added here is paid a million times.
const _: () = assert!(size_of::<Option<Slot>>() <= 96);

/// The slots of a page: the table's own, or shared with an image that is being stored, and copied when one is changed
/// meanwhile. A page that was always shared, though with nobody, would cost each change an atomic step, which waits for
/// all that was written before it.
#[derive(Debug)]
enum PageSlots {
    Own(Vec<Option<Slot>>),
    Shared(Arc<Vec<Option<Slot>>>),
}

impl Default for PageSlots {
    fn default() -> Self {
        Self::Own(Vec::new())
    }
}

impl Deref for PageSlots {
    type Target = Vec<Option<Slot>>;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Own(slots) => slots,
            Self::Shared(slots) => slots,
        }
    }
}

impl PageSlots {
    fn own(&mut self) -> &mut Vec<Option<Slot>> {
        if let Self::Shared(slots) = self {
            let slots = mem::take(slots);
            *self = Self::Own(Arc::try_unwrap(slots).unwrap_or_else(|shared| (*shared).clone()));
        }
        match self {
            Self::Own(slots) => slots,
            Self::Shared(_) => unreachable!("it has just become the table's own"),
        }
    }

    fn share(&mut self) -> Arc<Vec<Option<Slot>>> {
        match self {
            Self::Own(slots) => {
                let shared = Arc::new(mem::take(slots));
                *self = Self::Shared(Arc::clone(&shared));
                shared
            }
            Self::Shared(slots) => Arc::clone(slots),
        }
    }
}

#[derive(Debug, Default)]
struct Page {
    slots: PageSlots,
    dirty: bool,
    /// Whether a changed slot may have a basket.
    baskets: bool,
}

/// A page as it was when its changes were taken. Making one copies nothing, so that storing a million holds does not
/// keep their key from its next command.
#[derive(Clone, Debug)]
pub struct PageImage {
    /// Its number.
    pub number: u32,
    slots: Arc<Vec<Option<Slot>>>,
}

impl PageImage {
    /// The slots, each with its place and whether its deadline is running.
    pub fn slots(&self) -> impl Iterator<Item = (u32, &Slot, bool)> {
        in_places(self.number, &self.slots).map(|(place, slot)| (place, slot, slot.timed))
    }

    /// Bytes that it keeps in memory once its ledger goes on without it, baskets left aside.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.slots.len() * size_of::<Option<Slot>>()
    }

    /// Whether it has no slot.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.iter().all(Option::is_none)
    }
}

/// All slots of a key, found by reservation id.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    pages: Vec<Page>,
    free: Vec<u32>,
    index: Index,
    /// Generation for the next slot, so that a reused place is told from what was there before.
    generation: u32,
}

impl Slots {
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub(crate) fn find(&self, id: ReservationId) -> Option<u32> {
        self.index.find(id, |place| self.at(place).is_some_and(|slot| slot.id == id))
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
        page.slots.own().get_mut(within)?.as_mut()
    }

    /// Has the next checkpoint look for a changed basket in the page of `place`, where the slot has one.
    pub(crate) fn mark_basket(&mut self, place: u32) {
        let (page, _) = split(place);
        if self.at(place).is_some_and(|slot| matches!(slot.role, Role::Home(_))) {
            self.pages[page].baskets = true;
        }
    }

    /// Puts a slot into a free place. Decided before: its id is not there.
    pub(crate) fn insert(&mut self, mut slot: Slot) -> u32 {
        slot.generation = self.next_generation();
        let place = self.free.pop().unwrap_or_else(|| self.next_place());
        let has_basket = matches!(slot.role, Role::Home(_));
        self.put(place, slot);
        let page = &mut self.pages[split(place).0];
        page.dirty = true;
        page.baskets |= has_basket;
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
        let slots = self.pages[page].slots.own();
        if slots.len() <= within {
            // The first page grows with its holds, as most keys have few; the rest are full.
            if page > 0 && slots.capacity() < PAGE_SLOTS as usize {
                slots.reserve_exact(PAGE_SLOTS as usize - slots.len());
            } else if slots.capacity() == 0 {
                slots.reserve_exact(within + 1);
            }
            slots.resize(within + 1, None);
        }
        let id = slot.id;
        slots[within] = Some(slot);
        self.index.insert(id, place);
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
        let pages = &self.pages;
        let place = self.index.remove(id, |place| {
            let (page, within) = split(place);
            pages[page].slots[within].as_ref().is_some_and(|slot| slot.id == id)
        })?;
        let (page, within) = split(place);
        self.pages[page].dirty = true;
        self.free.push(place);
        self.pages[page].slots.own()[within].take()
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
        (0u32..).zip(&self.pages).flat_map(|(number, page)| in_places(number, &page.slots))
    }

    /// The slots of a page, each with its place.
    pub(crate) fn of_page(&self, number: u32) -> impl Iterator<Item = (u32, &Slot)> {
        let page = self.pages.get(number as usize);
        in_places(number, page.map_or(&[], |page| &page.slots[..]))
    }

    /// Numbers of the pages changed since the last call, each with whether a basket of it may have changed.
    pub(crate) fn take_dirty(&mut self) -> Vec<(u32, bool)> {
        let taken = (0u32..).zip(&mut self.pages).filter_map(|(number, page)| {
            let baskets = mem::take(&mut page.baskets);
            mem::take(&mut page.dirty).then_some((number, baskets))
        });
        taken.collect()
    }

    /// A page as it is now.
    pub(crate) fn image(&mut self, number: u32) -> PageImage {
        let slots = self.pages.get_mut(number as usize).map(|page| page.slots.share());
        PageImage { number, slots: slots.unwrap_or_default() }
    }
}

/// The slots of a page, each with its place.
fn in_places(number: u32, slots: &[Option<Slot>]) -> impl Iterator<Item = (u32, &Slot)> {
    (number * PAGE_SLOTS..).zip(slots).filter_map(|(place, slot)| Some((place, slot.as_ref()?)))
}

/// Page and place within it.
fn split(place: u32) -> (usize, usize) {
    ((place / PAGE_SLOTS) as usize, (place % PAGE_SLOTS) as usize)
}
