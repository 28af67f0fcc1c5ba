//! The simulated disk of an engine: journal, baselines and store, what a crash leaves of them, and what fails meanwhile.

use std::sync::Arc;

use saldo::data_dir::DataDir;
use saldo::journal::medium::{
    Fault, Faults, FaultyMedium, Medium, MemoryMedium, Operation, Unsynced,
};
use saldo::store::{MemoryTree, StorePlace, TreeDamage};

use super::dice::Die;

/// Errno of an input or output error.
const EIO: i32 = 5;

/// What an engine keeps its data on.
pub struct SimDisk {
    journal: MemoryMedium,
    baselines: MemoryMedium,
    files: MemoryMedium,
    tree: MemoryTree,
    /// What fails of all four from now on, counted together.
    pub faults: Faults,
    journal_id: u128,
}

/// How the store came through a crash. It is never the truth, so nothing may depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFate {
    /// As the disk kept it.
    Kept,
    /// Gone.
    Lost,
    /// Changed by something else.
    Damaged,
}

impl SimDisk {
    /// An empty disk, for a journal of this id.
    pub fn new(journal_id: u128) -> Self {
        let faults = Faults::default();
        Self {
            journal: MemoryMedium::new(),
            baselines: MemoryMedium::new(),
            files: MemoryMedium::new(),
            tree: MemoryTree::with_faults(faults.clone()),
            faults,
            journal_id,
        }
    }

    /// The data directory of an engine on this disk.
    pub fn data_dir(&self) -> DataDir {
        let faulty = |medium: &MemoryMedium| -> Arc<dyn Medium> {
            Arc::new(FaultyMedium::with_faults(Arc::new(medium.clone()), self.faults.clone()))
        };
        let store = StorePlace::simulated(faulty(&self.files), self.tree.clone());
        DataDir::on(faulty(&self.journal), faulty(&self.baselines), store)
            .with_journal_id(self.journal_id)
    }

    /// What a killed process leaves.
    pub fn process_crash(&self) -> Self {
        let faults = Faults::default();
        Self {
            journal: self.journal.process_crash(),
            baselines: self.baselines.process_crash(),
            files: self.files.process_crash(),
            tree: self.tree.process_crash().sharing(faults.clone()),
            faults,
            journal_id: self.journal_id,
        }
    }

    /// What a loss of power leaves: all that was synced, and of the rest what chance lets survive.
    pub fn power_cut(&self, die: &mut Die) -> Self {
        let faults = Faults::default();
        let tree = self.tree.power_cut(|unsynced| match die.below(3) {
            0 => unsynced,
            1 => 0,
            _ => die.place(unsynced + 1),
        });
        Self {
            journal: cut(&self.journal, die),
            baselines: cut(&self.baselines, die),
            files: cut(&self.files, die),
            tree: tree.sharing(faults.clone()),
            faults,
            journal_id: self.journal_id,
        }
    }

    /// Loses or damages the store.
    pub fn hurt_store(&mut self, fate: StoreFate, die: &mut Die) {
        match fate {
            StoreFate::Kept => {}
            StoreFate::Lost => {
                self.files = MemoryMedium::new();
                self.tree = MemoryTree::with_faults(self.faults.clone());
            }
            StoreFate::Damaged => {
                let damage = match die.below(3) {
                    0 => TreeDamage::Flip { entry: die.place(1_000), bit: die.place(10_000) },
                    1 => TreeDamage::DropLast { entries: 1 + die.place(4) },
                    _ => TreeDamage::Cut,
                };
                // An empty tree has nothing that could be damaged.
                let _ = self.tree.damage(damage);
            }
        }
    }

    /// The n-th change of the disk from now on fails, and every one behind it.
    pub fn dies_after(&self, changes: u64, die: &mut Die) {
        self.fails(Operation::Change, changes, true, die);
    }

    /// An operation fails, once or for ever.
    pub fn fails(&self, operation: Operation, after: u64, for_ever: bool, die: &mut Die) {
        let short_bytes = if die.one_in(2) { 0 } else { die.place(9_000) };
        self.faults.inject(Fault { operation, after, for_ever, errno: EIO, short_bytes });
    }

    /// Nothing more can be allocated until [`SimDisk::make_room`].
    pub fn fill(&self) {
        self.journal.set_capacity_bytes(0);
    }

    /// There is room again.
    pub fn make_room(&self) {
        self.journal.set_capacity_bytes(u64::MAX);
    }

    /// Adds every byte of the journal and of the baselines to a checksum.
    pub fn checksum(&self, mut crc: u32) -> u32 {
        for medium in [&self.journal, &self.baselines] {
            for name in medium.list().unwrap_or_default() {
                crc = crc32c::crc32c_append(crc, name.as_bytes());
                crc = crc32c::crc32c_append(crc, &medium.bytes(&name).unwrap_or_default());
            }
        }
        crc
    }

    /// Files of the journal, and of baselines.
    pub fn files(&self) -> (usize, usize) {
        let count = |medium: &MemoryMedium| medium.list().map_or(0, |names| names.len());
        (count(&self.journal), count(&self.baselines))
    }
}

/// How a loss of power chooses among what no sync has covered.
enum Survivors {
    All,
    None,
    Each,
    First { left: u64 },
    AllBut { skipped: u64 },
}

fn cut(medium: &MemoryMedium, die: &mut Die) -> MemoryMedium {
    let mut survivors = match die.below(5) {
        0 => Survivors::All,
        1 => Survivors::None,
        2 => Survivors::First { left: die.below(8) },
        3 => Survivors::AllBut { skipped: die.below(8) },
        _ => Survivors::Each,
    };
    medium.power_cut(|_: Unsynced<'_>| match &mut survivors {
        Survivors::All => true,
        Survivors::None => false,
        Survivors::Each => die.one_in(2),
        Survivors::First { left } => {
            let survives = *left > 0;
            *left = left.saturating_sub(1);
            survives
        }
        Survivors::AllBut { skipped } => {
            let survives = *skipped != 0;
            *skipped = skipped.wrapping_sub(1);
            survives
        }
    })
}
