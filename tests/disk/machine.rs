//! The disk of one engine: journal, baselines, the store's files and its tree; what a crash leaves of them, and which of
//! its operations fail.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use saldo::data_dir::DataDir;
use saldo::journal::medium::{Faults, FaultyMedium, Medium};
use saldo::store::{MemoryTree, StorePlace};

use super::medium::{Fate, Order, PagedMedium};

/// Every journal of these attacks has this id.
const JOURNAL_ID: u128 = 0x0051_a1d0;

/// A disk.
pub struct Machine {
    pub journal: PagedMedium,
    pub baselines: PagedMedium,
    pub files: PagedMedium,
    pub tree: MemoryTree,
    /// Fails operations of all four, counted together.
    pub faults: Faults,
    pub order: Order,
}

/// What survives a loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survivors {
    /// The first so many unsynced changes, in their order.
    First(usize),
    /// All but one.
    AllBut(usize),
    /// One alone.
    Only(usize),
    /// All, of one page only the sectors whose bits are set.
    Torn(usize, u8),
    /// Those up to one, of whose page only the sectors whose bits are set.
    TornEnd(usize, u8),
}

impl Survivors {
    fn fate(self, place: usize) -> Fate {
        let kept = |is_kept: bool| if is_kept { Fate::Kept } else { Fate::Lost };
        match self {
            Self::First(count) => kept(place < count),
            Self::AllBut(lost) => kept(place != lost),
            Self::Only(one) => kept(place == one),
            Self::Torn(torn, sectors) if place == torn => Fate::Torn(sectors),
            Self::TornEnd(torn, sectors) if place == torn => Fate::TornLast(sectors),
            Self::Torn(..) => Fate::Kept,
            Self::TornEnd(torn, _) => kept(place < torn),
        }
    }
}

impl Machine {
    /// An empty disk.
    pub fn new() -> Self {
        let (order, faults) = (Order::default(), Faults::default());
        let medium = || PagedMedium::new(&order);
        Self {
            journal: medium(),
            baselines: medium(),
            files: medium(),
            tree: MemoryTree::with_faults(faults.clone()),
            faults,
            order,
        }
    }

    /// What an engine is started with.
    pub fn data_dir(&self) -> DataDir {
        let faulty = |medium: &PagedMedium| -> Arc<dyn Medium> {
            Arc::new(FaultyMedium::with_faults(Arc::new(medium.clone()), self.faults.clone()))
        };
        let store = StorePlace::simulated(faulty(&self.files), self.tree.clone());
        DataDir::on(faulty(&self.journal), faulty(&self.baselines), store)
            .with_journal_id(JOURNAL_ID)
    }

    /// Pages and names that no sync has covered.
    pub fn unsynced(&self) -> usize {
        self.numbers().len()
    }

    fn numbers(&self) -> Vec<u64> {
        let media = [&self.journal, &self.baselines, &self.files];
        let mut numbers: Vec<u64> = media.iter().flat_map(|medium| medium.unsynced()).collect();
        numbers.sort_unstable();
        numbers
    }

    /// What a killed process leaves; what was unsynced still is.
    pub fn process_crash(&self) -> Self {
        let faults = Faults::default();
        self.left(&|medium| medium.process_crash(&self.order), self.tree.process_crash(), faults)
    }

    /// What a killed process leaves, with the same faults waiting.
    pub fn process_crash_with_faults(&self) -> Self {
        let faults = self.faults.clone();
        self.left(&|medium| medium.process_crash(&self.order), self.tree.process_crash(), faults)
    }

    /// What a loss of power leaves: of the unsynced pages and names the `survivors`, and the tree's first `batches`.
    pub fn power_cut(&self, survivors: Survivors, batches: usize) -> Self {
        let numbers = self.numbers();
        let fate = |number: u64| {
            survivors.fate(numbers.binary_search(&number).unwrap_or_else(|place| place))
        };
        let tree = self.tree.power_cut(|unsynced| batches.min(unsynced));
        let cut = |medium: &PagedMedium| medium.power_cut(&self.order, &fate);
        self.left(&cut, tree, Faults::default())
    }

    /// As [`Machine::power_cut`], with the same faults waiting.
    pub fn power_cut_with_faults(&self, survivors: Survivors, batches: usize) -> Self {
        let left = self.power_cut(survivors, batches);
        Self { tree: left.tree.sharing(self.faults.clone()), faults: self.faults.clone(), ..left }
    }

    fn left(
        &self,
        medium: &dyn Fn(&PagedMedium) -> PagedMedium,
        tree: MemoryTree,
        faults: Faults,
    ) -> Self {
        Self {
            journal: medium(&self.journal),
            baselines: medium(&self.baselines),
            files: medium(&self.files),
            tree: tree.sharing(faults.clone()),
            faults,
            order: self.order.clone(),
        }
    }

    /// Loses the store as a whole.
    pub fn without_store(&self) -> Self {
        let left = self.process_crash();
        let tree = MemoryTree::with_faults(left.faults.clone());
        Self { files: PagedMedium::new(&self.order), tree, ..left }
    }

    /// What a start finds in the files, as a number. The tree's content is for the caller to add.
    pub fn digest(&self, of_tree: impl Hash) -> u64 {
        let mut state = DefaultHasher::new();
        for medium in [&self.journal, &self.baselines, &self.files] {
            medium.hash_live(&mut state);
            u64::MAX.hash(&mut state);
        }
        of_tree.hash(&mut state);
        state.finish()
    }
}
