//! A directory in memory with two copies of everything: `live`, which every call sees, and `durable`, which
//! only a finished sync reaches. [`MemoryMedium::power_cut`] keeps the durable copy and whatever else the
//! caller lets survive, page by page and name by name.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::Arc,
};

use parking_lot::Mutex;

use super::{FileHandle, Medium, MediumFile};
use crate::journal::record::PAGE_BYTES;

/// Something that no sync has covered yet, for the caller of [`MemoryMedium::power_cut`] to decide about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsynced<'a> {
    /// A page of 4 KiB of a file, by the name that the file has had last.
    Page {
        /// The file's name.
        name: &'a str,
        /// The page's number in the file.
        page: usize,
    },
    /// A new name.
    Created(&'a str),
    /// A changed name: both halves survive or neither.
    Renamed {
        /// The old name.
        from: &'a str,
        /// The new name.
        to: &'a str,
    },
    /// A removed name.
    Removed(&'a str),
}

/// The medium; clones share it.
#[derive(Debug, Clone)]
pub struct MemoryMedium {
    directory: Arc<Mutex<Directory>>,
}

#[derive(Debug)]
struct Directory {
    live: BTreeMap<String, Arc<MemoryFile>>,
    durable: BTreeMap<String, Arc<MemoryFile>>,
    pending: Vec<Change>,
    capacity_bytes: u64,
}

#[derive(Debug, Clone)]
enum Change {
    Created(String, Arc<MemoryFile>),
    Renamed(String, String, Arc<MemoryFile>),
    Removed(String),
}

#[derive(Debug, Default)]
struct MemoryFile {
    copies: Mutex<Copies>,
}

#[derive(Debug, Default, Clone)]
struct Copies {
    live: Vec<u8>,
    durable: Vec<u8>,
    unsynced: BTreeSet<usize>,
}

impl Default for MemoryMedium {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryMedium {
    /// An empty directory without a limit.
    #[must_use]
    pub fn new() -> Self {
        Self::of(BTreeMap::new(), u64::MAX)
    }

    fn of(files: BTreeMap<String, Arc<MemoryFile>>, capacity_bytes: u64) -> Self {
        let directory =
            Directory { live: files.clone(), durable: files, pending: Vec::new(), capacity_bytes };
        Self { directory: Arc::new(Mutex::new(directory)) }
    }

    /// Limits the bytes of all files together; a file that would pass it is answered "no space left".
    pub fn set_capacity_bytes(&self, bytes: u64) {
        self.directory.lock().capacity_bytes = bytes;
    }

    /// What a loss of power leaves, as a new medium: all that was synced, and of the rest what `survives`
    /// says. The old medium stays as it is.
    #[must_use]
    pub fn power_cut(&self, mut survives: impl FnMut(Unsynced<'_>) -> bool) -> Self {
        let directory = self.directory.lock();
        let mut names = directory.durable.clone();
        for change in &directory.pending {
            match change {
                Change::Created(name, file) => {
                    if survives(Unsynced::Created(name)) {
                        names.insert(name.clone(), Arc::clone(file));
                    }
                }
                Change::Renamed(from, to, file) => {
                    if survives(Unsynced::Renamed { from, to }) {
                        names.remove(from);
                        names.insert(to.clone(), Arc::clone(file));
                    }
                }
                Change::Removed(name) => {
                    if survives(Unsynced::Removed(name)) {
                        names.remove(name);
                    }
                }
            }
        }
        let files = names
            .into_iter()
            .map(|(name, file)| {
                let left = file
                    .copies
                    .lock()
                    .after_power_cut(|page| survives(Unsynced::Page { name: &name, page }));
                (name, Arc::new(MemoryFile { copies: Mutex::new(left) }))
            })
            .collect();
        Self::of(files, directory.capacity_bytes)
    }

    /// What a killed process leaves, as a new medium: all that was written, synced or not; what was not is
    /// still lost by a [`MemoryMedium::power_cut`] of the new one. Names count as synced.
    #[must_use]
    pub fn process_crash(&self) -> Self {
        let directory = self.directory.lock();
        let files = directory
            .live
            .iter()
            .map(|(name, file)| {
                let copies = file.copies.lock().clone();
                (name.clone(), Arc::new(MemoryFile { copies: Mutex::new(copies) }))
            })
            .collect();
        Self::of(files, directory.capacity_bytes)
    }

    /// The live bytes of a file.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.directory.lock().live.get(name).map(|file| file.copies.lock().live.clone())
    }

    /// Puts a file there, name and bytes synced.
    pub fn put(&self, name: &str, bytes: Vec<u8>) {
        let copies = Copies { live: bytes.clone(), durable: bytes, unsynced: BTreeSet::new() };
        let file = Arc::new(MemoryFile { copies: Mutex::new(copies) });
        let mut directory = self.directory.lock();
        directory.live.insert(name.to_owned(), Arc::clone(&file));
        directory.durable.insert(name.to_owned(), file);
    }
}

impl Copies {
    fn after_power_cut(&self, mut survives: impl FnMut(usize) -> bool) -> Self {
        let mut bytes = self.durable.clone();
        for &page in &self.unsynced {
            if survives(page) {
                self.copy_page(page, &mut bytes);
            }
        }
        Self { live: bytes.clone(), durable: bytes, unsynced: BTreeSet::new() }
    }

    fn copy_page(&self, page: usize, into: &mut Vec<u8>) {
        let start = page * PAGE_BYTES;
        let end = (start + PAGE_BYTES).min(self.live.len());
        if into.len() < end {
            into.resize(end, 0);
        }
        into[start..end].copy_from_slice(&self.live[start..end]);
    }
}

impl Directory {
    fn free_bytes(&self) -> u64 {
        let used = self.live.values().map(|file| file.copies.lock().live.len() as u64).sum::<u64>();
        self.capacity_bytes.saturating_sub(used)
    }

    fn create(&mut self, name: &str) -> Arc<MemoryFile> {
        let file = Arc::new(MemoryFile::default());
        self.live.insert(name.to_owned(), Arc::clone(&file));
        self.pending.push(Change::Created(name.to_owned(), Arc::clone(&file)));
        file
    }
}

impl Medium for MemoryMedium {
    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.directory.lock().live.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<FileHandle> {
        Ok(self.directory.lock().create(name))
    }

    fn create_preallocated(&self, name: &str, bytes: u64) -> io::Result<FileHandle> {
        let length =
            usize::try_from(bytes).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let mut directory = self.directory.lock();
        if directory.free_bytes() < bytes {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let file = directory.create(name);
        {
            let mut copies = file.copies.lock();
            copies.live = vec![0; length];
            copies.durable = vec![0; length];
        }
        Ok(file)
    }

    fn open(&self, name: &str) -> io::Result<FileHandle> {
        match self.directory.lock().live.get(name) {
            Some(file) => Ok(Arc::<MemoryFile>::clone(file)),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut directory = self.directory.lock();
        let file =
            directory.live.remove(from).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        directory.live.insert(to.to_owned(), Arc::clone(&file));
        directory.pending.push(Change::Renamed(from.to_owned(), to.to_owned(), file));
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut directory = self.directory.lock();
        directory.live.remove(name).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        directory.pending.push(Change::Removed(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut directory = self.directory.lock();
        directory.durable = directory.live.clone();
        directory.pending.clear();
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.directory.lock().free_bytes())
    }
}

impl MediumFile for MemoryFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let start =
            usize::try_from(offset).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let end = start
            .checked_add(bytes.len())
            .ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let mut copies = self.copies.lock();
        if copies.live.len() < end {
            copies.live.resize(end, 0);
        }
        copies.live[start..end].copy_from_slice(bytes);
        copies.unsynced.extend(start / PAGE_BYTES..=(end - 1) / PAGE_BYTES);
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let copies = self.copies.lock();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(copies.live.len());
        let length = buffer.len().min(copies.live.len() - start);
        buffer[..length].copy_from_slice(&copies.live[start..start + length]);
        Ok(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut copies = self.copies.lock();
        let pages = std::mem::take(&mut copies.unsynced);
        let mut durable = std::mem::take(&mut copies.durable);
        for page in pages {
            copies.copy_page(page, &mut durable);
        }
        copies.durable = durable;
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.copies.lock().live.len() as u64)
    }
}
