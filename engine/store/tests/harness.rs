//! A store in a directory of its own, told what to do in the fewest words.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::store::{Place, Store, StoreError, StoreOptions};

/// What a store holds.
pub(super) type Content = BTreeMap<Vec<u8>, Vec<u8>>;

/// Small, and never short of disk.
pub(super) const OPTIONS: StoreOptions =
    StoreOptions { cache_bytes: 1 << 20, disk_free_bytes_min: 0, overlay_bytes_max: 1 << 20 };

/// A temporary directory for stores.
pub(super) struct Bench {
    pub(super) root: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    pub(super) fn dir(&self) -> PathBuf {
        self.root.path().join("store")
    }

    pub(super) fn open(&self) -> Store {
        Store::open(&self.dir(), OPTIONS).unwrap()
    }

    /// What a crash leaves of the store as it lies on disk now, in a directory beside it.
    pub(super) fn copy(&self, name: &str) -> PathBuf {
        let copy = self.root.path().join(name);
        copy_dir(&self.dir(), &copy);
        copy
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
    let entries = store.disk.range(std::ops::Bound::Included(&start));
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
