//! The store's handle: opening, reading and changing single entries.

use parking_lot::{Mutex, RwLock};

use super::digest::Print;
use super::directory::Directory;
use super::entry::{Assembly, HEAD, Head, KEY_BYTES_MAX, PART, Stored, decode_head, head_key};
use super::error::{Damage, StoreError};
use super::meta::{META_KEY, Meta, Place};
use super::options::StoreOptions;
use super::overlay::{Overlay, Value};
use super::place::StorePlace;
use super::redo::RedoLog;
use super::tree::Tree;

/// Ordered bytes to bytes; shared through an `Arc`.
///
/// Puts and deletes go to memory only and are durable after the next [`Store::checkpoint`]; reads see them at once.
/// Keys are 1 to [`KEY_BYTES_MAX`] bytes; values may be of any length that memory holds, those over 31 KiB cost more.
pub struct Store {
    // Dropped in this order: sled's files before the lock on their directory.
    pub(super) tree: Box<dyn Tree>,
    pub(super) redo: RedoLog,
    pub(super) directory: Directory,
    pub(super) options: StoreOptions,
    pub(super) overlay: RwLock<Overlay>,
    /// Held by whatever writes to sled or must see it unchanged.
    pub(super) writer: Mutex<Writer>,
    /// The writer's newest record, for those who must not wait for it.
    pub(super) published: Mutex<Meta>,
    /// Read while a long value is put together, written while the parts of replaced values are deleted.
    pub(super) parts: RwLock<()>,
}

/// What the one who writes to sled knows about it.
pub(super) struct Writer {
    pub(super) meta: Meta,
    /// sled may hold a part of a checkpoint: that has to be put right before anything else is written.
    pub(super) unsettled: bool,
}

/// Figures for the metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStats {
    /// The last completed checkpoint.
    pub place: Option<Place>,
    /// Entries in sled at that place.
    pub entries: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// Changes in memory that are not in sled yet.
    pub overlay_entries: usize,
    /// What they take in memory, bytes, about.
    pub overlay_bytes: u64,
}

impl Store {
    /// Opens the store at `place`, makes it if there is none, and completes a checkpoint that a crash cut short.
    ///
    /// The content is exactly that of the last checkpoint that reached its redo log, and [`Store::place`] names it. A
    /// store whose first checkpoint was never completed is emptied. Whether all entries are there is told only by
    /// [`Store::verify`].
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Format`], [`StoreError::Io`], and [`StoreError::Damaged`]: then
    /// [`Store::destroy`] and open again.
    pub fn open(place: &StorePlace, options: StoreOptions) -> Result<Self, StoreError> {
        let directory = Directory::lock(place)?;
        if !directory.is_made()? {
            directory.clear()?;
            return Self::make(directory, options);
        }
        let tree = directory.open_tree(options.cache_bytes)?;
        let meta = tree.get(&META_KEY)?.ok_or(Damage::Place)?;
        let meta = Meta::decode(&meta)?;
        if meta.place.is_none() && (has_entries(tree.as_ref())? || directory.has_redo()?) {
            drop(tree);
            directory.clear()?;
            return Self::make(directory, options);
        }
        let store = Self::assemble(tree, directory, options, meta);
        store.settle_after_opening()?;
        Ok(store)
    }

    /// Makes an empty store in a cleared directory.
    fn make(directory: Directory, options: StoreOptions) -> Result<Self, StoreError> {
        let tree = directory.open_tree(options.cache_bytes)?;
        let meta = Meta::default();
        tree.apply(vec![(META_KEY.to_vec(), Some(meta.encode()))])?;
        tree.sync()?;
        directory.mark_made()?;
        Ok(Self::assemble(tree, directory, options, meta))
    }

    fn assemble(
        tree: Box<dyn Tree>,
        directory: Directory,
        options: StoreOptions,
        meta: Meta,
    ) -> Self {
        Self {
            tree,
            redo: RedoLog::new(&directory),
            directory,
            options,
            overlay: RwLock::default(),
            writer: Mutex::new(Writer { meta, unsettled: false }),
            published: Mutex::new(meta),
            parts: RwLock::new(()),
        }
    }

    /// Removes the contents of a store that nobody has open, whatever state they are in.
    ///
    /// # Errors
    /// [`StoreError::InUse`] and [`StoreError::Io`].
    pub fn destroy(place: &StorePlace) -> Result<(), StoreError> {
        Directory::lock(place)?.clear()
    }

    /// The last completed checkpoint; `None` until there was one.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.published.lock().place
    }

    /// The value of `key` as last put.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and [`StoreError::Io`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(change) = self.overlay.read().get(key) {
            return Ok(change.clone().map(Value::into_bytes));
        }
        self.value_in_sled(key)
    }

    /// Puts `value`, in memory until the next checkpoint.
    ///
    /// # Panics
    /// If `key` is empty or longer than [`KEY_BYTES_MAX`]: keys are made by the program, never by its input alone.
    pub fn put(&self, key: &[u8], value: Vec<u8>) {
        check_key(key);
        self.overlay.write().change(key, Some(value.into()));
    }

    /// Deletes `key`, in memory until the next checkpoint.
    ///
    /// # Panics
    /// As [`Store::put`].
    pub fn delete(&self, key: &[u8]) {
        check_key(key);
        self.overlay.write().change(key, None);
    }

    /// Puts (`Some`) and deletes (`None`) all of `changes` at once: a reader or a checkpoint has all or none of them.
    ///
    /// # Panics
    /// As [`Store::put`], before anything is changed.
    pub fn put_many<V: Into<Value>>(&self, changes: Vec<(Vec<u8>, Option<V>)>) {
        for (key, _) in &changes {
            check_key(key);
        }
        let mut overlay = self.overlay.write();
        for (key, value) in changes {
            overlay.change(&key, value.map(Into::into));
        }
    }

    /// Bytes of changes in memory, about.
    #[must_use]
    pub fn overlay_bytes(&self) -> u64 {
        self.overlay.read().bytes()
    }

    /// Changes in memory; a key that changed again while a checkpoint writes it counts twice.
    #[must_use]
    pub fn overlay_entries(&self) -> usize {
        self.overlay.read().entries()
    }

    /// Whether the changes in memory reached `overlay_bytes_max`.
    #[must_use]
    pub fn overlay_is_full(&self) -> bool {
        self.overlay_bytes() >= self.options.overlay_bytes_max
    }

    /// Bytes of the store's files.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(self.tree.size_bytes()? + self.redo.size_bytes()?)
    }

    /// Figures for the metrics; waits for no checkpoint.
    #[must_use]
    pub fn stats(&self) -> StoreStats {
        let meta = *self.published.lock();
        let overlay = self.overlay.read();
        StoreStats {
            place: meta.place,
            entries: meta.totals.entries,
            bytes: meta.totals.bytes,
            overlay_entries: overlay.entries(),
            overlay_bytes: overlay.bytes(),
        }
    }

    /// The value of `key` in sled, whatever the overlay says.
    pub(super) fn value_in_sled(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let stored_key = head_key(key);
        let Some(sealed) = self.tree.get(&stored_key)? else {
            return Ok(None);
        };
        if let Head::Whole(value) = decode_head(&stored_key, &sealed)? {
            return Ok(Some(value.to_vec()));
        }
        // A checkpoint may have replaced the value since: only under this lock its parts stay where the head says.
        let _unmoved = self.parts.read();
        let Some(sealed) = self.tree.get(&stored_key)? else {
            return Ok(None);
        };
        let head = decode_head(&stored_key, &sealed)?;
        self.value_of(key, &head).map(Some)
    }

    /// Print and parts of what `key` holds in sled. The caller holds `writer`.
    pub(super) fn stored(&self, key: &[u8]) -> Result<Option<Stored>, StoreError> {
        let stored_key = head_key(key);
        let Some(sealed) = self.tree.get(&stored_key)? else {
            return Ok(None);
        };
        let head = decode_head(&stored_key, &sealed)?;
        Ok(Some(match head {
            Head::Whole(value) => Stored { print: Print::of(key, value), parts: None },
            Head::Parts(parts) => {
                Stored { print: Print::of(key, &self.value_of(key, &head)?), parts: Some(parts) }
            }
        }))
    }

    /// The value that `head` tells of. Its parts must not be deleted meanwhile.
    pub(super) fn value_of(&self, key: &[u8], head: &Head<'_>) -> Result<Vec<u8>, StoreError> {
        match head {
            Head::Whole(value) => Ok(value.to_vec()),
            Head::Parts(parts) => {
                let mut assembly = Assembly::new(key, *parts);
                while let Some(wanted) = assembly.wanted() {
                    let sealed = self.tree.get(&wanted)?;
                    assembly.take(&wanted, sealed.as_deref())?;
                }
                Ok(assembly.finish()?)
            }
        }
    }
}

/// Whether sled holds anything but the store's own records.
fn has_entries(tree: &dyn Tree) -> Result<bool, StoreError> {
    let first = tree.range(std::ops::Bound::Included(&[HEAD])).next();
    const { assert!(HEAD < PART) };
    Ok(first.transpose()?.is_some())
}

fn check_key(key: &[u8]) {
    assert!(
        (1..=KEY_BYTES_MAX).contains(&key.len()),
        "a key of {} bytes, 1 to {KEY_BYTES_MAX} are allowed",
        key.len()
    );
}
