//! What the journal's thread leaves for the dispatcher: the newest level of each key since the last round.

use hashbrown::HashMap;
use saldo_ledger::{Level, StockKey};

use super::TABLE_KEPT;

/// Levels that wait for the dispatcher.
#[derive(Debug, Default)]
pub(super) struct Merged {
    newest: HashMap<StockKey, Level>,
    /// Everything up to this place of the journal is in `newest` or was before.
    sequence: u64,
    /// More keys changed than may wait: what was here is gone.
    overflowed: bool,
}

impl Merged {
    /// Whether there is nothing to tell.
    pub(super) fn is_idle(&self) -> bool {
        self.newest.is_empty() && !self.overflowed
    }

    /// Takes a level in, unless a newer one of its key is here. Past `keys_max` keys all is dropped.
    pub(super) fn put(&mut self, level: Level, keys_max: usize) {
        if self.overflowed {
            return;
        }
        if let Some(known) = self.newest.get_mut(&level.key) {
            if known.version < level.version {
                *known = level;
            }
            return;
        }
        if self.newest.len() >= keys_max {
            self.overflowed = true;
            self.newest = HashMap::new();
            return;
        }
        self.newest.insert(level.key.clone(), level);
    }

    pub(super) fn reached(&mut self, sequence: u64) {
        self.sequence = self.sequence.max(sequence);
    }

    pub(super) const fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(super) const fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Level> {
        self.overflowed = false;
        self.newest.drain().map(|(_, level)| level)
    }

    /// Gives back what a burst needed.
    pub(super) fn shrink(&mut self) {
        self.newest.shrink_to(TABLE_KEPT);
    }
}
