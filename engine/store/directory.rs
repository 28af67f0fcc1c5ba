//! The store's directory, opened: its lock, its format marker, and what else is removed and measured there.
//!
//! `store.lock` keeps others out, `store.format` is the marker, `checkpoint.redo` the redo log, `sled/` is sled's. On a
//! simulated disk there is no lock, and a tree in memory for `sled/`.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Damage, StoreError};
use super::memory_tree::MemoryTree;
use super::place::{PlaceDisk, StorePlace};
use super::sled_files::SledFiles;
use super::tree::Tree;
use crate::journal::medium::{FileHandle, FsMedium, Medium};

/// Written last when a store is made: without it, `sled/` is an unfinished beginning.
pub(super) const FORMAT: &str = "saldo store 1\n";
/// No marker is longer.
const FORMAT_BYTES_MAX: usize = 64;

const FORMAT_NAME: &str = "store.format";
const REDO_NAME: &str = "checkpoint.redo";

/// A directory that nobody else has open.
pub(super) struct Directory {
    path: PathBuf,
    medium: Arc<dyn Medium>,
    entries: Entries,
    /// Locked as long as it is open.
    _lock: Option<File>,
}

/// What holds the entries.
enum Entries {
    Sled(SledFiles),
    Memory(MemoryTree),
}

impl Directory {
    /// Opens the directory of `place`, making it and taking its lock where it is a real one.
    pub(super) fn lock(place: &StorePlace) -> Result<Self, StoreError> {
        let path = place.path().to_path_buf();
        match &place.disk {
            PlaceDisk::Simulated { medium, tree } => Ok(Self {
                path,
                medium: Arc::clone(medium),
                entries: Entries::Memory(tree.clone()),
                _lock: None,
            }),
            PlaceDisk::Real => {
                fs::create_dir_all(&path).map_err(StoreError::io("make", &path))?;
                let lock = lock(&path)?;
                let medium = FsMedium::open(&path).map_err(StoreError::io("open", &path))?;
                let entries = Entries::Sled(SledFiles::new(&path));
                Ok(Self { path, medium: Arc::new(medium), entries, _lock: Some(lock) })
            }
        }
    }

    /// The directory itself.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A file of the directory, as messages name it.
    fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What the redo log is written to, its name there, and the path that messages name it by.
    pub(super) fn redo(&self) -> (Arc<dyn Medium>, &'static str, PathBuf) {
        (Arc::clone(&self.medium), REDO_NAME, self.path_of(REDO_NAME))
    }

    /// Opens what holds the entries, or makes it.
    pub(super) fn open_tree(&self, cache_bytes: u64) -> Result<Box<dyn Tree>, StoreError> {
        Ok(match &self.entries {
            Entries::Sled(files) => Box::new(files.open(cache_bytes)?),
            Entries::Memory(tree) => Box::new(tree.open()?),
        })
    }

    /// Whether there is a redo log, of whatever kind.
    pub(super) fn has_redo(&self) -> Result<bool, StoreError> {
        Ok(self.open(REDO_NAME)?.is_some())
    }

    /// Whether the making of a store was finished here, in this program's format.
    pub(super) fn is_made(&self) -> Result<bool, StoreError> {
        let Some(file) = self.open(FORMAT_NAME)? else { return Ok(false) };
        let path = self.path_of(FORMAT_NAME);
        let mut found = [0; FORMAT_BYTES_MAX];
        let bytes = file.read_at(&mut found, 0).map_err(StoreError::io("read", &path))?;
        match &found[..bytes] {
            found if found == FORMAT.as_bytes() => Ok(true),
            // Another version's marker has the same form; anything else is no marker.
            found if !is_marker(found) => Err(Damage::Medium {
                reason: format!("{} is no marker of a store", path.display()),
            }
            .into()),
            found => Err(StoreError::Format {
                dir: self.path.clone(),
                found: String::from_utf8_lossy(found).into_owned(),
                expected: FORMAT,
            }),
        }
    }

    /// Marks the store as made; its entries are synced already.
    pub(super) fn mark_made(&self) -> Result<(), StoreError> {
        if let Entries::Sled(files) = &self.entries {
            files.sync_names()?;
        }
        let path = self.path_of(FORMAT_NAME);
        let file = self.medium.create(FORMAT_NAME).map_err(StoreError::io("make", &path))?;
        file.write_at(FORMAT.as_bytes(), 0)
            .and_then(|()| file.sync_data())
            .map_err(StoreError::io("write", &path))?;
        self.sync()
    }

    /// Removes marker and contents, the marker first: a crash in between leaves an unfinished beginning.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        self.remove(FORMAT_NAME)?;
        self.sync()?;
        self.remove(REDO_NAME)?;
        match &self.entries {
            Entries::Sled(files) => files.remove()?,
            Entries::Memory(tree) => {
                tree.clear()?;
                tree.sync()?;
            }
        }
        self.sync()
    }

    /// Bytes that may still be written to the disk that the directory is on.
    pub(super) fn free_bytes(&self) -> Result<u64, StoreError> {
        self.medium.free_bytes().map_err(StoreError::io("measure", &self.path))
    }

    fn open(&self, name: &str) -> Result<Option<FileHandle>, StoreError> {
        let opened = open_if_there(self.medium.as_ref(), name);
        opened.map_err(StoreError::io("open", &self.path_of(name)))
    }

    fn remove(&self, name: &str) -> Result<(), StoreError> {
        match self.medium.remove(name) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StoreError::io("remove", &self.path_of(name))(error))
            }
            _ => Ok(()),
        }
    }

    /// Makes durable which files there are.
    fn sync(&self) -> Result<(), StoreError> {
        self.medium.sync_dir().map_err(StoreError::io("sync", &self.path))
    }
}

/// Opens a file of a medium; `None` where there is none.
pub(super) fn open_if_there(medium: &dyn Medium, name: &str) -> io::Result<Option<FileHandle>> {
    match medium.open(name) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keeps others out of a real directory.
fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("store.lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io("open", &path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse { dir: dir.to_path_buf() }),
        Err(TryLockError::Error(error)) => Err(StoreError::io("lock", &path)(error)),
    }
}

/// Whether bytes have the form of a marker: `saldo store`, a number, a line's end.
fn is_marker(bytes: &[u8]) -> bool {
    let number = bytes.strip_prefix(b"saldo store ").and_then(|rest| rest.strip_suffix(b"\n"));
    number.is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
}
