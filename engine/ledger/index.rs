//! Where in the hold table a reservation stands.
//!
//! An entry keeps half of its hash beside the place, so that a look-up that finds nothing, and a table that grows, touch
//! no slot. A hot key's index is many tables instead of one: one alone would grow from four million entries to eight in a
//! single insert, and every cart would wait for half a second.

use alloc::boxed::Box;
use core::hash::BuildHasher;
use core::mem;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::units::ReservationId;

/// Tables of a large index; a power of two.
const TABLES: usize = 64;
/// An index with more entries is a large one.
const ONE_MAX: usize = 8_192;
/// A table with more room than this gives back what it no longer needs.
const ROOM_KEPT: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    place: u32,
}

#[derive(Debug)]
enum Tables {
    One(HashTable<Entry>),
    Many(Box<[HashTable<Entry>]>),
}

/// Places by reservation.
#[derive(Debug)]
pub(crate) struct Index {
    tables: Tables,
    entries: usize,
    hasher: DefaultHashBuilder,
}

impl Default for Index {
    fn default() -> Self {
        let tables = Tables::One(HashTable::new());
        Self { tables, entries: 0, hasher: DefaultHashBuilder::default() }
    }
}

impl Index {
    pub(crate) fn len(&self) -> usize {
        self.entries
    }

    /// The place of a reservation; `is_it` tells whether a place is its own.
    pub(crate) fn find(&self, id: ReservationId, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hash(id);
        let table = match &self.tables {
            Tables::One(table) => table,
            Tables::Many(tables) => &tables[number(hash)],
        };
        let found = table.find(spread(hash), |entry| entry.hash == hash && is_it(entry.place));
        found.map(|entry| entry.place)
    }

    /// Adds a reservation that is not there.
    pub(crate) fn insert(&mut self, id: ReservationId, place: u32) {
        if self.entries == ONE_MAX {
            self.divide();
        }
        let hash = self.hash(id);
        self.table(hash).insert_unique(spread(hash), Entry { hash, place }, rehash);
        self.entries += 1;
    }

    /// Takes a reservation away; tells its place.
    pub(crate) fn remove(&mut self, id: ReservationId, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hash(id);
        let table = self.table(hash);
        let found = table
            .find_entry(spread(hash), |entry| entry.hash == hash && is_it(entry.place))
            .ok()?;
        let (entry, _) = found.remove();
        let room = 2 * table.len();
        if table.capacity() > ROOM_KEPT && table.capacity() > 4 * room {
            table.shrink_to(room, rehash);
        }
        self.entries -= 1;
        Some(entry.place)
    }

    fn hash(&self, id: ReservationId) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "half of it is what is kept")]
        let half = self.hasher.hash_one(id) as u32;
        half
    }

    fn table(&mut self, hash: u32) -> &mut HashTable<Entry> {
        match &mut self.tables {
            Tables::One(table) => table,
            Tables::Many(tables) => &mut tables[number(hash)],
        }
    }

    /// From now on many tables; for good, as a key that was hot once may be so again.
    fn divide(&mut self) {
        let Tables::One(table) = &mut self.tables else { return };
        let mut tables: Box<[HashTable<Entry>]> = (0..TABLES).map(|_| HashTable::new()).collect();
        for entry in mem::take(table) {
            tables[number(entry.hash)].insert_unique(spread(entry.hash), entry, rehash);
        }
        self.tables = Tables::Many(tables);
    }
}

/// The table of a hash: its upper bits, as a table by itself uses the lower ones.
fn number(hash: u32) -> usize {
    hash as usize >> (u32::BITS - TABLES.trailing_zeros())
}

/// The half of a hash as a whole: its upper bits, by which a table tells entries apart, come from all of the half.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

fn rehash(entry: &Entry) -> u64 {
    spread(entry.hash)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn every_place_is_found_while_an_index_grows_and_shrinks() {
        let count = 3 * u32::try_from(ONE_MAX).unwrap();
        let id = |place: u32| ReservationId::new(u128::from(place) + 1).unwrap();
        let mut index = Index::default();
        for place in 0..count {
            assert_eq!(index.find(id(place), |_| true), None, "place {place} before it was taken");
            index.insert(id(place), place);
        }
        let found = |index: &Index, place: u32| index.find(id(place), |it| it == place);
        assert!((0..count).all(|place| found(&index, place) == Some(place)));
        let (gone, kept): (Vec<u32>, Vec<u32>) = (0..count).partition(|place| place % 100 > 0);
        for place in &gone {
            assert_eq!(index.remove(id(*place), |it| it == *place), Some(*place));
        }
        assert_eq!(index.len(), kept.len());
        assert!(kept.iter().all(|place| found(&index, *place) == Some(*place)));
        assert!(gone.iter().all(|place| found(&index, *place).is_none()));
    }
}
