//! The directory of files that a journal lives in, behind a trait: a real one, one in memory that can lose
//! its power, and one that injects faults. What the journal assumes of a disk is written at the methods.

mod faulty;
mod fs;
mod memory;
#[cfg(test)]
mod tests;

use std::{io, sync::Arc};

pub use faulty::{Fault, Faults, FaultyMedium, Operation};
pub use fs::FsMedium;
pub use memory::{MemoryMedium, Unsynced};

/// An open file of a medium.
pub type FileHandle = Arc<dyn MediumFile>;

/// One directory of files, without directories below it.
pub trait Medium: Send + Sync + 'static {
    /// The names of all files, in no order.
    ///
    /// # Errors
    /// What the system answers.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A new empty file; an older one of the same name is emptied.
    ///
    /// # Errors
    /// What the system answers.
    fn create(&self, name: &str) -> io::Result<FileHandle>;

    /// A new file of `bytes` zeros that were written (not merely reserved) and synced; only its name still
    /// needs [`Medium::sync_dir`].
    ///
    /// # Errors
    /// What the system answers; a part of the file may be left behind.
    fn create_preallocated(&self, name: &str, bytes: u64) -> io::Result<FileHandle>;

    /// An existing file, to read and to write.
    ///
    /// # Errors
    /// What the system answers.
    fn open(&self, name: &str) -> io::Result<FileHandle>;

    /// Gives a file another name, in one step, in place of a file that has it.
    ///
    /// # Errors
    /// What the system answers.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a name. Open handles stay readable.
    ///
    /// # Errors
    /// What the system answers.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Makes all names, new, changed and removed, survive a loss of power.
    ///
    /// # Errors
    /// What the system answers.
    fn sync_dir(&self) -> io::Result<()>;

    /// Bytes that may still be allocated.
    ///
    /// # Errors
    /// What the system answers.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// One open file.
pub trait MediumFile: Send + Sync + 'static {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// What the system answers; a part may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Reads at `offset` as much as there is, up to `buffer`'s length; less only at the end of the file.
    ///
    /// # Errors
    /// What the system answers.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Makes what was written before this call survive a loss of power, once it has returned.
    ///
    /// # Errors
    /// What the system answers; what was written is then in an unknown state.
    fn sync_data(&self) -> io::Result<()>;

    /// Bytes of the file.
    ///
    /// # Errors
    /// What the system answers.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no byte.
    ///
    /// # Errors
    /// What the system answers.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}
