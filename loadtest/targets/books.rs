//! What a store has in its books at the end of a run, one line a key, for the audit to hold against the answers.

use crate::workload::op::KeyIndex;

/// The books of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookTotals {
    /// Which key.
    pub key: KeyIndex,
    /// Units that are free.
    pub left: i64,
    /// Reservations that take units: held or committed.
    pub reservations: u64,
    /// Their units.
    pub units: u64,
}
