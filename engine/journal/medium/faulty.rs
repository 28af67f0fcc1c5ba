//! A medium around another that fails when told to: the n-th operation of a kind, once or for ever, with a
//! chosen errno, and for writes after a part of the bytes.

use std::{io, sync::Arc};

use parking_lot::Mutex;

use super::{FileHandle, Medium, MediumFile};

/// What can be made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// [`MediumFile::write_at`].
    Write,
    /// [`MediumFile::read_at`].
    Read,
    /// [`MediumFile::sync_data`].
    Sync,
    /// [`Medium::create`] and [`Medium::create_preallocated`].
    Allocate,
    /// [`Medium::rename`].
    Rename,
    /// [`Medium::open`].
    Open,
    /// [`Medium::remove`].
    Remove,
    /// [`Medium::sync_dir`].
    SyncDir,
}

/// One fault to inject.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// What fails.
    pub operation: Operation,
    /// How many such operations go through before it.
    pub after: u64,
    /// Whether all later ones fail too.
    pub for_ever: bool,
    /// The errno that they fail with, for example 28 (no space left) or 5 (input or output error).
    pub errno: i32,
    /// For writes: how many bytes are written before the failure.
    pub short_bytes: usize,
}

/// The medium; clones share it and its faults.
#[derive(Clone)]
pub struct FaultyMedium {
    inner: Arc<dyn Medium>,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl FaultyMedium {
    /// Wraps a medium; nothing fails yet.
    #[must_use]
    pub fn new(inner: Arc<dyn Medium>) -> Self {
        Self { inner, faults: Arc::default() }
    }

    /// Adds a fault, counted from now.
    pub fn inject(&self, fault: Fault) {
        self.faults.lock().push(fault);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.faults.lock().clear();
    }

    fn wrap(&self, file: FileHandle) -> FileHandle {
        Arc::new(FaultyFile { inner: file, faults: Arc::clone(&self.faults) })
    }

    fn pass(&self, operation: Operation) -> io::Result<()> {
        due(&self.faults, operation)
            .map_or(Ok(()), |fault| Err(io::Error::from_raw_os_error(fault.errno)))
    }
}

/// Counts an operation; the fault that hits it, if one does.
fn due(faults: &Mutex<Vec<Fault>>, operation: Operation) -> Option<Fault> {
    let mut faults = faults.lock();
    let mut hit = None;
    for (index, fault) in
        faults.iter_mut().enumerate().filter(|(_, fault)| fault.operation == operation)
    {
        if fault.after > 0 {
            fault.after -= 1;
        } else if hit.is_none() {
            hit = Some((index, *fault));
        }
    }
    let (index, fault) = hit?;
    if !fault.for_ever {
        faults.remove(index);
    }
    Some(fault)
}

impl Medium for FaultyMedium {
    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn create(&self, name: &str) -> io::Result<FileHandle> {
        self.pass(Operation::Allocate)?;
        Ok(self.wrap(self.inner.create(name)?))
    }

    fn create_preallocated(&self, name: &str, bytes: u64) -> io::Result<FileHandle> {
        self.pass(Operation::Allocate)?;
        Ok(self.wrap(self.inner.create_preallocated(name, bytes)?))
    }

    fn open(&self, name: &str) -> io::Result<FileHandle> {
        self.pass(Operation::Open)?;
        Ok(self.wrap(self.inner.open(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.pass(Operation::Rename)?;
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.pass(Operation::Remove)?;
        self.inner.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.pass(Operation::SyncDir)?;
        self.inner.sync_dir()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.inner.free_bytes()
    }
}

struct FaultyFile {
    inner: FileHandle,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl MediumFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match due(&self.faults, Operation::Write) {
            None => self.inner.write_at(bytes, offset),
            Some(fault) => {
                self.inner.write_at(&bytes[..fault.short_bytes.min(bytes.len())], offset)?;
                Err(io::Error::from_raw_os_error(fault.errno))
            }
        }
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match due(&self.faults, Operation::Read) {
            None => self.inner.read_at(buffer, offset),
            Some(fault) => Err(io::Error::from_raw_os_error(fault.errno)),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        match due(&self.faults, Operation::Sync) {
            None => self.inner.sync_data(),
            Some(fault) => Err(io::Error::from_raw_os_error(fault.errno)),
        }
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}
