//! What an engine in memory keeps its data on, and what a crash leaves of it.

use std::sync::Arc;

use saldo::data_dir::DataDir;
use saldo::journal::medium::{Medium, MemoryMedium};
use saldo::store::{MemoryTree, StorePlace};

use super::Crash;

/// Journal, baselines, and the store with its log.
#[derive(Clone)]
pub struct Disks {
    journal: MemoryMedium,
    baselines: MemoryMedium,
    store: MemoryMedium,
    tree: MemoryTree,
}

impl Disks {
    /// Empty disks.
    #[must_use]
    pub fn new() -> Self {
        Self {
            journal: MemoryMedium::new(),
            baselines: MemoryMedium::new(),
            store: MemoryMedium::new(),
            tree: MemoryTree::new(),
        }
    }

    /// As an engine opens them. The journal's id is always the same.
    #[must_use]
    pub fn data_dir(&self) -> DataDir {
        let medium = |medium: &MemoryMedium| Arc::new(medium.clone()) as Arc<dyn Medium>;
        let store = StorePlace::simulated(medium(&self.store), self.tree.clone());
        DataDir::on(medium(&self.journal), medium(&self.baselines), store).with_journal_id(1)
    }

    /// What a crash leaves; the old ones stay with the engine that died.
    #[must_use]
    pub fn after(&self, crash: &Crash) -> Self {
        let mut drawn = Drawn(crash.survivors | 1);
        let left = |medium: &MemoryMedium, drawn: &mut Drawn| {
            if crash.power_cut { medium.power_cut(|_| drawn.bit()) } else { medium.process_crash() }
        };
        let journal = left(&self.journal, &mut drawn);
        let baselines = left(&self.baselines, &mut drawn);
        if crash.loses_store {
            return Self {
                journal,
                baselines,
                store: MemoryMedium::new(),
                tree: MemoryTree::new(),
            };
        }
        let store = left(&self.store, &mut drawn);
        let tree = if crash.power_cut {
            self.tree.power_cut(|unsynced| drawn.below(unsynced + 1))
        } else {
            self.tree.process_crash()
        };
        Self { journal, baselines, store, tree }
    }
}

impl Default for Disks {
    fn default() -> Self {
        Self::new()
    }
}

/// Bits drawn from a seed: a linear congruential generator is as good as any for what a disk keeps.
struct Drawn(u64);

impl Drawn {
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn bit(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap_or(0) % end.max(1)
    }
}
