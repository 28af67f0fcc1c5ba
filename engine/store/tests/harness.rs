//! A store of its own, told what to do in the fewest words.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::journal::medium::{Fault, Faults, FaultyMedium, MemoryMedium, Operation};
use crate::store::batch::Batch;
use crate::store::tree::{Bytes, Entries, Tree};
use crate::store::{MemoryTree, Place, Store, StoreError, StoreOptions, StorePlace};

/// What a store holds.
pub(super) type Content = BTreeMap<Vec<u8>, Vec<u8>>;

/// Small, and never short of disk.
pub(super) const OPTIONS: StoreOptions =
    StoreOptions { cache_bytes: 1 << 20, disk_free_bytes_min: 0, overlay_bytes_max: 1 << 20 };

/// Where a store of a test is, and what fails there.
pub(super) struct Bench {
    kind: Kind,
    pub(super) faults: Faults,
}

enum Kind {
    Real(tempfile::TempDir),
    Simulated(MemoryMedium, MemoryTree),
}

impl Bench {
    /// In a temporary directory, with sled.
    pub(super) fn new() -> Self {
        Self { kind: Kind::Real(tempfile::tempdir().unwrap()), faults: Faults::default() }
    }

    /// On a simulated disk.
    pub(super) fn simulated() -> Self {
        let faults = Faults::default();
        let tree = MemoryTree::with_faults(faults.clone());
        Self { kind: Kind::Simulated(MemoryMedium::new(), tree), faults }
    }

    /// One of each kind.
    pub(super) fn both() -> [Self; 2] {
        [Self::new(), Self::simulated()]
    }

    /// The temporary directory; there is one for a real store only.
    pub(super) fn root(&self) -> &Path {
        match &self.kind {
            Kind::Real(root) => root.path(),
            Kind::Simulated(..) => panic!("a simulated disk has no directory"),
        }
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.root().join("store")
    }

    /// The store's place, with all faults taken away.
    pub(super) fn place(&self) -> StorePlace {
        self.faults.heal();
        match &self.kind {
            Kind::Real(_) => StorePlace::directory(self.dir()),
            Kind::Simulated(medium, tree) => {
                let faulty =
                    FaultyMedium::with_faults(Arc::new(medium.clone()), self.faults.clone());
                StorePlace::simulated(Arc::new(faulty), tree.clone())
            }
        }
    }

    pub(super) fn open(&self) -> Store {
        let mut store = Store::open(&self.place(), OPTIONS).unwrap();
        if let Kind::Real(_) = &self.kind {
            let inner = std::mem::replace(&mut store.tree, Box::new(MemoryTree::new()));
            store.tree = Box::new(FaultyTree { inner, faults: self.faults.clone() });
            let medium = Arc::clone(&store.redo.medium);
            store.redo.medium = Arc::new(FaultyMedium::with_faults(medium, self.faults.clone()));
        }
        store
    }

    /// Has operations fail for ever, once `after` more of them have gone through, and nothing else.
    pub(super) fn fail(&self, operation: Operation, after: u64) {
        self.faults.heal();
        let fault = Fault { operation, after, for_ever: true, errno: 5, short_bytes: 0 };
        self.faults.inject(fault);
    }

    /// What a killed process leaves of the store as it is now, beside it.
    pub(super) fn killed(&self, name: &str) -> StorePlace {
        match &self.kind {
            Kind::Real(_) => StorePlace::directory(self.copy(name)),
            Kind::Simulated(medium, tree) => {
                StorePlace::simulated(Arc::new(medium.process_crash()), tree.process_crash())
            }
        }
    }

    /// What losses of power may leave of a simulated store as it is now.
    pub(super) fn power_cuts(&self) -> Vec<StorePlace> {
        let Kind::Simulated(medium, tree) = &self.kind else {
            panic!("a real directory keeps its power");
        };
        let files: [fn(usize) -> bool; 3] = [|_| false, |_| true, |nth| nth % 2 == 1];
        let batches: [fn(usize) -> usize; 3] = [|_| 0, |all| all, |all| all / 2];
        let mut places = Vec::new();
        for survives in files {
            for survivors in batches {
                let mut nth = 0;
                let medium = medium.power_cut(|_| {
                    nth += 1;
                    survives(nth)
                });
                let tree = tree.power_cut(survivors);
                places.push(StorePlace::simulated(Arc::new(medium), tree));
            }
        }
        places
    }

    /// A real store's files as they are now, in a directory beside it.
    pub(super) fn copy(&self, name: &str) -> PathBuf {
        let copy = self.root().join(name);
        copy_dir(&self.dir(), &copy);
        copy
    }
}

/// Faults in front of another tree.
struct FaultyTree {
    inner: Box<dyn Tree>,
    faults: Faults,
}

impl FaultyTree {
    fn pass(&self, operation: Operation) -> Result<(), StoreError> {
        self.faults.pass(operation).map_err(StoreError::io("change", Path::new("sled")))
    }
}

impl Tree for FaultyTree {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.inner.get(key)
    }

    fn range(&self, start: Bound<&[u8]>) -> Entries<'_> {
        self.inner.range(start)
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        self.pass(Operation::Apply)?;
        self.inner.apply(batch)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.pass(Operation::SyncTree)?;
        self.inner.sync()
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        self.inner.size_bytes()
    }
}

pub(super) fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(super) fn place(sequence: u64) -> Place {
    Place { sequence, journal_id: 9, logged_time_us: sequence * 1_000 }
}

/// For checkpoints that wait for nothing.
pub(super) fn synced() -> Result<(), StoreError> {
    Ok(())
}

pub(super) fn put(store: &Store, key: &str, value: &str) {
    store.put(key.as_bytes(), value.as_bytes().to_vec());
}

pub(super) fn get(store: &Store, key: &str) -> Option<String> {
    let value = store.get(key.as_bytes()).unwrap();
    value.map(|value| String::from_utf8(value).unwrap())
}

/// Keys and values as text, `a=1 b=2`.
pub(super) fn scan(store: &Store, prefix: &str, after: Option<&str>, limit: usize) -> String {
    let found = store.scan(prefix.as_bytes(), after.map(str::as_bytes), limit).unwrap();
    let entry = |(key, value): &(Vec<u8>, Vec<u8>)| {
        format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value))
    };
    found.iter().map(entry).collect::<Vec<_>>().join(" ")
}

/// Everything that `verify` shows.
pub(super) fn verified(store: &Store) -> Result<Content, StoreError> {
    let mut content = Content::new();
    store.verify(&mut |key, value| {
        content.insert(key.to_vec(), value.to_vec());
    })?;
    Ok(content)
}

/// A long value that differs in every part.
pub(super) fn long(seed: u8, bytes: usize) -> Vec<u8> {
    (0..bytes)
        .map(|at| u8::try_from((at / 977 + at % 251 + usize::from(seed)) % 256).unwrap())
        .collect()
}

/// Stored keys of parts in sled.
pub(super) fn parts_in_sled(store: &Store) -> usize {
    let start = [super::super::entry::PART];
    let entries = store.tree.range(Bound::Included(&start));
    entries.map(Result::unwrap).count()
}

/// Entries of a first checkpoint, long ones among them; returns them.
pub(super) fn fill_old(store: &Store) -> Content {
    let mut content = Content::new();
    for at in 0..400_u16 {
        let key = format!("key {at:03}").into_bytes();
        content.insert(key, vec![1; 100 + usize::from(at)]);
    }
    content.insert(b"long".to_vec(), long(1, 150_000));
    content.insert(b"long, gone".to_vec(), long(2, 90_000));
    for (key, value) in &content {
        store.put(key, value.clone());
    }
    content
}

/// Changes about half of them, some to longer values and some to none; returns what there is now.
pub(super) fn fill_new(store: &Store, old: &Content) -> Content {
    let mut content = old.clone();
    for at in (0..400_u16).step_by(2) {
        let key = format!("key {at:03}").into_bytes();
        if at % 3 == 0 {
            content.remove(&key);
        } else {
            content.insert(key, vec![2; 700]);
        }
    }
    content.insert(b"fresh".to_vec(), b"new".to_vec());
    content.insert(b"long".to_vec(), long(3, 200_000));
    content.remove(&b"long, gone"[..]);
    for key in old.keys() {
        if content.get(key) != old.get(key) {
            match content.get(key) {
                Some(value) => store.put(key, value.clone()),
                None => store.delete(key),
            }
        }
    }
    store.put(b"fresh", b"new".to_vec());
    content
}

/// Just the old content under the old place or just the new one under the new; returns the place.
pub(super) fn assert_one_of_two(store: &Store, old: &Content, new: &Content) -> u64 {
    let found = verified(store).unwrap();
    let sequence = store.place().unwrap().sequence;
    let expected = [old, new][usize::try_from(sequence).unwrap() - 1];
    assert!(&found == expected, "a mixture under place {sequence}");
    let long_values = found.values().filter(|value| value.len() > 31 * 1_024);
    let parts: usize = long_values.map(|value| value.len().div_ceil(31 * 1_024)).sum();
    assert_eq!(parts_in_sled(store), parts, "no part is left over");
    sequence
}

/// Opens what a crash left, and carries on from there; returns the place that it found.
pub(super) fn carry_on(at: &StorePlace, old: &Content, new: &Content) -> u64 {
    let store = Store::open(at, OPTIONS).unwrap();
    let found = assert_one_of_two(&store, old, new);
    // As replay does: the newer states once more.
    fill_new(&store, old);
    store.checkpoint(place(3), synced).unwrap();
    assert_eq!(&verified(&store).unwrap(), new);
    found
}

/// A store whose second checkpoint failed at an operation, the contents before and after that one, and whether it was
/// completed all the same.
pub(super) fn cut_short(
    bench: &Bench,
    operation: Operation,
    after: u64,
) -> (Store, Content, Content, bool) {
    let store = bench.open();
    let old = fill_old(&store);
    store.checkpoint(place(1), synced).unwrap();
    let new = fill_new(&store, &old);
    bench.fail(operation, after);
    let done = store.checkpoint(place(2), synced).is_ok();
    (store, old, new, done)
}
