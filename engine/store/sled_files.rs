//! The directory of sled's files: opening, clearing away, and what a crash may leave lying there.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::error::StoreError;

/// `sled/` in the store's directory, whether it is there or not.
pub(super) struct SledFiles {
    dir: PathBuf,
    /// Where `dir` is moved to before it is removed.
    removed: PathBuf,
}

impl SledFiles {
    pub(super) fn new(store: &Path) -> Self {
        Self { dir: store.join("sled"), removed: store.join("sled.removed") }
    }

    /// Opens sled, or makes its files.
    pub(super) fn open(&self, cache_bytes: u64) -> Result<Disk, StoreError> {
        self.remove_unfinished_snapshots()?;
        Disk::open(&self.dir, cache_bytes)
    }

    /// Makes durable which files sled has.
    pub(super) fn sync_names(&self) -> Result<(), StoreError> {
        let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
        synced.map_err(StoreError::io("sync", &self.dir))
    }

    /// Removes them, if there are any.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        // Moved away first: threads of an instance that failed may still make files there.
        remove(&self.removed, |path| fs::remove_dir_all(path))?;
        remove(&self.dir, |path| fs::rename(path, &self.removed))?;
        remove(&self.removed, |path| fs::remove_dir_all(path))
    }

    /// Deletes the half-written snapshots that a crash during opening leaves: with one, sled no longer opens.
    fn remove_unfinished_snapshots(&self) -> Result<(), StoreError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::io("list", &self.dir)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(StoreError::io("list", &self.dir))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("snap.") && name.ends_with(".generating") {
                remove(&entry.path(), |path| fs::remove_file(path))?;
            }
        }
        Ok(())
    }
}

fn remove(path: &Path, how: impl FnOnce(&Path) -> std::io::Result<()>) -> Result<(), StoreError> {
    match how(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}
