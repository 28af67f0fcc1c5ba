//! Segment files: their names, their opening record, the table of those that hold the journal with a sparse
//! index of where sequences stand, and how a new one is made.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, RwLock};

use super::{
    error::{HeaderFault, RecordFault},
    medium::{FileHandle, Medium},
    record::{Header, Kind, Mark, PAGE_BYTES},
    scan::{Scanner, WINDOW_BYTES_LONG},
};

const SUFFIX: &str = ".segment";
const TEMPORARY: &str = ".preparing";
/// At most one index entry for so many bytes of a segment: 16 bytes of memory for 64 KiB of journal.
const INDEX_STEP_BYTES: u64 = 64 * 1024;

/// The name of a segment's file.
pub(super) fn name_of(number: u64) -> String {
    format!("{number:016}{SUFFIX}")
}

/// The number in a segment's name.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    let number = digits.parse().ok()?;
    (name_of(number) == name).then_some(number)
}

/// The name that a segment has while it is being made; such a file is of no use after a crash.
pub(super) fn temporary_name_of(number: u64) -> String {
    format!("{}{TEMPORARY}", name_of(number))
}

/// Whether a file is a segment that was being made.
pub(super) fn is_temporary(name: &str) -> bool {
    name.strip_suffix(TEMPORARY).and_then(number_of).is_some()
}

/// A new segment of zeros whose bytes and name are durable. A file is never used twice: what an older use left
/// could pass for records.
pub(super) fn prepare(medium: &dyn Medium, number: u64, bytes: u64) -> io::Result<FileHandle> {
    let temporary = temporary_name_of(number);
    let made = medium.create_preallocated(&temporary, bytes).and_then(|file| {
        medium.rename(&temporary, &name_of(number))?;
        medium.sync_dir()?;
        Ok(file)
    });
    if made.is_err() {
        // Gives the room back; a name that is still there is removed at the next start.
        let _ = medium.remove(&temporary);
    }
    made
}

/// The first record of a segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub header: Header,
    pub checksum: u32,
    pub mark: Mark,
}

/// Reads a segment's opening record.
pub(super) fn read_opening(scanner: &mut Scanner) -> io::Result<Result<Opening, RecordFault>> {
    let (header, checksum) = match scanner.header(0)? {
        Ok(found) => found,
        Err(fault) => return Ok(Err(fault.into())),
    };
    if header.kind != Kind::Opening {
        return Ok(Err(RecordFault::Misplaced));
    }
    Ok(scanner.payload(0, &header)?.and_then(|payload| {
        let mark = Mark::decode(payload).ok_or(RecordFault::Misplaced)?;
        if header.count != 0 || mark.last_sequence.checked_add(1) != Some(header.first_sequence) {
            return Err(RecordFault::Order);
        }
        Ok(Opening { header, checksum, mark })
    }))
}

/// Where sequences stand in a segment.
#[derive(Debug, Default)]
struct Index {
    /// First sequence and offset of some records, rising.
    places: Vec<(u64, u64)>,
    /// Whether all of the segment was looked through.
    complete: bool,
}

/// A segment that holds a part of the journal.
#[derive(Debug)]
pub(super) struct Segment {
    pub number: u64,
    /// The sequence of its first event, if it holds any.
    pub first_sequence: u64,
    /// Logged time of its last event so far, or of the last before it, microseconds since 1970.
    pub last_logged_time_us: AtomicU64,
    /// Bytes of its file.
    pub file_bytes: u64,
    index: Mutex<Index>,
}

impl Segment {
    /// A segment; `complete` when its records will be added with [`Segment::add`] as they come.
    pub fn new(
        number: u64,
        first_sequence: u64,
        last_logged_time_us: u64,
        file_bytes: u64,
        complete: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            number,
            first_sequence,
            last_logged_time_us: AtomicU64::new(last_logged_time_us),
            file_bytes,
            index: Mutex::new(Index { places: Vec::new(), complete }),
        })
    }

    pub fn name(&self) -> String {
        name_of(self.number)
    }

    /// Notes where a record stands, unless the last note is near enough.
    pub fn add(&self, first_sequence: u64, offset: u64) {
        self.index.lock().add(first_sequence, offset);
    }

    pub fn note_time(&self, logged_time_us: u64) {
        self.last_logged_time_us.store(logged_time_us, Ordering::Relaxed);
    }

    /// Says that all records were added.
    pub fn complete(&self) {
        self.index.lock().complete = true;
    }

    /// The last noted record that begins at or before a sequence: where to search from.
    ///
    /// # Errors
    /// What the medium answers when the segment must be looked through first.
    pub fn place_before(&self, sequence: u64, file: &FileHandle) -> io::Result<u64> {
        let mut index = self.index.lock();
        if !index.complete {
            index.build(file)?;
        }
        let after = index.places.partition_point(|(first, _)| *first <= sequence);
        Ok(after.checked_sub(1).map_or(PAGE_BYTES as u64, |at| index.places[at].1))
    }
}

impl Index {
    fn add(&mut self, first_sequence: u64, offset: u64) {
        if self.places.last().is_none_or(|(_, last)| offset >= last + INDEX_STEP_BYTES) {
            self.places.push((first_sequence, offset));
        }
    }

    /// Looks through a segment that recovery had no need to read; payloads are not verified here but when read.
    fn build(&mut self, file: &FileHandle) -> io::Result<()> {
        self.places.clear();
        let mut scanner = Scanner::new(Arc::clone(file), WINDOW_BYTES_LONG)?;
        let mut offset = PAGE_BYTES as u64;
        while let Ok((header, _)) = scanner.header(offset)? {
            if header.kind == Kind::Events {
                self.add(header.first_sequence, offset);
            }
            offset += header.step_bytes();
        }
        self.complete = true;
        Ok(())
    }
}

/// The segments that hold the journal, oldest first; the last is in use.
#[derive(Debug, Default)]
pub(super) struct Table {
    segments: RwLock<Vec<Arc<Segment>>>,
}

impl Table {
    pub const fn new(segments: Vec<Arc<Segment>>) -> Self {
        Self { segments: RwLock::new(segments) }
    }

    pub fn push(&self, segment: Arc<Segment>) {
        self.segments.write().push(segment);
    }

    pub fn all(&self) -> Vec<Arc<Segment>> {
        self.segments.read().clone()
    }

    /// The sequence that the oldest segment begins with.
    pub fn earliest(&self) -> u64 {
        self.segments.read().first().map_or(0, |segment| segment.first_sequence)
    }

    /// The segment that holds a sequence, if it is not before the oldest.
    pub fn holding(&self, sequence: u64) -> Option<Arc<Segment>> {
        let segments = self.segments.read();
        let after = segments.partition_point(|segment| segment.first_sequence <= sequence);
        after.checked_sub(1).map(|at| Arc::clone(&segments[at]))
    }

    /// Takes the oldest segment out if all its events are before `sequence` and it is not in use; also names
    /// the number of the one that is then the oldest.
    pub fn take_before(&self, sequence: u64) -> Option<(Arc<Segment>, u64)> {
        let mut segments = self.segments.write();
        let next = segments.get(1).filter(|next| next.first_sequence <= sequence)?.number;
        Some((segments.remove(0), next))
    }
}

/// What is wrong with a place in a file that a header fault stands for.
pub(super) const fn is_other_version(fault: RecordFault) -> Option<u16> {
    match fault {
        RecordFault::Header(HeaderFault::Version(version)) => Some(version),
        _ => None,
    }
}
