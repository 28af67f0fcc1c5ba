//! Collects changes of stored keys into batches that sled can take: at most 64 KiB each.

use parking_lot::{RwLock, RwLockWriteGuard};

use super::entry::PART;
use super::error::StoreError;
use super::tree::Tree;

/// Most bytes of keys and values in one batch; larger ones make sled slow and its log hard to reclaim.
pub(super) const BATCH_BYTES_MAX: usize = 64 * 1_024;

/// Changes of stored keys; `None` deletes.
pub(super) type Batch = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// Hands full batches to the tree as they fill.
pub(super) struct BatchWriter<'a> {
    tree: &'a dyn Tree,
    batch: Batch,
    batch_bytes: usize,
    written_bytes: u64,
}

impl<'a> BatchWriter<'a> {
    pub(super) fn new(tree: &'a dyn Tree) -> Self {
        Self { tree, batch: Batch::new(), batch_bytes: 0, written_bytes: 0 }
    }

    /// Stores or, with `None`, deletes; may write the batch that was full before.
    pub(super) fn push(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let bytes = key.len() + value.as_ref().map_or(0, Vec::len);
        if self.batch_bytes + bytes > BATCH_BYTES_MAX {
            self.flush()?;
        }
        self.batch_bytes += bytes;
        self.batch.push((key, value));
        Ok(())
    }

    /// Writes what is left; returns the bytes of keys and values written in all.
    pub(super) fn finish(mut self) -> Result<u64, StoreError> {
        self.flush()?;
        Ok(self.written_bytes)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        if !self.batch.is_empty() {
            self.tree.apply(std::mem::take(&mut self.batch))?;
            self.written_bytes += u64::try_from(self.batch_bytes).unwrap_or(u64::MAX);
            self.batch_bytes = 0;
        }
        Ok(())
    }
}

/// A [`BatchWriter`] for all changes of a checkpoint, the deletions of parts behind everything else.
///
/// From the first of those on it keeps away whoever puts a long value together by a head read before.
pub(super) struct Applier<'a> {
    batches: BatchWriter<'a>,
    parts: &'a RwLock<()>,
    unread: Option<RwLockWriteGuard<'a, ()>>,
}

impl<'a> Applier<'a> {
    pub(super) fn new(tree: &'a dyn Tree, parts: &'a RwLock<()>) -> Self {
        Self { batches: BatchWriter::new(tree), parts, unread: None }
    }

    /// As [`BatchWriter::push`].
    pub(super) fn push(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), StoreError> {
        if value.is_none() && key.first() == Some(&PART) && self.unread.is_none() {
            self.unread = Some(self.parts.write());
        }
        self.batches.push(key, value)
    }

    /// As [`BatchWriter::finish`].
    pub(super) fn finish(self) -> Result<u64, StoreError> {
        let Self { batches, unread, .. } = self;
        let bytes = batches.finish();
        drop(unread);
        bytes
    }
}
