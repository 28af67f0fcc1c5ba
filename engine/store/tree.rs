//! What the store asks of the database below it: ordered bytes to bytes, changed in batches, with a sync that is one.

use std::ops::{Bound, Deref};
use std::sync::Arc;

use super::batch::Batch;
use super::disk;
use super::error::StoreError;

/// Stored keys in order, each with what is stored under it.
pub(super) trait Tree: Send + Sync {
    /// What is stored under `key`.
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Stored keys from `start` on, ascending, with what is stored under them. What is applied meanwhile may be seen.
    fn range(&self, start: Bound<&[u8]>) -> Entries<'_>;

    /// Applies all of `batch` or nothing; durable only after [`Tree::sync`].
    fn apply(&self, batch: Batch) -> Result<(), StoreError>;

    /// Returns once everything applied before is on the medium.
    fn sync(&self) -> Result<(), StoreError>;

    /// Bytes that it takes on the medium.
    fn size_bytes(&self) -> Result<u64, StoreError>;
}

/// A walk over stored keys.
pub(super) type Entries<'a> = Box<dyn Iterator<Item = Result<(Bytes, Bytes), StoreError>> + 'a>;

/// Stored bytes, without a copy.
pub(super) enum Bytes {
    /// Of sled's.
    Sled(disk::Shared),
    /// Of a tree in memory.
    Memory(Arc<[u8]>),
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Self::Sled(bytes) => bytes,
            Self::Memory(bytes) => bytes,
        }
    }
}
