//! Reading everything and proving that it is everything.

use std::ops::{Bound, ControlFlow};

use super::batch::BatchWriter;
use super::digest::{Print, Totals};
use super::entry::{HEAD, Head, PART, decode_head, head_key, parse_part_key};
use super::error::{Damage, StoreError};
use super::meta::Place;
use super::store::Store;

/// Takes a key and its value, and says whether to go on.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// What was read, all of it as the last checkpoint wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The checkpoint it belongs to.
    pub place: Option<Place>,
    /// Entries.
    pub entries: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
}

impl Store {
    /// Reads every entry in sled, ascending, and shows it to `visit`; then compares count, bytes and digest with the
    /// record of the last checkpoint. Changes in memory are not seen. A checkpoint waits until it is done.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if an entry is unreadable or any was lost: then what `visit` saw is not to be used.
    /// [`StoreError::Io`].
    pub fn verify(&self, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<Verified, StoreError> {
        let verified = self.for_each(&mut |key, value| {
            visit(key, value);
            ControlFlow::Continue(())
        })?;
        self.delete_orphaned_parts()?;
        Ok(verified)
    }

    /// As [`Store::verify`], for a baseline: `visit` may stop the walk early, and then nothing is compared.
    ///
    /// Consistency: exactly the content of the last completed checkpoint, whose place is returned, while puts go on.
    /// A checkpoint that failed half-way is completed first, so that the place may be a newer one.
    ///
    /// # Errors
    /// As [`Store::verify`].
    pub fn for_each(&self, visit: &mut Visit<'_>) -> Result<Verified, StoreError> {
        let mut writer = self.writer.lock();
        self.settle(&mut writer)?;
        let mut totals = Totals::default();
        let mut stopped = false;
        for entry in self.tree.range(Bound::Included(&[HEAD])) {
            let (stored_key, sealed) = entry?;
            let Some(key) = stored_key.strip_prefix(&[HEAD]) else {
                break;
            };
            let head = decode_head(&stored_key, &sealed)?;
            let flow = if let Head::Whole(value) = head {
                totals.replace(None, Some(Print::of(key, value)));
                visit(key, value)
            } else {
                let value = self.value_of(key, &head)?;
                totals.replace(None, Some(Print::of(key, &value)));
                visit(key, &value)
            };
            if flow.is_break() {
                stopped = true;
                break;
            }
        }
        let expected = writer.meta.totals;
        if !stopped && totals != expected {
            return Err(StoreError::Damaged(Damage::Totals {
                entries_expected: expected.entries,
                entries_found: totals.entries,
                bytes_expected: expected.bytes,
                bytes_found: totals.bytes,
            }));
        }
        Ok(Verified { place: writer.meta.place, entries: totals.entries, bytes: totals.bytes })
    }

    /// Deletes parts that no head tells of: a spill or first checkpoint that failed half-way leaves some.
    fn delete_orphaned_parts(&self) -> Result<(), StoreError> {
        let _writer = self.writer.lock();
        let _unread = self.parts.write();
        let mut batches = BatchWriter::new(self.tree.as_ref());
        for entry in self.tree.range(Bound::Included(&[PART])) {
            let (stored_key, _) = entry?;
            if !self.is_told_of(&stored_key)? {
                batches.push(stored_key.to_vec(), None)?;
            }
        }
        batches.finish().map(drop)
    }

    fn is_told_of(&self, stored_key: &[u8]) -> Result<bool, StoreError> {
        let Some((key, generation, index)) = parse_part_key(stored_key) else {
            return Ok(false);
        };
        let head_key = head_key(key);
        let Some(sealed) = self.tree.get(&head_key)? else {
            return Ok(false);
        };
        Ok(match decode_head(&head_key, &sealed)? {
            Head::Parts(parts) => parts.generation == generation && index < parts.count,
            Head::Whole(_) => false,
        })
    }
}
