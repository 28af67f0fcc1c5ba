//! A tree in memory that takes sled's place in simulations: without threads and clocks, with losses of power, injected
//! faults and damage. Batches are seen at once and durable after a sync; those in between survive in their order.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::batch::Batch;
use super::error::{Damage, StoreError};
use super::tree::{Bytes, Entries, Tree};
use crate::journal::medium::{Fault, Faults, Operation};

/// How messages name it.
const NAME: &str = "the simulated tree";

/// The tree; clones share it and its faults.
#[derive(Clone, Debug, Default)]
pub struct MemoryTree {
    content: Arc<Mutex<Content>>,
    faults: Faults,
}

/// What happens to a tree that lies still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeDamage {
    /// A bit of what is stored under one key turns; both are counted in a circle.
    Flip {
        /// Place of the key in their order, from 0.
        entry: usize,
        /// Place of the bit, from 0.
        bit: usize,
    },
    /// The last keys, in their order, are lost without a trace.
    DropLast {
        /// How many.
        entries: usize,
    },
    /// It cannot be opened until the store is destroyed.
    Cut,
}

type Stored = BTreeMap<Arc<[u8]>, Arc<[u8]>>;

/// `live` is `durable` with the `unsynced` steps applied.
#[derive(Clone, Debug, Default)]
struct Content {
    live: Stored,
    durable: Stored,
    unsynced: Vec<Step>,
    is_cut: bool,
}

/// What is stored under a key from then on.
type Change = (Arc<[u8]>, Option<Arc<[u8]>>);

#[derive(Clone, Debug)]
enum Step {
    Batch(Vec<Change>),
    Cleared,
}

impl Step {
    fn apply_to(&self, stored: &mut Stored) {
        match self {
            Self::Cleared => stored.clear(),
            Self::Batch(changes) => {
                for (key, value) in changes {
                    match value {
                        Some(value) => stored.insert(Arc::clone(key), Arc::clone(value)),
                        None => stored.remove(key),
                    };
                }
            }
        }
    }
}

impl Content {
    fn take_step(&mut self, step: Step) {
        step.apply_to(&mut self.live);
        self.unsynced.push(step);
    }

    /// Makes the first `steps` of the unsynced ones durable and forgets the others.
    fn keep(&mut self, steps: usize) {
        for step in self.unsynced.drain(..).take(steps) {
            step.apply_to(&mut self.durable);
        }
    }
}

impl MemoryTree {
    /// An empty tree; nothing fails yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty tree, with faults that others may have too.
    #[must_use]
    pub fn with_faults(faults: Faults) -> Self {
        Self { content: Arc::default(), faults }
    }

    /// The same tree, with faults that others may have too.
    #[must_use]
    pub fn sharing(self, faults: Faults) -> Self {
        Self { faults, ..self }
    }

    fn of(content: Content) -> Self {
        Self { content: Arc::new(Mutex::new(content)), faults: Faults::default() }
    }

    /// What a loss of power leaves, as a new tree without faults: all that was synced and the first batches of what was
    /// not, as many as `survivors` says, which is told how many there are. The old tree stays as it is.
    #[must_use]
    pub fn power_cut(&self, survivors: impl FnOnce(usize) -> usize) -> Self {
        let mut content = self.content.lock().clone();
        content.keep(survivors(content.unsynced.len()));
        content.live = content.durable.clone();
        Self::of(content)
    }

    /// What a killed process leaves, as a new tree without faults: all that was applied. What was not synced is still
    /// lost by a [`MemoryTree::power_cut`] of the new one.
    #[must_use]
    pub fn process_crash(&self) -> Self {
        Self::of(self.content.lock().clone())
    }

    /// Batches that no sync has covered yet.
    #[must_use]
    pub fn unsynced(&self) -> usize {
        self.content.lock().unsynced.len()
    }

    /// Stored keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.content.lock().live.len()
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A number for all that is stored: trees of the same content have the same.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut state = DefaultHasher::new();
        self.content.lock().live.hash(&mut state);
        state.finish()
    }

    /// Adds a fault, counted from now: of [`Operation::Apply`], [`Operation::SyncTree`] or [`Operation::Change`].
    pub fn inject(&self, fault: Fault) {
        self.faults.inject(fault);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.faults.heal();
    }

    /// Damages what is stored, all of it counting as synced from then on; whether there was anything to damage.
    pub fn damage(&self, damage: TreeDamage) -> bool {
        let mut content = self.content.lock();
        content.keep(usize::MAX);
        let touched = match damage {
            TreeDamage::Flip { entry, bit } => flip(&mut content.durable, entry, bit),
            TreeDamage::DropLast { entries } => {
                (0..entries).filter(|_| content.durable.pop_last().is_some()).count() > 0
            }
            TreeDamage::Cut => {
                content.is_cut = true;
                true
            }
        };
        content.live = content.durable.clone();
        touched
    }

    /// The tree, unless it is cut.
    pub(super) fn open(&self) -> Result<Self, StoreError> {
        if self.content.lock().is_cut {
            let reason = format!("{NAME} was cut");
            return Err(Damage::Medium { reason }.into());
        }
        Ok(self.clone())
    }

    /// Removes everything, as one batch would.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        self.pass(Operation::Apply, "clear")?;
        let mut content = self.content.lock();
        content.is_cut = false;
        content.take_step(Step::Cleared);
        Ok(())
    }

    fn pass(&self, operation: Operation, doing: &'static str) -> Result<(), StoreError> {
        self.faults.pass(operation).map_err(StoreError::io(doing, Path::new(NAME)))
    }
}

/// Turns a bit of one value; whether there was one.
fn flip(stored: &mut Stored, entry: usize, bit: usize) -> bool {
    let Some(entry) = entry.checked_rem(stored.len()) else { return false };
    let Some(value) = stored.values_mut().nth(entry) else { return false };
    let mut flipped = value.to_vec();
    let Some(bit) = bit.checked_rem(flipped.len() * 8) else { return false };
    flipped[bit / 8] ^= 1 << (bit % 8);
    *value = flipped.into();
    true
}

impl Tree for MemoryTree {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let found = self.content.lock().live.get(key).map(Arc::clone);
        Ok(found.map(Bytes::Memory))
    }

    fn range(&self, start: Bound<&[u8]>) -> Entries<'_> {
        // Unlocked between two entries: whoever walks may read, and a checkpoint may go on.
        let mut start = start.map(Arc::<[u8]>::from);
        Box::new(std::iter::from_fn(move || {
            let content = self.content.lock();
            let rest = (start.as_ref().map(|key| &**key), Bound::Unbounded);
            let (key, value) = content.live.range::<[u8], _>(rest).next()?;
            start = Bound::Excluded(Arc::clone(key));
            Some(Ok((Bytes::Memory(Arc::clone(key)), Bytes::Memory(Arc::clone(value)))))
        }))
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.pass(Operation::Apply, "write")?;
        let changes = batch.into_iter().map(|(key, value)| (key.into(), value.map(Arc::from)));
        self.content.lock().take_step(Step::Batch(changes.collect()));
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.pass(Operation::SyncTree, "sync")?;
        self.content.lock().keep(usize::MAX);
        Ok(())
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        let content = self.content.lock();
        let bytes: usize = content.live.iter().map(|(key, value)| key.len() + value.len()).sum();
        Ok(u64::try_from(bytes).unwrap_or(u64::MAX))
    }
}
