//! Where a reservation is decided: the home of every reservation that some actor may still hold.
//!
//! Every open hold has an entry here, so an entry is as small as it can be: the id and a pointer to
//! the key, 24 bytes. Claiming one is on the path of every reserve: one look at a shard's table,
//! under a lock that is held for no more than that.

use std::hash::BuildHasher;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use parking_lot::Mutex;
use saldo_ledger::tables::{TABLES, table_of};
use saldo_ledger::{ReservationId, StockKey};

/// Tables of their own, so that arbiters seldom meet, and one that grows keeps others waiting for a moment only.
const SHARDS: usize = TABLES;

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It is the home's now.
    New,
    /// It was the home's already.
    Own,
    /// Another home has it.
    Others,
}

/// A reservation and its home. The id is in two halves: whole, it would want 8 bytes more beside it.
struct Home {
    id: [u64; 2],
    key: StockKey,
}

/// Homes by reservation. A closed reservation stays until it is in the store.
pub struct Ids {
    shards: Box<[Mutex<HashTable<Home>>]>,
    hasher: DefaultHashBuilder,
    /// Where ids are counted instead of drawn: in simulations.
    counted: OnceLock<AtomicU64>,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: DefaultHashBuilder::default(),
            counted: OnceLock::new(),
        }
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

    /// Takes an id for a home.
    pub fn claim(&self, id: ReservationId, home: &StockKey) -> Claim {
        let (halves, hash) = self.halves(id);
        self.take(&mut self.shard(hash).lock(), halves, hash, home.clone())
    }

    /// Takes many ids for a home, as [`Ids::claim`] does.
    ///
    /// The ids of a shard are looked for one right after the other, so that their waits for memory overlap, before the
    /// first of them is taken. The entries' keys are made beforehand: counting one more owner of a key is an atomic step,
    /// which would wait for the entry before it to be written.
    pub fn claim_all(&self, ids: &[ReservationId], home: &StockKey) -> Vec<Claim> {
        let looks: Vec<([u64; 2], u64)> = ids.iter().map(|id| self.halves(*id)).collect();
        let mut keys = vec![home.clone(); ids.len()];
        let mut taken = vec![Claim::Own; ids.len()];
        let (by_shard, ends) = by_shard(&looks);
        let mut begin = 0;
        for (shard, end) in self.shards.iter().zip(ends) {
            let places = &by_shard[begin..end];
            begin = end;
            if places.is_empty() {
                continue;
            }
            let mut homes = shard.lock();
            let looked = places.iter().map(|place| looks[*place as usize]);
            std::hint::black_box(
                looked.filter(|(id, hash)| homes.find(*hash, |it| it.id == *id).is_some()).count(),
            );
            for place in places {
                let (id, hash) = looks[*place as usize];
                let key = keys.pop().unwrap_or_else(|| home.clone());
                taken[*place as usize] = self.take(&mut homes, id, hash, key);
            }
        }
        taken
    }

    fn take(&self, homes: &mut HashTable<Home>, id: [u64; 2], hash: u64, key: StockKey) -> Claim {
        match homes.entry(hash, |it| it.id == id, |it| self.hasher.hash_one(it.id)) {
            Entry::Occupied(taken) if taken.get().key == key => Claim::Own,
            Entry::Occupied(_) => Claim::Others,
            Entry::Vacant(free) => {
                free.insert(Home { id, key });
                Claim::New
            }
        }
    }

    /// The home of a reservation.
    #[must_use]
    pub fn home(&self, id: ReservationId) -> Option<StockKey> {
        let (halves, hash) = self.halves(id);
        let homes = self.shard(hash).lock();
        homes.find(hash, |it| it.id == halves).map(|home| home.key.clone())
    }

    /// Lets go of an id that this home has: no reservation was made of it, or the store knows it now.
    pub fn release(&self, id: ReservationId, home: &StockKey) {
        let (halves, hash) = self.halves(id);
        let mut homes = self.shard(hash).lock();
        if let Ok(home) = homes.find_entry(hash, |it| it.id == halves && it.key == *home) {
            home.remove();
            // What a burst of reservations took is given back when they are gone.
            let room = 2 * homes.len();
            if homes.capacity() > 64 && homes.capacity() > 4 * room {
                homes.shrink_to(room, |it| self.hasher.hash_one(it.id));
            }
        }
    }

    /// Number of reservations.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().len()).sum()
    }

    fn halves(&self, id: ReservationId) -> ([u64; 2], u64) {
        let bits = id.bits();
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
        let halves = [(bits >> 64) as u64, bits as u64];
        (halves, self.hasher.hash_one(halves))
    }

    /// Tables use a hash's upper and lowest bits; shards are told apart by some between.
    fn number(hash: u64) -> usize {
        let bytes = hash.to_le_bytes();
        table_of(u16::from_le_bytes([bytes[3], bytes[4]]))
    }

    fn shard(&self, hash: u64) -> &Mutex<HashTable<Home>> {
        &self.shards[Self::number(hash)]
    }
}

/// The places of ids by shard, in order within each, and where each shard's end.
fn by_shard(looks: &[([u64; 2], u64)]) -> (Vec<u32>, [usize; SHARDS]) {
    let mut ends = [0; SHARDS];
    for (_, hash) in looks {
        ends[Ids::number(*hash)] += 1;
    }
    let mut begins = [0; SHARDS];
    let mut before = 0;
    for (begin, end) in begins.iter_mut().zip(&mut ends) {
        *begin = before;
        *end += before;
        before = *end;
    }
    let mut places = vec![0; looks.len()];
    for (place, (_, hash)) in (0u32..).zip(looks) {
        let next = &mut begins[Ids::number(*hash)];
        places[*next] = place;
        *next += 1;
    }
    (places, ends)
}
