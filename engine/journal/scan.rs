//! Reads a file record by record. Nothing is believed before its checksum holds: first the header's, then the
//! payload's, then the chain from the record before.

use std::{io, ops::Range};

use crate::planted::{Bug, is_awake};

use super::{
    error::{HeaderFault, RecordFault},
    medium::FileHandle,
    record::{HEADER_BYTES, Header, PAGE_BYTES},
};

/// Read ahead for going through whole files, bytes.
pub(super) const WINDOW_BYTES_LONG: usize = 1024 * 1024;
/// Read ahead for finding one record, bytes: what one entry of the index leaves to search, and a page more.
pub(super) const WINDOW_BYTES_SHORT: usize = 68 * 1024;

/// A file seen through a window that moves forward.
pub(super) struct Scanner {
    file: FileHandle,
    file_bytes: u64,
    window: Vec<u8>,
    window_start: u64,
    read_ahead: usize,
}

impl Scanner {
    pub fn new(file: FileHandle, read_ahead: usize) -> io::Result<Self> {
        let file_bytes = file.len()?;
        Ok(Self { file, file_bytes, window: Vec::new(), window_start: 0, read_ahead })
    }

    /// Forgets what was read ahead: a file that is still written to may hold more there now.
    pub fn forget(&mut self) {
        self.window.clear();
        self.read_ahead = self.read_ahead.min(WINDOW_BYTES_SHORT);
    }

    pub const fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Where in the window the bytes lie, or nothing where the file ends before them.
    fn load(&mut self, offset: u64, length: usize) -> io::Result<Option<Range<usize>>> {
        let Some(end) = offset.checked_add(length as u64).filter(|end| *end <= self.file_bytes)
        else {
            return Ok(None);
        };
        let window_end = self.window_start + self.window.len() as u64;
        if offset < self.window_start || end > window_end {
            let rest = usize::try_from(self.file_bytes - offset).unwrap_or(usize::MAX);
            let wanted = length.max(self.read_ahead).min(rest);
            self.window.resize(wanted, 0);
            self.window_start = offset;
            let read = self.file.read_at(&mut self.window, offset);
            self.window.truncate(*read.as_ref().unwrap_or(&0));
            if read? < length {
                return Ok(None);
            }
            // Who reads on is read ahead for more and more.
            self.read_ahead = (self.read_ahead * 2).min(WINDOW_BYTES_LONG);
        }
        let start = usize::try_from(offset - self.window_start).unwrap_or(usize::MAX);
        Ok(Some(start..start + length))
    }

    /// The header at an offset, and its checksum.
    pub fn header(&mut self, offset: u64) -> io::Result<Result<(Header, u32), HeaderFault>> {
        let Some(range) = self.load(offset, HEADER_BYTES)? else {
            return Ok(Err(HeaderFault::Blank));
        };
        let mut bytes = [0; HEADER_BYTES];
        bytes.copy_from_slice(&self.window[range]);
        Ok(Header::decode(&bytes))
    }

    /// The payload behind a header that [`Scanner::header`] returned for the same offset.
    pub fn payload(
        &mut self,
        offset: u64,
        header: &Header,
    ) -> io::Result<Result<&[u8], RecordFault>> {
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let Some(range) = self.load(offset + HEADER_BYTES as u64, length)? else {
            return Ok(Err(RecordFault::Truncated));
        };
        let payload = &self.window[range];
        Ok(if crc32c::crc32c(payload) == header.payload_checksum {
            Ok(payload)
        } else {
            Err(RecordFault::Payload)
        })
    }

    /// Whether the page at an offset holds anything but zeros; past the end there are none.
    pub fn is_blank(&mut self, offset: u64) -> io::Result<bool> {
        let rest = usize::try_from(self.file_bytes.saturating_sub(offset))
            .unwrap_or(usize::MAX)
            .min(PAGE_BYTES);
        let range = self.load(offset, rest)?;
        Ok(range.is_none_or(|range| self.window[range].iter().all(|byte| *byte == 0)))
    }
}

/// What the next record must follow on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expected {
    pub run: u64,
    pub next_sequence: u64,
    pub previous_checksum: u32,
}

impl Expected {
    /// What must follow on a record.
    pub const fn after(header: &Header, checksum: u32) -> Self {
        Self { run: header.run, next_sequence: header.next_sequence(), previous_checksum: checksum }
    }

    pub fn check(&self, header: &Header) -> Result<(), RecordFault> {
        if header.previous_checksum != self.previous_checksum && !is_awake(Bug::SkipChainCheck) {
            return Err(RecordFault::Chain);
        }
        if header.first_sequence != self.next_sequence || header.run != self.run {
            return Err(RecordFault::Order);
        }
        Ok(())
    }
}

/// A record that holds in every respect.
pub(super) struct Found<'a> {
    pub header: Header,
    pub checksum: u32,
    pub offset: u64,
    pub payload: &'a [u8],
}

/// Goes through a file's records in order, each of which must follow on the one before.
pub(super) struct Walker {
    scanner: Scanner,
    /// Where the next record begins, in bytes.
    pub offset: u64,
    pub expected: Expected,
}

impl Walker {
    pub const fn new(scanner: Scanner, offset: u64, expected: Expected) -> Self {
        Self { scanner, offset, expected }
    }

    /// The next record, or why there is none at `offset`.
    pub fn next(&mut self) -> io::Result<Result<Found<'_>, RecordFault>> {
        let (header, checksum) = match self.scanner.header(self.offset)? {
            Ok(found) => found,
            Err(fault) => return Ok(Err(fault.into())),
        };
        if let Err(fault) = self.expected.check(&header) {
            return Ok(Err(fault));
        }
        let offset = self.offset;
        let payload = match self.scanner.payload(offset, &header)? {
            Ok(payload) => payload,
            Err(fault) => return Ok(Err(fault)),
        };
        self.offset += header.step_bytes();
        self.expected = Expected::after(&header, checksum);
        Ok(Ok(Found { header, checksum, offset, payload }))
    }

    pub fn into_scanner(self) -> Scanner {
        self.scanner
    }
}
