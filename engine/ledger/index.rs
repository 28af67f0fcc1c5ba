//! Where in the hold table a reservation stands.
//!
//! An entry is half of the id's hash beside the place, 8 bytes, so that a look-up that finds nothing, and a table that
//! grows, touch no slot. A hot key's index is many tables instead of one: one alone would grow from four million entries to
//! eight in a single insert, and every cart would wait for half a second. They grow one by one, as their shares differ.

use alloc::boxed::Box;
use alloc::vec;
use core::hash::BuildHasher;
use core::mem;

use hashbrown::DefaultHashBuilder;

use crate::tables::{TABLES, table_of};
use crate::units::ReservationId;

/// An index with more entries is a large one.
const ONE_MAX: usize = 8_192;

/// Places by reservation.
#[derive(Debug, Default)]
pub(crate) struct Index {
    tables: Tables,
    entries: usize,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
enum Tables {
    One(Table),
    Many(Box<[Table]>),
}

impl Default for Tables {
    fn default() -> Self {
        Self::One(Table::default())
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
        table.find(hash, is_it).map(|(_, place)| place)
    }

    /// Adds a reservation that is not there.
    pub(crate) fn insert(&mut self, id: ReservationId, place: u32) {
        if self.entries == ONE_MAX {
            self.divide();
        }
        let hash = self.hash(id);
        self.table(hash).insert(Entry { hash, place });
        self.entries += 1;
    }

    /// Takes a reservation away; tells its place.
    pub(crate) fn remove(&mut self, id: ReservationId, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = self.hash(id);
        let table = self.table(hash);
        let (at, place) = table.find(hash, is_it)?;
        table.remove(at);
        self.entries -= 1;
        Some(place)
    }

    fn hash(&self, id: ReservationId) -> u32 {
        #[expect(clippy::cast_possible_truncation, reason = "half of it is what is kept")]
        let half = self.hasher.hash_one(id) as u32;
        half
    }

    fn table(&mut self, hash: u32) -> &mut Table {
        match &mut self.tables {
            Tables::One(table) => table,
            Tables::Many(tables) => &mut tables[number(hash)],
        }
    }

    /// From now on many tables; for good, as a key that was hot once may be so again.
    fn divide(&mut self) {
        let Tables::One(table) = &mut self.tables else { return };
        let mut tables: Box<[Table]> = (0..TABLES).map(|_| Table::default()).collect();
        for entry in mem::take(table).entries() {
            tables[number(entry.hash)].insert(entry);
        }
        self.tables = Tables::Many(tables);
    }
}

/// The table of a hash: by its upper half; a table by itself uses the lower bits first.
fn number(hash: u32) -> usize {
    let [_, _, low, high] = hash.to_le_bytes();
    table_of(u16::from_le_bytes([low, high]))
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u32,
    place: u32,
}

impl Entry {
    /// As it is stored: the hash, and the place counted from 1, as 0 stands for nothing.
    fn cell(self) -> u64 {
        u64::from(self.hash) << 32 | (u64::from(self.place) + 1)
    }

    #[expect(clippy::cast_possible_truncation, reason = "two halves of 32 bits")]
    fn of(cell: u64) -> Option<Self> {
        Some(Self { hash: (cell >> 32) as u32, place: (cell as u32).checked_sub(1)? })
    }
}

/// A hash table of open addressing with linear probing (Knuth, The Art of Computer Programming, volume 3, 6.4, algorithms
/// L and R): who looks for an entry and finds none has the line in the processor's cache that it then goes to. A table that
/// tells entries apart by bytes of their own, as most do, would have it wait for memory twice.
#[derive(Debug, Default)]
struct Table {
    /// A power of two of them, or none.
    cells: Box<[u64]>,
    taken: usize,
}

/// Cells of the smallest table.
const CELLS_MIN: usize = 4;

impl Table {
    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.cells.len() - 1)
    }

    fn next(&self, at: usize) -> usize {
        (at + 1) & (self.cells.len() - 1)
    }

    /// Cell and place of an entry.
    fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<(usize, u32)> {
        if self.cells.is_empty() {
            return None;
        }
        let mut at = self.home(hash);
        while let Some(entry) = Entry::of(self.cells[at]) {
            if entry.hash == hash && is_it(entry.place) {
                return Some((at, entry.place));
            }
            at = self.next(at);
        }
        None
    }

    fn insert(&mut self, entry: Entry) {
        // A quarter stays free: with fewer, ways grow long.
        if 4 * (self.taken + 1) > 3 * self.cells.len() {
            self.resize((2 * self.cells.len()).max(CELLS_MIN));
        }
        self.put(entry);
    }

    fn put(&mut self, entry: Entry) {
        let mut at = self.home(entry.hash);
        while self.cells[at] != 0 {
            at = self.next(at);
        }
        self.cells[at] = entry.cell();
        self.taken += 1;
    }

    /// Empties a cell, and moves those behind it up that would not be found any more.
    fn remove(&mut self, mut free: usize) {
        let mut at = free;
        loop {
            at = self.next(at);
            let Some(entry) = Entry::of(self.cells[at]) else { break };
            // Cells from its home to where it stands: only if the free one is among them may it move there.
            let (way, back) = (at.wrapping_sub(self.home(entry.hash)), at.wrapping_sub(free));
            let within = self.cells.len() - 1;
            if (way & within) >= (back & within) {
                self.cells[free] = self.cells[at];
                free = at;
            }
        }
        self.cells[free] = 0;
        self.taken -= 1;
        // What a burst of reservations took is given back when they are gone.
        if self.cells.len() > 64 && self.cells.len() > 8 * self.taken {
            self.resize(self.cells.len() / 4);
        }
    }

    fn resize(&mut self, cells: usize) {
        let before = mem::replace(self, Self { cells: vec![0; cells].into(), taken: 0 });
        before.entries().for_each(|entry| self.put(entry));
    }

    fn entries(self) -> impl Iterator<Item = Entry> {
        self.cells.into_iter().filter_map(Entry::of)
    }
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
    #[test]
    fn tables_grow_one_by_one() {
        let mut index = Index::default();
        let capacities = |index: &Index| match &index.tables {
            Tables::One(_) => Vec::new(),
            Tables::Many(tables) => tables.iter().map(|table| table.cells.len()).collect(),
        };
        let (mut before, mut grown) = (Vec::new(), Vec::new());
        for place in 0..400_000 {
            index.insert(ReservationId::new(u128::from(place) + 1).unwrap(), place);
            // Looked at whenever the whole has grown by a hundredth.
            if place >= 100_000 && place % 1_000 == 0 {
                let now = capacities(&index);
                grown.push(before.iter().zip(&now).filter(|(before, now)| before < now).count());
                before = now;
            }
        }
        assert!(grown.iter().sum::<usize>() >= 2 * TABLES - 2, "each has grown twice: {grown:?}");
        assert!(grown.iter().all(|tables| *tables <= TABLES / 8), "too many at once: {grown:?}");
    }
    /// Few homes, so that ways cross and wrap around the end.
    #[test]
    fn a_crowded_table_is_a_map() {
        let mut table = Table::default();
        let mut model = alloc::collections::BTreeMap::new();
        let mut dice = 7_u32;
        for step in 0..200_000_u32 {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let place = (dice >> 8) % if step % 20_000 < 10_000 { 700 } else { 90 };
            // Seven to a hash, and hashes at both ends of a table.
            let hash = (place / 7).wrapping_sub(20);
            let found = table.find(hash, |it| it == place);
            assert_eq!(found.map(|(_, place)| place), model.get(&place).copied(), "step {step}");
            match found {
                Some((at, _)) => {
                    table.remove(at);
                    model.remove(&place);
                }
                None => {
                    table.insert(Entry { hash, place });
                    model.insert(place, place);
                }
            }
            assert_eq!(table.taken, model.len());
        }
    }
}
