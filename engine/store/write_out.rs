//! Checkpoints: from the changes in memory to sled, in an order that every crash survives (see [`super::settle`]).

use super::batch::{Applier, BatchWriter};
use super::digest::{Print, Totals};
use super::entry::{Head, PART_BYTES_MAX, Parts, encode_head, head_key, part_key, seal};
use super::error::StoreError;
use super::meta::{META_KEY, Meta, Place};
use super::overlay::{Changes, Value};
use super::store::{Store, Writer};

/// What a checkpoint wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpointed {
    /// Entries put or deleted.
    pub entries: u64,
    /// Bytes of the redo log, and of stored keys and values given to sled.
    pub bytes: u64,
}

/// Takes a stored key and what is to be stored under it, `None`: nothing.
type Sink<'a> = dyn FnMut(Vec<u8>, Option<Vec<u8>>) -> Result<(), StoreError> + 'a;

impl Store {
    /// Writes every change made before the call to sled and makes it durable under `place`.
    ///
    /// `before_write` is called once the changes are set apart and before any of them is written: the caller waits
    /// there until its journal has synced all that they contain. Puts made meanwhile belong to the next checkpoint.
    ///
    /// One at a time; puts and reads go on meanwhile. After an error the changes are still in memory and read from
    /// there, and the next checkpoint writes them again, or first completes this one. Whoever opens the store in
    /// between finds exactly the content of the place before or, if the redo log was complete, exactly that of
    /// `place`.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`] and what `before_write` says, both before any of the changes was written;
    /// [`StoreError::Io`] and [`StoreError::Damaged`].
    pub fn checkpoint(
        &self,
        place: Place,
        before_write: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<Checkpointed, StoreError> {
        let mut writer = self.writer.lock();
        self.check_free()?;
        self.settle(&mut writer)?;
        let changes = self.overlay.write().begin();
        before_write()?;
        let bytes = if writer.meta.place.is_some() {
            let logged_bytes = self.write_redo_log(writer.meta, place, &changes)?;
            writer.unsettled = true;
            logged_bytes + self.apply_redo_log(&mut writer)?
        } else {
            self.write_unlogged(&mut writer, Some(place), &changes)?
        };
        Ok(Checkpointed { entries: count(changes.len()), bytes })
    }

    /// Writes the changes in memory to sled without a place, to keep memory small while a new store is filled.
    ///
    /// Returns whether it did: only until the first checkpoint, for a crash before that empties the store.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`], [`StoreError::Io`] and [`StoreError::Damaged`].
    pub fn spill(&self) -> Result<bool, StoreError> {
        let mut writer = self.writer.lock();
        if writer.meta.place.is_some() {
            return Ok(false);
        }
        self.check_free()?;
        self.settle(&mut writer)?;
        let changes = self.overlay.write().begin();
        self.write_unlogged(&mut writer, None, &changes)?;
        Ok(true)
    }

    /// Step 1 of a checkpoint; sled is only read.
    fn write_redo_log(
        &self,
        before: Meta,
        place: Place,
        changes: &Changes,
    ) -> Result<u64, StoreError> {
        let generation = before.generation + 1;
        let mut log = self.redo.begin(generation)?;
        let totals =
            self.stored_changes(generation, changes, before.totals, &mut |key, value| {
                log.push(&key, value.as_deref())
            })?;
        log.finish(Meta { generation, begun: generation, place: Some(place), totals })
    }

    /// Writes to a store without a place, which a crash empties: right into sled, and with `place` durably.
    fn write_unlogged(
        &self,
        writer: &mut Writer,
        place: Option<Place>,
        changes: &Changes,
    ) -> Result<u64, StoreError> {
        let generation = writer.meta.generation + 1;
        writer.unsettled = true;
        let mut sled = Applier::new(self.tree.as_ref(), &self.parts);
        let before = writer.meta.totals;
        let totals = self
            .stored_changes(generation, changes, before, &mut |key, value| sled.push(key, value))?;
        let mut bytes = sled.finish()?;
        let meta = Meta { generation, begun: generation, place, totals };
        if place.is_some() {
            self.tree.sync()?;
            bytes += self.write_meta(meta)?;
        }
        self.complete(writer, meta);
        Ok(bytes)
    }

    /// Gives `sink` what `changes` mean for stored keys, one at a time, and returns the totals after them.
    ///
    /// The parts of a long value come before the head that tells of them, and last of all go the parts of values that
    /// were replaced: so a reader finds whatever a head tells of.
    fn stored_changes(
        &self,
        generation: u64,
        changes: &Changes,
        mut totals: Totals,
        sink: &mut Sink<'_>,
    ) -> Result<Totals, StoreError> {
        let mut retired: Vec<(&[u8], Parts)> = Vec::new();
        for (key, value) in changes {
            let stored = self.stored(key)?;
            let old = stored.as_ref().map(|stored| stored.print);
            let value = value.as_ref().map(Value::bytes);
            let new = value.as_ref().map(|value| Print::of(key, value));
            totals.replace(old, new);
            if let Some(parts) = stored.and_then(|stored| stored.parts) {
                retired.push((key, parts));
            }
            put_value(generation, key, value.as_deref(), sink)?;
        }
        for (key, parts) in retired {
            for index in 0..parts.count {
                sink(part_key(key, parts.generation, index), None)?;
            }
        }
        Ok(totals)
    }

    /// Writes the record of a checkpoint and makes it durable.
    pub(super) fn write_meta(&self, meta: Meta) -> Result<u64, StoreError> {
        let mut batches = BatchWriter::new(self.tree.as_ref());
        batches.push(META_KEY.to_vec(), Some(meta.encode()))?;
        let bytes = batches.finish()?;
        self.tree.sync()?;
        Ok(bytes)
    }

    /// Everything is in sled: from now on it is read from there.
    pub(super) fn complete(&self, writer: &mut Writer, meta: Meta) {
        writer.meta = meta;
        writer.unsettled = false;
        *self.published.lock() = meta;
        let written = self.overlay.write().finish();
        // Freed here, not under the lock that every read and put takes.
        drop(written);
    }

    /// Refuses to write the changes in memory where the disk could become too full.
    fn check_free(&self) -> Result<(), StoreError> {
        let bytes = self.overlay_bytes();
        // The redo log takes them once; sled writes entries and their pages, for which twice the changes is enough.
        let needed_bytes = bytes.saturating_mul(3).saturating_add(self.options.disk_free_bytes_min);
        let free_bytes = self.directory.free_bytes()?;
        if free_bytes >= needed_bytes {
            return Ok(());
        }
        Err(StoreError::DiskFull {
            dir: self.directory.path().to_path_buf(),
            free_bytes,
            needed_bytes,
            checkpoint_bytes: bytes,
        })
    }
}

/// Gives `sink` the parts of a long value, and the head, which goes where there is no value.
fn put_value(
    generation: u64,
    key: &[u8],
    value: Option<&[u8]>,
    sink: &mut Sink<'_>,
) -> Result<(), StoreError> {
    let stored_key = head_key(key);
    let Some(value) = value else {
        return sink(stored_key, None);
    };
    if value.len() <= PART_BYTES_MAX {
        let sealed = encode_head(&stored_key, &Head::Whole(value));
        return sink(stored_key, Some(sealed));
    }
    let mut parts = Parts { generation, count: 0, bytes: count(value.len()) };
    for piece in value.chunks(PART_BYTES_MAX) {
        let part_key = part_key(key, generation, parts.count);
        let sealed = seal(&part_key, &[piece]);
        sink(part_key, Some(sealed))?;
        parts.count += 1;
    }
    let sealed = encode_head(&stored_key, &Head::Parts(parts));
    sink(stored_key, Some(sealed))
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
