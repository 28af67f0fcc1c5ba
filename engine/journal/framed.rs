//! Files of framed payloads in the journal's own record form: baselines and backups. Written under a temporary
//! name and given their own only when complete and durable; read with every checksum, the chain and the count.

use std::{io, sync::Arc};

use super::{
    error::{FramedError, RecordFault},
    medium::{FileHandle, Medium},
    record::{Header, Kind, PAYLOAD_BYTES_LIMIT, whole_record},
    scan::{Expected, Scanner, WINDOW_BYTES_LONG, Walker},
};

/// What is appended to a file's name while it is written; such a file is of no use.
pub const UNFINISHED_SUFFIX: &str = ".unfinished";
/// Bytes of the closing record's payload: how many records, how many bytes of payload.
const TOTALS_BYTES: usize = 16;

/// What a framed file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records, without the closing one.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

/// Writes a framed file.
pub struct FramedWriter {
    medium: Arc<dyn Medium>,
    file: FileHandle,
    name: String,
    buffer: Vec<u8>,
    offset: u64,
    totals: Totals,
    previous_checksum: u32,
}

impl FramedWriter {
    /// Begins a file that will have `name` once it is finished.
    ///
    /// # Errors
    /// What the medium answers.
    pub fn create(medium: Arc<dyn Medium>, name: &str) -> Result<Self, FramedError> {
        let file = medium.create(&unfinished(name)).map_err(io_error("creating", name))?;
        Ok(Self {
            medium,
            file,
            name: name.to_owned(),
            buffer: Vec::with_capacity(WINDOW_BYTES_LONG),
            offset: 0,
            totals: Totals::default(),
            previous_checksum: 0,
        })
    }

    /// Adds a payload, best of some tens of KiB: each takes whole pages of 4 KiB.
    ///
    /// # Errors
    /// [`FramedError::TooLarge`], or what the medium answers; the file is then of no use.
    pub fn record(&mut self, payload: &[u8]) -> Result<(), FramedError> {
        self.add(Kind::Frame, payload)?;
        self.totals.records += 1;
        self.totals.bytes += payload.len() as u64;
        if self.buffer.len() >= WINDOW_BYTES_LONG { self.flush() } else { Ok(()) }
    }

    /// Closes the file, syncs it, and gives it its name, durably.
    ///
    /// # Errors
    /// What the medium answers; the file is then not there, or not durable.
    pub fn finish(mut self) -> Result<Totals, FramedError> {
        let mut totals = [0; TOTALS_BYTES];
        totals[..8].copy_from_slice(&self.totals.records.to_le_bytes());
        totals[8..].copy_from_slice(&self.totals.bytes.to_le_bytes());
        self.add(Kind::FrameEnd, &totals)?;
        self.flush()?;
        self.file.sync_data().map_err(io_error("syncing", &self.name))?;
        self.medium
            .rename(&unfinished(&self.name), &self.name)
            .map_err(io_error("renaming", &self.name))?;
        self.medium.sync_dir().map_err(io_error("syncing the directory of", &self.name))?;
        Ok(self.totals)
    }

    fn add(&mut self, kind: Kind, payload: &[u8]) -> Result<(), FramedError> {
        let header = Header {
            kind,
            run: 0,
            first_sequence: self.totals.records,
            logged_time_us: 0,
            durable_to: 0,
            count: u32::from(kind == Kind::Frame),
            length: 0,
            previous_checksum: self.previous_checksum,
            payload_checksum: 0,
        };
        self.previous_checksum = whole_record(header, payload, &mut self.buffer)
            .map_err(|_| FramedError::TooLarge { bytes: payload.len() })?;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), FramedError> {
        self.file.write_at(&self.buffer, self.offset).map_err(io_error("writing", &self.name))?;
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Reads a framed file. What it hands over before its end is verified by itself; that the file is whole is only
/// known once [`FramedReader::next`] has returned `None`, or [`FramedReader::verify`] has succeeded.
pub struct FramedReader {
    walker: Walker,
    name: String,
    totals: Totals,
    ended: bool,
}

impl FramedReader {
    /// Opens a file.
    ///
    /// # Errors
    /// What the medium answers.
    pub fn open(medium: &dyn Medium, name: &str) -> Result<Self, FramedError> {
        let file = medium.open(name).map_err(io_error("opening", name))?;
        let scanner = Scanner::new(file, WINDOW_BYTES_LONG).map_err(io_error("opening", name))?;
        let walker =
            Walker::new(scanner, 0, Expected { run: 0, next_sequence: 0, previous_checksum: 0 });
        Ok(Self { walker, name: name.to_owned(), totals: Totals::default(), ended: false })
    }

    /// Reads a whole file through and says what it holds.
    ///
    /// # Errors
    /// See [`FramedReader::next`].
    pub fn verify(medium: &dyn Medium, name: &str) -> Result<Totals, FramedError> {
        let mut reader = Self::open(medium, name)?;
        while reader.next()?.is_some() {}
        Ok(reader.totals)
    }

    /// The next payload, or `None` behind the last of a file that is whole.
    ///
    /// # Errors
    /// [`FramedError::Damaged`] or [`FramedError::Count`] when the file is not what was written, a file without its
    /// closing record included; or what the medium answers.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its window")]
    pub fn next(&mut self) -> Result<Option<&[u8]>, FramedError> {
        if self.ended {
            return Ok(None);
        }
        let offset = self.walker.offset;
        let damaged = |fault| FramedError::Damaged { file: self.name.clone(), offset, fault };
        let found =
            self.walker.next().map_err(io_error("reading", &self.name))?.map_err(damaged)?;
        match (found.header.kind, found.header.count) {
            (Kind::Frame, 1) => {
                self.totals.records += 1;
                self.totals.bytes += found.payload.len() as u64;
                Ok(Some(found.payload))
            }
            (Kind::FrameEnd, 0) if found.payload.len() == TOTALS_BYTES => {
                let number = |at: usize| {
                    found.payload[at..at + 8]
                        .iter()
                        .rev()
                        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
                };
                let (records, bytes) = (number(0), number(8));
                if (records, bytes) != (self.totals.records, self.totals.bytes) {
                    let (found_records, found_bytes) = (self.totals.records, self.totals.bytes);
                    return Err(FramedError::Count {
                        file: self.name.clone(),
                        found_records,
                        found_bytes,
                        records,
                        bytes,
                    });
                }
                self.ended = true;
                Ok(None)
            }
            _ => Err(damaged(RecordFault::Misplaced)),
        }
    }
}

impl std::fmt::Debug for FramedWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FramedWriter")
            .field("name", &self.name)
            .field("totals", &self.totals)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for FramedReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FramedReader")
            .field("name", &self.name)
            .field("totals", &self.totals)
            .finish_non_exhaustive()
    }
}

fn unfinished(name: &str) -> String {
    format!("{name}{UNFINISHED_SUFFIX}")
}

fn io_error(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> FramedError {
    move |source| FramedError::Io { doing, file: file.to_owned(), source }
}

const _: () = assert!(PAYLOAD_BYTES_LIMIT as usize > WINDOW_BYTES_LONG);
