//! A real directory.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{FileHandle, Medium, MediumFile};

/// Zeros are written in pieces of this many bytes.
const ZERO_BYTES: usize = 1024 * 1024;

/// A directory of the file system.
#[derive(Debug)]
pub struct FsMedium {
    directory: PathBuf,
    read_only: bool,
}

impl FsMedium {
    /// Opens a directory; makes it, and makes its own name durable, where it does not exist.
    ///
    /// # Errors
    /// What the system answers.
    pub fn open(directory: &Path) -> io::Result<Self> {
        if !directory.is_dir() {
            std::fs::create_dir_all(directory)?;
            if let Some(parent) = directory.parent().filter(|parent| !parent.as_os_str().is_empty())
            {
                File::open(parent)?.sync_all()?;
            }
        }
        Ok(Self { directory: directory.to_owned(), read_only: false })
    }

    /// A directory that is only looked at: nothing in it is made, changed or removed, and no right to do so is needed.
    #[must_use]
    pub fn read_only(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), read_only: true }
    }

    fn options(&self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options.read(true).write(!self.read_only);
        options
    }

    fn check_writable(&self) -> io::Result<()> {
        if self.read_only { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }
}

impl Medium for FsMedium {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        let entries = match std::fs::read_dir(&self.directory) {
            // Nobody may make it here: it is as good as empty.
            Err(error) if self.read_only && error.kind() == io::ErrorKind::NotFound => {
                return Ok(names);
            }
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file()
                && let Ok(name) = entry.file_name().into_string()
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<FileHandle> {
        self.check_writable()?;
        let file = self.options().create(true).truncate(true).open(self.directory.join(name))?;
        Ok(Arc::new(FsFile(file)))
    }

    fn create_preallocated(&self, name: &str, bytes: u64) -> io::Result<FileHandle> {
        self.check_writable()?;
        let file = self.options().create(true).truncate(true).open(self.directory.join(name))?;
        // Asks for the whole room first, so that a full disk answers before a byte is written. A file system
        // that cannot do so is no fault: the zeros below allocate too.
        match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
            Err(errno) => return Err(errno.into()),
        }
        let zeros = vec![0; ZERO_BYTES];
        let mut offset = 0;
        while offset < bytes {
            let rest = usize::try_from(bytes - offset).unwrap_or(ZERO_BYTES).min(ZERO_BYTES);
            file.write_all_at(&zeros[..rest], offset)?;
            offset += rest as u64;
        }
        file.sync_all()?;
        Ok(Arc::new(FsFile(file)))
    }

    fn open(&self, name: &str) -> io::Result<FileHandle> {
        Ok(Arc::new(FsFile(self.options().open(self.directory.join(name))?)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.check_writable()?;
        std::fs::rename(self.directory.join(from), self.directory.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.check_writable()?;
        std::fs::remove_file(self.directory.join(name))
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.directory)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }
}

struct FsFile(File);

impl MediumFile for FsFile {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buffer.len() {
            match self.0.read_at(&mut buffer[done..], offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
