//! What waits of one subscription to levels: the newest level of each key, and in bands only what would be news.

use std::collections::VecDeque;
use std::sync::Arc;

use hashbrown::HashMap;
use saldo_ledger::StockKey;

use super::TABLE_KEPT;
use super::level::SharedLevel;
use super::view::{Band, View};

/// Keys of which a subscription remembers what it told in bands; of others a band may be told again that has not
/// changed.
const SHADES_KEPT_MAX: usize = 65_536;

/// The newest level of each key of one subscription.
#[derive(Debug, Default)]
pub(super) struct Newest {
    /// None where the key has meanwhile come back to the shade that was told.
    levels: HashMap<StockKey, Option<Arc<SharedLevel>>>,
    /// The keys of `levels`, each once.
    order: VecDeque<StockKey>,
    /// Whether the reader is to be told something else first.
    pub(super) is_held: bool,
    view: View,
    /// Empty in the view `exact`.
    shades: HashMap<StockKey, Shades>,
}

/// What is known of a key whose levels are told by their shades. The reader keeps the highest version that it was
/// told; it has the newest shade already, or a level of that shade waits.
#[derive(Debug)]
struct Shades {
    /// Version and shade of the newest level that came.
    newest: (u64, Band),
    /// Version and shade of the newest that the reader was told.
    told: Option<(u64, Band)>,
}

impl Newest {
    pub(super) fn new(view: View) -> Self {
        Self { view, ..Self::default() }
    }

    /// How many keys wait, at most: a few of them may turn out to be as they were told.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is something to take.
    pub(super) fn is_ready(&self) -> bool {
        !self.is_held && !self.order.is_empty()
    }

    /// Puts a level in the place of an older one of its key; a level that looks to the reader like the one that
    /// it was told is passed over. Whether one more key waits.
    pub(super) fn put(&mut self, level: &Arc<SharedLevel>) -> bool {
        let (key, version) = (&level.level().key, level.level().version);
        if let Some(shade) = level.band().shade(self.view)
            && let Some(shades) = shades_of(&mut self.shades, key, (version, shade))
        {
            if shades.newest.0 > version {
                return false;
            }
            shades.newest = (version, shade);
            if shades.told.is_some_and(|told| told.1 == shade) {
                self.take_back(key);
                return false;
            }
        }
        if let Some(known) = self.levels.get_mut(key) {
            if known.as_ref().is_none_or(|known| known.level().version < version) {
                *known = Some(Arc::clone(level));
            }
            return false;
        }
        self.levels.insert(key.clone(), Some(Arc::clone(level)));
        self.order.push_back(key.clone());
        true
    }

    /// Notes that a page of the snapshot tells of a key, so that a delta comes when the band changes from there.
    /// The band to tell: 1. a page is read at version 2; 2. version 3 comes, looks like version 1 that was told,
    /// and is passed over; 3. the page is told, and must not bring version 2 back.
    pub(super) fn told(&mut self, key: &StockKey, version: u64, band: Band) -> Band {
        let Some(shade) = band.shade(self.view) else {
            return band;
        };
        let Some(shades) = shades_of(&mut self.shades, key, (version, shade)) else {
            return band;
        };
        if shades.told.is_some_and(|told| told.0 >= version) {
            return band;
        }
        if shades.newest.0 <= version {
            shades.newest = (version, shade);
        }
        let newest = shades.newest.1;
        shades.told = Some((version, newest));
        self.take_back(key);
        if newest == shade { band } else { newest }
    }

    pub(super) fn take(&mut self, limit: usize) -> Vec<Arc<SharedLevel>> {
        let taken = self.order.len().min(limit);
        let keys = self.order.drain(..taken);
        let levels: Vec<_> = keys.filter_map(|key| self.levels.remove(&key).flatten()).collect();
        if self.order.is_empty() && self.order.capacity() > TABLE_KEPT {
            (self.order, self.levels) = Default::default();
        }
        if self.view != View::Exact {
            for level in &levels {
                if let Some(shades) = self.shades.get_mut(&level.level().key) {
                    shades.told = Some(shades.newest);
                }
            }
        }
        levels
    }

    /// The reader has what waits of a key.
    fn take_back(&mut self, key: &StockKey) {
        if let Some(waiting) = self.levels.get_mut(key) {
            *waiting = None;
        }
    }
}

/// What is known of a key, of which this is the newest where it is the first; none where too much is known.
fn shades_of<'a>(
    all: &'a mut HashMap<StockKey, Shades>,
    key: &StockKey,
    first: (u64, Band),
) -> Option<&'a mut Shades> {
    if !all.contains_key(key) {
        if all.len() >= SHADES_KEPT_MAX {
            return None;
        }
        all.insert(key.clone(), Shades { newest: first, told: None });
    }
    all.get_mut(key)
}
