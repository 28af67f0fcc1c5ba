//! Deadlines of keys: one timer an arbiter, one entry a key, never one a hold.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use parking_lot::Mutex;
use saldo_ledger::{StockKey, Timestamp};

/// When which key has to be swept. An entry may come too early, for a hold that was released
/// meanwhile; the sweep then finds nothing due and sets the next.
#[derive(Debug, Default)]
pub struct Timer {
    heap: Mutex<BinaryHeap<Reverse<(Timestamp, StockKey)>>>,
}

impl Timer {
    /// Has a key swept at `at`.
    pub fn set(&self, at: Timestamp, key: &StockKey) {
        self.heap.lock().push(Reverse((at, key.clone())));
    }

    /// Takes the keys whose time has come, at most `limit`.
    pub fn take_due(&self, now: Timestamp, limit: usize) -> Vec<StockKey> {
        let mut heap = self.heap.lock();
        let mut due = Vec::new();
        while due.len() < limit && heap.peek().is_some_and(|Reverse((at, _))| *at <= now) {
            due.extend(heap.pop().map(|Reverse((_, key))| key));
        }
        due
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.heap.lock().len()
    }
}
