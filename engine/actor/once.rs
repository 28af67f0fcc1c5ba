//! Calls that are done once: which idempotency keys stand for which call, for a time and a number.
//!
//! One table for the engine, because a key is global to it. It is asked only for calls that carry a
//! key, and under one short lock: the entries stand in a ring in the order in which they were
//! decided, so that the oldest go first and a checkpoint writes the newest chunks only.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicUsize, Ordering};

use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::Mutex;
use saldo_ledger::{Once, ReservationId, Timestamp};
use tokio::sync::oneshot;

use super::fingerprint;
use crate::store::state::{self, OnceEntry as Entry, StateError};

/// Entries of one stored chunk: well below the store's 32 KiB for a value in one piece.
const CHUNK_ENTRIES: u64 = 512;

/// What the table knows of a key.
#[derive(Debug)]
pub enum Known {
    /// Nothing: it is now claimed for the caller, who must [`OnceTable::decided`] or [`OnceTable::forget`] it.
    Fresh,
    /// The same call, done before; with the reservation that it made, if it made one.
    Done(Option<ReservationId>),
    /// The same call is under way: wait, then ask again.
    UnderWay(oneshot::Receiver<()>),
    /// The key stands for another call.
    Reused,
}

#[derive(Default)]
struct Table {
    ring: VecDeque<Entry>,
    /// Index of the ring's first entry, counted from the first ever.
    first: u64,
    /// Indexes into the ring by the hash of their key.
    index: HashTable<u64>,
    under_way: HashMap<u128, (u64, Vec<oneshot::Sender<()>>)>,
    /// Entries from here on are not in the store.
    stored: u64,
    /// First chunk that is still in the store.
    first_chunk: u64,
}

/// The table of idempotency keys.
pub struct OnceTable {
    table: Mutex<Table>,
    /// Entries of `table`.
    entries: AtomicUsize,
    /// Those of them that are reservations which have closed, for those who need not ask where there are none.
    reservations: AtomicUsize,
    hasher: DefaultHashBuilder,
    entries_max: usize,
    window_us: u64,
}

impl OnceTable {
    /// A table that remembers the newest `entries_max` keys for `window_seconds`.
    #[must_use]
    pub fn new(entries_max: usize, window_seconds: u64) -> Self {
        Self {
            table: Mutex::default(),
            entries: AtomicUsize::new(0),
            reservations: AtomicUsize::new(0),
            hasher: DefaultHashBuilder::default(),
            entries_max,
            window_us: window_seconds.saturating_mul(1_000_000),
        }
    }

    /// Asks for a key and claims it where nothing is known of it.
    pub fn claim(&self, once: Once, now: Timestamp) -> Known {
        let mut table = self.table.lock();
        if let Some(known) = self.look(&table, once, now) {
            return known;
        }
        match table.under_way.get_mut(&once.key) {
            Some((fingerprint, _)) if *fingerprint != once.fingerprint => Known::Reused,
            Some((_, waiting)) => {
                let (tell, told) = oneshot::channel();
                waiting.push(tell);
                Known::UnderWay(told)
            }
            None => {
                table.under_way.insert(once.key, (once.fingerprint, Vec::new()));
                Known::Fresh
            }
        }
    }

    /// What is known of a key, without claiming it.
    pub fn known(&self, once: Once, now: Timestamp) -> Option<Known> {
        self.look(&self.table.lock(), once, now)
    }

    fn look(&self, table: &Table, once: Once, now: Timestamp) -> Option<Known> {
        let entry = self.find(table, once.key)?;
        if entry.at.saturating_add(self.window_us) <= now.as_micros() {
            return None;
        }
        let same = entry.fingerprint == once.fingerprint;
        let reservation = ReservationId::new(u128::from_le_bytes(entry.reservation));
        Some(if same { Known::Done(reservation) } else { Known::Reused })
    }

    fn find<'a>(&self, table: &'a Table, key: u128) -> Option<&'a Entry> {
        let bytes = key.to_le_bytes();
        let at = |index: u64| table.ring.get(usize::try_from(index - table.first).ok()?);
        let hash = self.hasher.hash_one(bytes);
        let found =
            table.index.find(hash, |index| at(*index).is_some_and(|entry| entry.key == bytes));
        at(*found?)
    }

    /// Remembers what a claimed key led to. Called by the actor that decided, before any
    /// checkpoint can pass the event.
    pub fn decided(&self, once: Once, reservation: Option<ReservationId>, at: Timestamp) {
        let mut table = self.table.lock();
        table.under_way.remove(&once.key);
        if self.find(&table, once.key).is_some_and(|entry| {
            entry.fingerprint == once.fingerprint
                && entry.at.saturating_add(self.window_us) > at.as_micros()
        }) {
            return;
        }
        let entry = Entry {
            key: once.key.to_le_bytes(),
            fingerprint: once.fingerprint,
            reservation: reservation.map_or(0, ReservationId::bits).to_le_bytes(),
            at: at.as_micros(),
        };
        self.push(&mut table, entry);
        self.drop_oldest(&mut table, at);
        self.entries.store(table.ring.len(), Ordering::Release);
    }

    fn push(&self, table: &mut Table, entry: Entry) {
        let hash = self.hasher.hash_one(entry.key);
        let index = table.first + table.ring.len() as u64;
        // A newer entry of the same key takes the older one's place in the index.
        let (ring, first) = (&table.ring, table.first);
        let at = |index: u64| ring.get(usize::try_from(index - first).unwrap_or(usize::MAX));
        match table.index.find_entry(hash, |old| at(*old).is_some_and(|it| it.key == entry.key)) {
            Ok(mut old) => *old.get_mut() = index,
            Err(_) => {
                table.index.insert_unique(hash, index, |index| {
                    at(*index).map_or(0, |entry| self.hasher.hash_one(entry.key))
                });
            }
        }
        table.ring.push_back(entry);
        if is_reservation(&entry) {
            self.reservations.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn drop_oldest(&self, table: &mut Table, now: Timestamp) {
        while let Some(oldest) = table.ring.front().copied() {
            let old = oldest.at.saturating_add(self.window_us) <= now.as_micros();
            if !old && table.ring.len() <= self.entries_max {
                return;
            }
            let first = table.first;
            let hash = self.hasher.hash_one(oldest.key);
            if let Ok(entry) = table.index.find_entry(hash, |index| *index == first) {
                entry.remove();
            }
            table.ring.pop_front();
            table.first += 1;
            if is_reservation(&oldest) {
                self.reservations.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }

    /// Gives a claimed key back: the call was refused, and a repeat is decided anew.
    pub fn forget(&self, once: Once) {
        // Dropping the senders wakes those who wait; they ask again.
        self.table.lock().under_way.remove(&once.key);
    }

    /// Seconds that the table reaches back at present.
    #[must_use]
    pub fn reach_seconds(&self, now: Timestamp) -> u64 {
        let table = self.table.lock();
        let full = table.ring.len() >= self.entries_max;
        match table.ring.front() {
            Some(oldest) if full => now.as_micros().saturating_sub(oldest.at) / 1_000_000,
            _ => self.window_us / 1_000_000,
        }
    }

    /// Number of keys remembered.
    #[must_use]
    pub fn remembered(&self) -> usize {
        self.entries.load(Ordering::Acquire)
    }

    /// Whether the id of some reservation that has closed is remembered.
    #[must_use]
    pub fn has_reservations(&self) -> bool {
        self.reservations.load(Ordering::Acquire) > 0
    }

    /// Chunks that changed since the last call, and numbers of those that are gone, for the store.
    pub fn take_chunks(&self) -> (Vec<(u64, Vec<u8>)>, Vec<u64>) {
        let mut table = self.table.lock();
        let end = table.first + table.ring.len() as u64;
        let from = table.stored.max(table.first) / CHUNK_ENTRIES;
        let mut changed = Vec::new();
        if table.stored < end {
            for chunk in from..=(end - 1) / CHUNK_ENTRIES {
                let start = (chunk * CHUNK_ENTRIES).max(table.first);
                let stop = ((chunk + 1) * CHUNK_ENTRIES).min(end);
                let within =
                    |index: u64| usize::try_from(index - table.first).unwrap_or(usize::MAX);
                let entries: Vec<Entry> =
                    table.ring.range(within(start)..within(stop)).copied().collect();
                changed.push((chunk, state::encode_once(start, entries)));
            }
        }
        let gone = (table.first_chunk..table.first / CHUNK_ENTRIES).collect();
        table.first_chunk = table.first_chunk.max(table.first / CHUNK_ENTRIES);
        table.stored = end;
        (changed, gone)
    }

    /// Takes in a stored chunk; chunks come in order, before anything is decided.
    ///
    /// # Errors
    /// [`StateError`] where the bytes are not a chunk.
    pub fn restore(&self, chunk: u64, bytes: &[u8]) -> Result<(), StateError> {
        let (start, entries) = state::decode_once(bytes)?;
        // Indexes are counted from the first key ever; none comes near the end of numbers.
        if start > u64::MAX / 2 {
            return Err(StateError::Index(start));
        }
        let mut table = self.table.lock();
        if table.ring.is_empty() {
            table.first = start;
            table.first_chunk = chunk;
        }
        for (index, entry) in (start..).zip(entries) {
            if index == table.first + table.ring.len() as u64 {
                self.push(&mut table, entry);
            }
        }
        table.stored = table.first + table.ring.len() as u64;
        // A chunk is stored whole: what had been dropped from its front is dropped again.
        self.drop_oldest(&mut table, Timestamp::default());
        self.entries.store(table.ring.len(), Ordering::Release);
        Ok(())
    }
}

/// Whether the key is the id that a client gave its reservation.
fn is_reservation(entry: &Entry) -> bool {
    ReservationId::new(u128::from_le_bytes(entry.reservation))
        .is_some_and(|id| fingerprint::key_of_id(id).to_le_bytes() == entry.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once(key: u128) -> Once {
        Once { key, fingerprint: 5 }
    }

    fn at(second: u64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn table(entries_max: usize) -> OnceTable {
        OnceTable::new(entries_max, 100)
    }

    #[test]
    fn a_key_is_fresh_then_under_way_then_done_then_forgotten() {
        let table = table(10);
        assert!(matches!(table.claim(once(1), at(1)), Known::Fresh));
        assert!(matches!(table.claim(once(1), at(1)), Known::UnderWay(_)));
        let other = Once { key: 1, fingerprint: 6 };
        assert!(matches!(table.claim(other, at(1)), Known::Reused));
        table.decided(once(1), ReservationId::new(9), at(1));
        assert!(matches!(table.claim(once(1), at(100)), Known::Done(Some(_))));
        assert!(matches!(table.claim(other, at(100)), Known::Reused));
        assert!(matches!(table.claim(once(1), at(101)), Known::Fresh));
    }

    #[test]
    fn a_refused_call_wakes_those_who_wait_and_leaves_no_trace() {
        let table = table(10);
        assert!(matches!(table.claim(once(1), at(1)), Known::Fresh));
        let Known::UnderWay(mut told) = table.claim(once(1), at(1)) else {
            panic!("not under way")
        };
        table.forget(once(1));
        assert!(matches!(told.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
        assert!(matches!(table.claim(once(1), at(1)), Known::Fresh));
    }

    #[test]
    fn the_newest_are_kept_and_come_back_from_the_store() {
        let first = table(1_500);
        let mut stored = std::collections::BTreeMap::new();
        let mut save = |table: &OnceTable| {
            let (changed, gone) = table.take_chunks();
            stored.extend(changed);
            stored.retain(|chunk, _| !gone.contains(chunk));
        };
        for key in 1..=4_000 {
            first.decided(once(key), ReservationId::new(key), at(1));
            if key % 700 == 0 {
                save(&first);
            }
        }
        save(&first);
        let again = table(1_500);
        for (chunk, bytes) in &stored {
            again.restore(*chunk, bytes).unwrap();
        }
        assert_eq!((first.remembered(), again.remembered()), (1_500, 1_500));
        for key in 1..=4_000u128 {
            let expected = key > 2_500;
            let found =
                matches!(again.claim(once(key), at(2)), Known::Done(Some(id)) if id.bits() == key);
            assert_eq!(found, expected, "key {key}");
        }
        assert!(first.take_chunks().0.is_empty(), "nothing new to store");
    }
}
