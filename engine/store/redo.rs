//! The redo log: a whole checkpoint in one file beside sled, durable before sled is touched (see [`super::settle`]).
//!
//! Frames one behind the other, numbers little-endian: bytes of the body (u32), CRC-32C (u32), body. Each checksum
//! goes on from the one before, over length and body, so that the last speaks for the whole file. By the first byte:
//! `H` generation (u64), once, first; `P` bytes of the stored key (u16), stored key, what is stored under it;
//! `D` stored key that goes; `E` number of `P` and `D` (u64), the coming record (`meta.rs`), once, last.

use std::io::{self, BufReader, ErrorKind, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::directory::{Directory, open_if_there};
use super::entry::{KEY_BYTES_MAX, PART_BYTES_MAX};
use super::error::StoreError;
use super::meta::Meta;
use crate::journal::medium::{FileHandle, Medium};

const HEADER: u8 = b'H';
const PUT: u8 = b'P';
const DELETE: u8 = b'D';
const END: u8 = b'E';

/// A longer body is none, whatever its length says: lengths are read before their checksum.
const BODY_BYTES_MAX: u32 = 64 * 1_024;
const _: () = assert!(KEY_BYTES_MAX + PART_BYTES_MAX + 1_024 < 64 * 1_024);
/// Frames are collected to about this many bytes a write.
const WRITE_BYTES: usize = 64 * 1_024;

/// Where the redo log is, whether there is one or not.
pub(super) struct RedoLog {
    pub(super) medium: Arc<dyn Medium>,
    name: &'static str,
    path: PathBuf,
}

impl RedoLog {
    pub(super) fn new(directory: &Directory) -> Self {
        let (medium, name, path) = directory.redo();
        Self { medium, name, path }
    }

    /// Begins the log of the checkpoint `generation`, over the one before, which must be dead.
    pub(super) fn begin(&self, generation: u64) -> Result<RedoWriter<'_>, StoreError> {
        let file = self.medium.create(self.name).map_err(StoreError::io("make", &self.path))?;
        let mut writer = RedoWriter {
            log: self,
            file,
            buffer: Vec::with_capacity(2 * WRITE_BYTES),
            checksum: 0,
            changes: 0,
            bytes: 0,
        };
        writer.frame(&[&[HEADER], &generation.to_le_bytes()])?;
        Ok(writer)
    }

    /// Opens the log; `None` if there is none or not even its header was completed.
    pub(super) fn read(&self) -> Result<Option<RedoReader<'_>>, StoreError> {
        let Some(file) = self.open()? else { return Ok(None) };
        let mut reader = RedoReader {
            log: self,
            file: BufReader::with_capacity(WRITE_BYTES, FrontToBack { file, offset: 0 }),
            generation: 0,
            checksum: 0,
            changes: 0,
            body: Vec::new(),
        };
        if !reader.frame()? {
            return Ok(None);
        }
        let generation = reader.body.strip_prefix(&[HEADER]);
        let Some(generation) = generation.and_then(|found| found.try_into().ok()) else {
            return Ok(None);
        };
        reader.generation = u64::from_le_bytes(generation);
        Ok(Some(reader))
    }

    /// Throws the log away, if there is one.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        match self.medium.remove(self.name) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StoreError::io("remove", &self.path)(error))
            }
            _ => Ok(()),
        }
    }

    /// Bytes of the file.
    pub(super) fn size_bytes(&self) -> Result<u64, StoreError> {
        let Some(file) = self.open()? else { return Ok(0) };
        file.len().map_err(StoreError::io("measure", &self.path))
    }

    fn open(&self) -> Result<Option<FileHandle>, StoreError> {
        open_if_there(self.medium.as_ref(), self.name).map_err(StoreError::io("open", &self.path))
    }
}

/// A log being written, front to back.
pub(super) struct RedoWriter<'a> {
    log: &'a RedoLog,
    file: FileHandle,
    buffer: Vec<u8>,
    /// Of the last frame, hence of all.
    checksum: u32,
    changes: u64,
    bytes: u64,
}

impl RedoWriter<'_> {
    /// Adds that `stored` will be stored under `stored_key`, or with `None` nothing.
    pub(super) fn push(
        &mut self,
        stored_key: &[u8],
        stored: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        self.changes += 1;
        match stored {
            Some(stored) => {
                // Stored keys are little longer than KEY_BYTES_MAX, so the length always fits.
                let length = u16::try_from(stored_key.len()).unwrap_or(u16::MAX);
                self.frame(&[&[PUT], &length.to_le_bytes(), stored_key, stored])
            }
            None => self.frame(&[&[DELETE], stored_key]),
        }
    }

    /// Closes the log with the coming record and makes it durable; returns its bytes.
    pub(super) fn finish(mut self, meta: Meta) -> Result<u64, StoreError> {
        let changes = self.changes.to_le_bytes();
        self.frame(&[&[END], &changes, &meta.encode()])?;
        self.write_out()?;
        let synced = self.file.sync_data().and_then(|()| self.log.medium.sync_dir());
        synced.map_err(StoreError::io("sync", &self.log.path))?;
        Ok(self.bytes)
    }

    fn frame(&mut self, body: &[&[u8]]) -> Result<(), StoreError> {
        let length: usize = body.iter().map(|piece| piece.len()).sum();
        // What is stored is split long before BODY_BYTES_MAX; were it not, reading would say torn, never another value.
        let length = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        let start = crc32c::crc32c_append(self.checksum, &length);
        self.checksum =
            body.iter().fold(start, |checksum, piece| crc32c::crc32c_append(checksum, piece));
        self.buffer.extend_from_slice(&length);
        self.buffer.extend_from_slice(&self.checksum.to_le_bytes());
        for piece in body {
            self.buffer.extend_from_slice(piece);
        }
        if self.buffer.len() >= WRITE_BYTES {
            self.write_out()?;
        }
        Ok(())
    }

    fn write_out(&mut self) -> Result<(), StoreError> {
        let written = self.file.write_at(&self.buffer, self.bytes);
        written.map_err(StoreError::io("write", &self.log.path))?;
        self.bytes += u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.buffer.clear();
        Ok(())
    }
}

/// What comes next in a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Redo<'a> {
    /// A stored key and what is stored under it, `None`: nothing.
    Change(&'a [u8], Option<&'a [u8]>),
    /// The end, and the record that goes with all before.
    End(Meta),
    /// From here on it is not as it was written, or was never written.
    Torn,
}

/// A file read from its beginning.
struct FrontToBack {
    file: FileHandle,
    offset: u64,
}

impl Read for FrontToBack {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read_at(buffer, self.offset)?;
        self.offset += u64::try_from(bytes).unwrap_or(u64::MAX);
        Ok(bytes)
    }
}

/// A log being read, front to back, one frame in memory.
pub(super) struct RedoReader<'a> {
    log: &'a RedoLog,
    file: BufReader<FrontToBack>,
    generation: u64,
    checksum: u32,
    changes: u64,
    body: Vec<u8>,
}

impl RedoReader<'_> {
    /// The checkpoint that the log belongs to.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Reads on to the end; whether the log is whole.
    pub(super) fn reads_whole(mut self) -> Result<bool, StoreError> {
        loop {
            match self.next()? {
                Redo::Change(..) => {}
                Redo::End(_) => return Ok(true),
                Redo::Torn => return Ok(false),
            }
        }
    }

    /// The next change, or the end.
    pub(super) fn next(&mut self) -> Result<Redo<'_>, StoreError> {
        if !self.frame()? {
            return Ok(Redo::Torn);
        }
        if self.body.first() == Some(&END) {
            let meta = self.end();
            // Nothing may come behind.
            let last = !self.fill(1)?;
            let meta = meta.filter(|_| last);
            return Ok(meta.map_or(Redo::Torn, Redo::End));
        }
        self.changes += 1;
        Ok(change(&self.body).unwrap_or(Redo::Torn))
    }

    /// The record in the closing frame, if that one fits what was read before.
    fn end(&self) -> Option<Meta> {
        let (changes, record) = self.body.get(1..)?.split_first_chunk()?;
        let meta = Meta::decode(record).ok()?;
        let fits = u64::from_le_bytes(*changes) == self.changes
            && meta.generation == self.generation
            && meta.place.is_some();
        fits.then_some(meta)
    }

    /// Reads the next frame's body; `false` if it is not there as it was written.
    fn frame(&mut self) -> Result<bool, StoreError> {
        if !self.fill(8)? {
            return Ok(false);
        }
        let (words, _) = self.body.as_chunks::<4>();
        let &[length, checksum] = words else {
            return Ok(false);
        };
        let bytes = u32::from_le_bytes(length);
        if bytes > BODY_BYTES_MAX || !self.fill(bytes)? {
            return Ok(false);
        }
        let start = crc32c::crc32c_append(self.checksum, &length);
        self.checksum = crc32c::crc32c_append(start, &self.body);
        Ok(self.checksum == u32::from_le_bytes(checksum))
    }

    /// Reads `bytes` into the body; `false` where the file ends before.
    fn fill(&mut self, bytes: u32) -> Result<bool, StoreError> {
        self.body.clear();
        let mut rest = self.file.by_ref().take(u64::from(bytes));
        rest.read_to_end(&mut self.body).map_err(StoreError::io("read", &self.log.path))?;
        Ok(u32::try_from(self.body.len()) == Ok(bytes))
    }
}

fn change(body: &[u8]) -> Option<Redo<'_>> {
    match body.split_first()? {
        (&PUT, rest) => {
            let (length, rest) = rest.split_first_chunk()?;
            let length = usize::from(u16::from_le_bytes(*length));
            let (stored_key, stored) = rest.split_at_checked(length)?;
            Some(Redo::Change(stored_key, Some(stored)))
        }
        (&DELETE, stored_key) => Some(Redo::Change(stored_key, None)),
        _ => None,
    }
}
