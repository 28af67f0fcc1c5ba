//! The only file that names sled: its tree of ordered bytes, with a sync that is one.
//!
//! sled panics on some of the damage that it meets; here a panic of its becomes [`Damage::Medium`].

use std::fs::File;
use std::io::ErrorKind;
use std::ops::{Bound, Deref};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::batch::Batch;
use super::error::{Damage, StoreError};
use super::tree::{Bytes, Entries, Tree};

/// sled collects garbage only while its own flusher runs, so it is left on; durability never depends on it.
const FLUSH_EVERY_MS: u64 = 500;
/// The threads of an instance just dropped in this process may hold its file a little longer.
const LOCK_TRIES_MAX: u32 = 1_000;
const LOCK_TRY_PAUSE: Duration = Duration::from_millis(5);

/// sled's files, open.
pub(super) struct Disk {
    db: sled::Db,
    /// Own descriptor on sled's log: its `flush` is no sync on Linux.
    log: File,
    log_path: PathBuf,
}

/// What sled hands out, without a copy.
pub(super) struct Shared(sled::IVec);

impl Deref for Shared {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Disk {
    /// Opens or creates sled in `dir`. The caller holds the store's own lock.
    pub(super) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, StoreError> {
        let log_path = dir.join("db");
        wait_until_free(&log_path)?;
        let config = sled::Config::new()
            .path(dir)
            .cache_capacity(cache_bytes)
            .flush_every_ms(Some(FLUSH_EVERY_MS));
        let db = guarded(&log_path, "open", || config.open())?;
        let log = File::open(&log_path).map_err(StoreError::io("open", &log_path))?;
        Ok(Self { db, log, log_path })
    }
}

impl Tree for Disk {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let found = guarded(&self.log_path, "read", || self.db.get(key))?;
        Ok(found.map(bytes))
    }

    fn range(&self, start: Bound<&[u8]>) -> Entries<'_> {
        let mut inner = self.db.range::<&[u8], _>((start, Bound::Unbounded));
        Box::new(std::iter::from_fn(move || {
            guarded(&self.log_path, "read", || inner.next().transpose())
                .map(|entry| entry.map(|(key, value)| (bytes(key), bytes(value))))
                .transpose()
        }))
    }

    fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        let mut sled_batch = sled::Batch::default();
        for (key, value) in batch {
            match value {
                Some(value) => sled_batch.insert(key, value),
                None => sled_batch.remove(key),
            }
        }
        guarded(&self.log_path, "write", || self.db.apply_batch(sled_batch))
    }

    fn sync(&self) -> Result<(), StoreError> {
        guarded(&self.log_path, "flush", || self.db.flush())?;
        self.log.sync_data().map_err(StoreError::io("sync", &self.log_path))
    }

    fn size_bytes(&self) -> Result<u64, StoreError> {
        guarded(&self.log_path, "measure", || self.db.size_on_disk())
    }
}

fn bytes(stored: sled::IVec) -> Bytes {
    Bytes::Sled(Shared(stored))
}

/// Runs a call of sled's and sorts what it says.
fn guarded<T>(
    path: &Path,
    doing: &'static str,
    call: impl FnOnce() -> sled::Result<T>,
) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(found)) => Ok(found),
        // It read where its own records say that something is: a file was cut short, or is gone.
        Ok(Err(sled::Error::Io(source)))
            if matches!(source.kind(), ErrorKind::UnexpectedEof | ErrorKind::NotFound) =>
        {
            Err(medium(format!("a file of it is cut short or missing: {source}")))
        }
        Ok(Err(sled::Error::Io(source))) => Err(StoreError::io(doing, path)(source)),
        Ok(Err(error)) => Err(medium(error.to_string())),
        Err(panic) => {
            let said = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Err(medium(said.unwrap_or_else(|| "it panicked".to_owned())))
        }
    }
}

fn medium(reason: String) -> StoreError {
    StoreError::Damaged(Damage::Medium { reason })
}

/// Waits until nobody holds sled's own lock on its log.
fn wait_until_free(log_path: &Path) -> Result<(), StoreError> {
    let log = match File::open(log_path) {
        Ok(log) => log,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io("open", log_path)(error)),
    };
    for _ in 0..LOCK_TRIES_MAX {
        match log.try_lock() {
            Ok(()) => return log.unlock().map_err(StoreError::io("unlock", log_path)),
            Err(std::fs::TryLockError::WouldBlock) => std::thread::sleep(LOCK_TRY_PAUSE),
            Err(std::fs::TryLockError::Error(error)) => {
                return Err(StoreError::io("lock", log_path)(error));
            }
        }
    }
    Err(StoreError::InUse { dir: log_path.to_path_buf() })
}
