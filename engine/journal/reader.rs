//! Reads durable records back while the journal runs. A place is found by a sparse index, then by stepping
//! over headers: one or two reads.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use super::{
    error::{ReadError, RecordFault},
    medium::FileHandle,
    record::{Header, Kind},
    scan::{Expected, Scanner, WINDOW_BYTES_SHORT},
    segment::{Segment, Table},
    shared::Shared,
};

/// A record read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedRecord {
    /// The sequence of its first event.
    pub first_sequence: u64,
    /// How many events it holds; at least 1.
    pub count: u32,
    /// Logged time of its last group, microseconds since 1970.
    pub logged_time_us: u64,
    /// The groups as they were appended, one behind the other.
    pub payload: Vec<u8>,
}

/// What a reader needs of the journal, whatever its notices are.
trait Source: Send + Sync {
    fn durable(&self) -> u64;
    fn table(&self) -> &Table;
    fn open(&self, name: &str) -> io::Result<FileHandle>;
}

impl<N: Send> Source for Shared<N> {
    fn durable(&self) -> u64 {
        self.durable.load(Ordering::Acquire)
    }

    fn table(&self) -> &Table {
        &self.table
    }

    fn open(&self, name: &str) -> io::Result<FileHandle> {
        self.medium.open(name)
    }
}

/// Reads durable records of a running journal; clones are cheap.
#[derive(Clone)]
pub struct Reader {
    source: Arc<dyn Source>,
}

impl Reader {
    pub(super) fn new<N: Send + 'static>(shared: Arc<Shared<N>>) -> Self {
        Self { source: shared }
    }

    /// The oldest sequence that is kept; one past [`Reader::durable`] when there is none.
    #[must_use]
    pub fn earliest(&self) -> u64 {
        self.source.table().earliest()
    }

    /// The newest sequence that can be read.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.source.durable()
    }

    /// The record that holds an event.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub fn record_at(&self, sequence: u64) -> Result<OwnedRecord, ReadError> {
        let durable = self.durable();
        if sequence > durable {
            return Err(ReadError::NotYet { sequence, durable });
        }
        self.place(sequence)?.read()
    }

    /// The durable records from the one that holds `sequence` on. Ends at the durable end; asked again later, it
    /// goes on from there.
    #[must_use]
    pub fn records_from(&self, sequence: u64) -> Records {
        Records { reader: self.clone(), next_sequence: sequence, place: None, current_to: 0 }
    }

    /// Finds where the record of an event begins.
    fn place(&self, sequence: u64) -> Result<Place, ReadError> {
        let table = self.source.table();
        let gone = || ReadError::Gone { sequence, earliest: table.earliest() };
        let segment = table.holding(sequence).ok_or_else(gone)?;
        let name = segment.name();
        let io = |source: io::Error| {
            // Removed between the look at the table and now.
            if source.kind() == io::ErrorKind::NotFound && table.earliest() > sequence {
                gone()
            } else {
                ReadError::Io { file: name.clone(), source }
            }
        };
        let file = self.source.open(&name).map_err(io)?;
        let offset = segment.place_before(sequence, &file).map_err(io)?;
        let scanner = Scanner::new(file, WINDOW_BYTES_SHORT).map_err(io)?;
        let mut place = Place { segment, scanner, offset, sequence, expected: None };
        place.step_to_sequence()?;
        Ok(place)
    }
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("durable", &self.durable()).finish_non_exhaustive()
    }
}

/// A place in a segment.
struct Place {
    segment: Arc<Segment>,
    scanner: Scanner,
    offset: u64,
    /// The event that is looked for.
    sequence: u64,
    /// What the record at `offset` must follow on, once one was seen.
    expected: Option<Expected>,
}

impl Place {
    fn header(&mut self) -> Result<(Header, u32), ReadError> {
        let found = self.scanner.header(self.offset).map_err(|source| self.io(source))?;
        let (header, checksum) = found.map_err(|fault| self.damaged(fault.into()))?;
        if let Some(expected) = self.expected {
            expected.check(&header).map_err(|fault| self.damaged(fault))?;
        }
        if header.kind != Kind::Events || header.first_sequence > self.sequence {
            return Err(self.damaged(RecordFault::Order));
        }
        Ok((header, checksum))
    }

    /// Steps over headers until the record that holds the event.
    fn step_to_sequence(&mut self) -> Result<(), ReadError> {
        loop {
            let (header, checksum) = self.header()?;
            if header.next_sequence() > self.sequence {
                return Ok(());
            }
            self.pass(&header, checksum);
        }
    }

    fn pass(&mut self, header: &Header, checksum: u32) {
        self.offset += header.step_bytes();
        self.expected = Some(Expected::after(header, checksum));
    }

    /// Reads the record here and stands behind it.
    fn read(&mut self) -> Result<OwnedRecord, ReadError> {
        let (header, checksum) = self.header()?;
        let found =
            self.scanner.payload(self.offset, &header).map(|found| found.map(<[u8]>::to_vec));
        let payload =
            found.map_err(|source| self.io(source))?.map_err(|fault| self.damaged(fault))?;
        self.pass(&header, checksum);
        self.sequence = header.next_sequence();
        Ok(OwnedRecord {
            first_sequence: header.first_sequence,
            count: header.count,
            logged_time_us: header.logged_time_us,
            payload,
        })
    }

    fn io(&self, source: io::Error) -> ReadError {
        ReadError::Io { file: self.segment.name(), source }
    }

    fn damaged(&self, fault: RecordFault) -> ReadError {
        ReadError::Damaged {
            sequence: self.sequence,
            file: self.segment.name(),
            offset: self.offset,
            fault,
        }
    }
}

/// Durable records in order; see [`Reader::records_from`]. After an error it tries the same place again.
pub struct Records {
    reader: Reader,
    next_sequence: u64,
    place: Option<Place>,
    /// What was read ahead is current up to this sequence at least; behind it, it may be of a time before the
    /// record there was written.
    current_to: u64,
}

impl Records {
    /// The event that the next record will begin with, or hold.
    #[must_use]
    pub const fn next_sequence(&self) -> u64 {
        self.next_sequence
    }

    fn read(&mut self, durable: u64) -> Result<OwnedRecord, ReadError> {
        if self.next_sequence > self.current_to {
            self.current_to = durable;
            if let Some(place) = &mut self.place {
                place.scanner.forget();
            }
        }
        let holding =
            self.reader.source.table().holding(self.next_sequence).map(|segment| segment.number);
        let mut place = match self.place.take() {
            Some(place) if holding.is_none_or(|number| number == place.segment.number) => place,
            _ => self.reader.place(self.next_sequence)?,
        };
        let record = place.read()?;
        self.next_sequence = place.sequence;
        self.place = Some(place);
        Ok(record)
    }
}

impl Iterator for Records {
    type Item = Result<OwnedRecord, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let durable = self.reader.durable();
        (self.next_sequence <= durable).then(|| self.read(durable))
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records")
            .field("next_sequence", &self.next_sequence)
            .finish_non_exhaustive()
    }
}
