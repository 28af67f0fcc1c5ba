//! How a checkpoint counts whole or not at all, whenever it is cut short.
//!
//! What belongs together lies under several keys that must be of one moment, so a mixture of two checkpoints is of no
//! use, even of states that are all right by themselves. A checkpoint takes these steps, each synced before the next:
//! 1. the redo log (`redo.rs`): every stored key that changes, with what it will hold or that it goes, and the record
//!    that will count. Its generation is the record's plus one. **From here on it is sure to come about.**
//! 2. sled takes the log's changes in batches; one is all or nothing, together they are not. The first batch also
//!    notes the generation in the old record (`begun`).
//! 3. sled takes the new record (`meta.rs`): generation, place and totals. **Now it counts.**
//! 4. Nothing: the log's generation is no higher than the record's, hence it is dead. It stays until the next
//!    checkpoint writes over it, and should sled lose the end of its own files, it brings the last checkpoint back.
//!
//! A crash
//! - in 1 leaves a log that is incomplete, with sled untouched: thrown away, and the old place holds. Or one that is
//!   complete although its sync was not seen to return: applied, and the new place holds;
//! - in 2 leaves sled anywhere in between: the log is applied from its beginning, since putting and deleting twice
//!   comes to the same;
//! - in 3 leaves either record: under the old one the log is applied once more;
//! - while the log is applied again leaves what a crash in 2 or 3 leaves.
//!
//! An error in 1 leaves sled untouched, and the next checkpoint writes a new log with these changes and its own. An
//! error in 2 or 3 leaves `unsettled`: whatever comes next completes the checkpoint first.
//!
//! What no crash leaves is damage: a log that is missing or incomplete although the record says `begun`, and a log
//! more than one generation ahead of the record.
//!
//! Before the first checkpoint there is no place to go back to and no log: what a crash leaves is cleared.

use std::ops::Bound;

use super::batch::Applier;
use super::digest::Totals;
use super::entry::HEAD;
use super::error::{Damage, StoreError};
use super::meta::{META_KEY, Meta};
use super::redo::Redo;
use super::store::{Store, Writer};

impl Store {
    /// Completes the checkpoint that the process before this one left in its redo log, if there is one.
    pub(super) fn settle_after_opening(&self) -> Result<(), StoreError> {
        let mut writer = self.writer.lock();
        let Meta { generation, begun, .. } = writer.meta;
        let log = self.redo.read()?;
        if let Some(log) = log.filter(|log| log.generation() > generation) {
            if log.generation() - generation > 1 {
                return Err(StoreError::Damaged(Damage::Lost {
                    generation_found: generation,
                    generation_logged: log.generation(),
                }));
            }
            if log.reads_whole()? {
                writer.unsettled = true;
                return self.settle(&mut writer);
            }
            if begun <= generation {
                tracing::info!("threw away the redo log of a checkpoint that had not begun");
                self.redo.remove()?;
            }
        }
        if begun > generation {
            let damage = Damage::Redo { generation: begun };
            return Err(damage.into());
        }
        Ok(())
    }

    /// Puts right what a failed write left: completes the checkpoint that is in the redo log or, before the first
    /// one, counts what is there.
    pub(super) fn settle(&self, writer: &mut Writer) -> Result<(), StoreError> {
        if !writer.unsettled {
            return Ok(());
        }
        if writer.meta.place.is_some() {
            let bytes = self.apply_redo_log(writer)?;
            tracing::info!(bytes, "completed a checkpoint that had been cut short");
            return Ok(());
        }
        // Parts of the failed generation may be told of already; the next one must not take their keys. And the record
        // of a first checkpoint may be in sled although its sync failed: what follows must not count under it.
        let generation = writer.meta.generation + 1;
        let meta =
            Meta { generation, begun: generation, place: None, totals: self.totals_in_sled()? };
        self.write_meta(meta)?;
        writer.meta = meta;
        writer.unsettled = false;
        *self.published.lock() = meta;
        Ok(())
    }

    /// Steps 2 to 4. The log was complete and synced when `writer` became unsettled; the changes in memory that are
    /// being flushed are just those in it.
    pub(super) fn apply_redo_log(&self, writer: &mut Writer) -> Result<u64, StoreError> {
        let generation = writer.meta.generation + 1;
        let log = self.redo.read()?;
        let mut log =
            log.filter(|log| log.generation() == generation).ok_or(Damage::Redo { generation })?;
        let begun = Meta { begun: generation, ..writer.meta };
        let mut sled = Applier::new(self.tree.as_ref(), &self.parts);
        sled.push(META_KEY.to_vec(), Some(begun.encode()))?;
        let meta = loop {
            match log.next()? {
                Redo::Change(stored_key, stored) => {
                    sled.push(stored_key.to_vec(), stored.map(<[u8]>::to_vec))?;
                }
                Redo::End(meta) => break meta,
                Redo::Torn => return Err(Damage::Redo { generation }.into()),
            }
        };
        let mut bytes = sled.finish()?;
        self.tree.sync()?;
        bytes += self.write_meta(meta)?;
        self.complete(writer, meta);
        Ok(bytes)
    }

    /// Counts all entries, for a store without a place.
    fn totals_in_sled(&self) -> Result<Totals, StoreError> {
        let mut totals = Totals::default();
        for entry in self.tree.range(Bound::Included(&[HEAD])) {
            let (stored_key, _) = entry?;
            let Some(key) = stored_key.strip_prefix(&[HEAD]) else {
                break;
            };
            totals.replace(None, self.stored(key)?.map(|stored| stored.print));
        }
        Ok(totals)
    }
}
