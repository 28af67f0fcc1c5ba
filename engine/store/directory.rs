//! The store's directory: its lock, its format marker, and what a crash may leave lying there.
//!
//! `store.lock` keeps others out, `store.format` is the marker, `checkpoint.redo` the redo log, `sled/` is sled's.

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::error::{Damage, StoreError};

/// Written last when a store is made: without it, `sled/` is an unfinished beginning.
pub(super) const FORMAT: &str = "saldo store 1\n";

/// A directory that nobody else has open.
pub(super) struct Directory {
    dir: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Directory {
    /// Makes `dir` if need be and takes its lock.
    pub(super) fn lock(dir: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(dir).map_err(StoreError::io("make", dir))?;
        let path = dir.join("store.lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(StoreError::io("open", &path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_path_buf(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.to_path_buf() }),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path)(error)),
        }
    }

    /// The directory itself.
    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    /// Where sled's files are.
    pub(super) fn sled(&self) -> PathBuf {
        self.dir.join("sled")
    }

    /// Where the redo log is.
    pub(super) fn redo(&self) -> PathBuf {
        self.dir.join("checkpoint.redo")
    }

    fn format_path(&self) -> PathBuf {
        self.dir.join("store.format")
    }

    /// Whether the making of a store was finished here, in this program's format.
    pub(super) fn is_made(&self) -> Result<bool, StoreError> {
        let path = self.format_path();
        match fs::read(&path) {
            Ok(found) if found == FORMAT.as_bytes() => Ok(true),
            // Another version's marker has the same form; anything else is no marker.
            Ok(found) if !is_marker(&found) => Err(Damage::Medium {
                reason: format!("{} is no marker of a store", path.display()),
            }
            .into()),
            Ok(found) => Err(StoreError::Format {
                dir: self.dir.clone(),
                found: String::from_utf8_lossy(&found[..found.len().min(64)]).into_owned(),
                expected: FORMAT,
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(StoreError::io("read", &path)(error)),
        }
    }

    /// Marks the store as made; sled's files are synced already.
    pub(super) fn mark_made(&self) -> Result<(), StoreError> {
        sync_dir(&self.sled())?;
        let path = self.format_path();
        let mut file = File::create(&path).map_err(StoreError::io("make", &path))?;
        file.write_all(FORMAT.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(StoreError::io("write", &path))?;
        sync_dir(&self.dir)
    }

    /// Removes marker and contents, the marker first: a crash in between leaves an unfinished beginning.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        remove(&self.format_path(), |path| fs::remove_file(path))?;
        sync_dir(&self.dir)?;
        remove(&self.redo(), |path| fs::remove_file(path))?;
        // Moved away first: threads of an instance that failed may still make files there.
        let old = self.dir.join("sled.removed");
        remove(&old, |path| fs::remove_dir_all(path))?;
        let sled = self.sled();
        remove(&sled, |path| fs::rename(path, &old))?;
        remove(&old, |path| fs::remove_dir_all(path))?;
        sync_dir(&self.dir)
    }

    /// Deletes the half-written snapshots that a crash during opening leaves: with one, sled no longer opens.
    pub(super) fn remove_unfinished_snapshots(&self) -> Result<(), StoreError> {
        let sled = self.sled();
        let entries = match fs::read_dir(&sled) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(StoreError::io("list", &sled)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(StoreError::io("list", &sled))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with("snap.") && name.ends_with(".generating") {
                remove(&entry.path(), |path| fs::remove_file(path))?;
            }
        }
        Ok(())
    }

    /// Bytes that may still be written to the disk that the directory is on.
    pub(super) fn free_bytes(&self) -> Result<u64, StoreError> {
        let found = rustix::fs::statvfs(&self.dir)
            .map_err(|error| StoreError::io("measure", &self.dir)(error.into()))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
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

/// Makes durable which files `path` has.
pub(super) fn sync_dir(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|dir| dir.sync_all()).map_err(StoreError::io("sync", path))
}

/// Whether bytes have the form of a marker: `saldo store`, a number, a line's end.
fn is_marker(bytes: &[u8]) -> bool {
    let number = bytes.strip_prefix(b"saldo store ").and_then(|rest| rest.strip_suffix(b"\n"));
    number.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}
