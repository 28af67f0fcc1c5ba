//! A medium around another that fails when told to: the n-th operation of a kind, once or for ever, with a
//! chosen errno, and for writes after a part of the bytes. The same list of faults may serve a tree in memory too.

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
    /// A batch that is applied to a [`crate::store::MemoryTree`].
    Apply,
    /// A sync of a [`crate::store::MemoryTree`].
    SyncTree,
    /// Any of these but [`Operation::Read`] and [`Operation::Open`], counted together.
    Change,
}

impl Operation {
    /// Whether it changes something, or makes a change durable.
    fn is_change(self) -> bool {
        !matches!(self, Self::Read | Self::Open)
    }
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

/// Faults that wait for their operation; clones share them, so that one is counted over all who have the list.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    faults: Vec<Fault>,
    changes: u64,
}

impl Faults {
    /// Adds a fault, counted from now.
    pub fn inject(&self, fault: Fault) {
        self.waiting.lock().faults.push(fault);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.waiting.lock().faults.clear();
    }

    /// How many operations of the kind [`Operation::Change`] there were, those that failed among them.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.waiting.lock().changes
    }

    /// Counts an operation; the fault that hits it, if one does.
    pub(crate) fn due(&self, operation: Operation) -> Option<Fault> {
        let mut waiting = self.waiting.lock();
        let is_change = operation.is_change();
        waiting.changes += u64::from(is_change);
        let meant = |fault: &Fault| {
            fault.operation == operation || (is_change && fault.operation == Operation::Change)
        };
        let mut hit = None;
        let faults = &mut waiting.faults;
        for (index, fault) in faults.iter_mut().enumerate().filter(|(_, fault)| meant(fault)) {
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

    /// Counts an operation, and answers with the errno of the fault that hits it.
    ///
    /// # Errors
    /// The injected one.
    pub(crate) fn pass(&self, operation: Operation) -> io::Result<()> {
        self.due(operation).map_or(Ok(()), |fault| Err(io::Error::from_raw_os_error(fault.errno)))
    }
}

/// The medium; clones share it and its faults.
#[derive(Clone)]
pub struct FaultyMedium {
    inner: Arc<dyn Medium>,
    faults: Faults,
}

impl FaultyMedium {
    /// Wraps a medium; nothing fails yet.
    #[must_use]
    pub fn new(inner: Arc<dyn Medium>) -> Self {
        Self::with_faults(inner, Faults::default())
    }

    /// Wraps a medium, with faults that others may have too.
    #[must_use]
    pub fn with_faults(inner: Arc<dyn Medium>, faults: Faults) -> Self {
        Self { inner, faults }
    }

    /// Adds a fault, counted from now.
    pub fn inject(&self, fault: Fault) {
        self.faults.inject(fault);
    }

    /// Takes all faults away.
    pub fn heal(&self) {
        self.faults.heal();
    }

    fn wrap(&self, file: FileHandle) -> FileHandle {
        Arc::new(FaultyFile { inner: file, faults: self.faults.clone() })
    }
}

impl Medium for FaultyMedium {
    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn create(&self, name: &str) -> io::Result<FileHandle> {
        self.faults.pass(Operation::Allocate)?;
        Ok(self.wrap(self.inner.create(name)?))
    }

    fn create_preallocated(&self, name: &str, bytes: u64) -> io::Result<FileHandle> {
        self.faults.pass(Operation::Allocate)?;
        Ok(self.wrap(self.inner.create_preallocated(name, bytes)?))
    }

    fn open(&self, name: &str) -> io::Result<FileHandle> {
        self.faults.pass(Operation::Open)?;
        Ok(self.wrap(self.inner.open(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.faults.pass(Operation::Rename)?;
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.faults.pass(Operation::Remove)?;
        self.inner.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.faults.pass(Operation::SyncDir)?;
        self.inner.sync_dir()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.inner.free_bytes()
    }
}

struct FaultyFile {
    inner: FileHandle,
    faults: Faults,
}

impl MediumFile for FaultyFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        match self.faults.due(Operation::Write) {
            None => self.inner.write_at(bytes, offset),
            Some(fault) => {
                self.inner.write_at(&bytes[..fault.short_bytes.min(bytes.len())], offset)?;
                Err(io::Error::from_raw_os_error(fault.errno))
            }
        }
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.faults.pass(Operation::Read)?;
        self.inner.read_at(buffer, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.faults.pass(Operation::Sync)?;
        self.inner.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
}
