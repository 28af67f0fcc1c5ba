//! A journal after whatever happened to it: its segments, its end, what was cut. Scanning changes nothing;
//! [`Recovery::start`] does.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
};

use super::{
    error::{RecordFault, RecoveryError},
    medium::Medium,
    options::Options,
    record::PAGE_BYTES,
    scan::Scanner,
    segment::{self, Opening, Segment, is_other_version, name_of, number_of, read_opening},
};

/// What a crash left unfinished behind the journal's end: events that nobody was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TornTail {
    /// The segment's file.
    pub file: String,
    /// Where the journal now ends in it, in bytes.
    pub offset: u64,
    /// The first sequence that was lost, to be given anew.
    pub first_sequence: u64,
    /// What stands at `offset`.
    pub fault: RecordFault,
    /// Whole records found behind it, all dead.
    pub dead_records: u64,
    /// Whether the file, or one behind it, is shorter than it was allocated: no crash does that, and a copy that was
    /// cut short may have lost acknowledged events.
    pub file_cut_short: bool,
}

/// A journal whose end was found, not yet started.
pub struct Recovery {
    pub(super) medium: Arc<dyn Medium>,
    pub(super) options: Options,
    pub(super) journal_id: u128,
    /// The run that wrote last; 0 before the first.
    pub(super) run: u64,
    pub(super) first_sequence: u64,
    pub(super) last_sequence: u64,
    pub(super) last_checksum: u32,
    pub(super) last_logged_time_us: u64,
    pub(super) clean_stop: bool,
    /// The segments that hold the journal, oldest first, with their opening records.
    pub(super) segments: Vec<(Arc<Segment>, Opening)>,
    /// Where the last segment's valid records end, in bytes, and whether any of them holds events.
    pub(super) end_offset: u64,
    pub(super) end_holds_events: bool,
    /// Files behind the end that hold nothing valid.
    pub(super) dead_files: Vec<String>,
    pub(super) next_number: u64,
    pub(super) torn_tail: Option<TornTail>,
}

impl Recovery {
    /// Finds the journal's end. Reads the opening record of each segment, and all of the last one.
    ///
    /// # Errors
    /// [`RecoveryError::Damaged`] where acknowledged events are missing at the end; otherwise a foreign or newer
    /// file, a setting out of its range, or what the medium answers.
    pub fn scan(medium: Arc<dyn Medium>, options: &Options) -> Result<Self, RecoveryError> {
        let (recovery, judged) = Self::look(medium, options)?;
        judged?;
        recovery.log_torn_tail();
        Ok(recovery)
    }

    /// As [`Recovery::scan`], while an engine may be writing the journal: everything that was durable before the
    /// call is found, and of what comes in meanwhile a beginning. It must not be started.
    ///
    /// Why a second look tells a writer from damage:
    /// 1. The first look stops at a record that is not whole, then finds a later one that was written when the
    ///    missing one had been synced.
    /// 2. So whoever reads the missing one again, from now on, reads it whole, unless it is damaged.
    ///
    /// # Errors
    /// As [`Recovery::scan`]; also where the engine removed a segment that was about to be read: then call again.
    pub fn scan_beside_writer(
        medium: &Arc<dyn Medium>,
        options: &Options,
    ) -> Result<Self, RecoveryError> {
        let (found, judged) = Self::look(Arc::clone(medium), options)?;
        if matches!(judged, Err(RecoveryError::Damaged { .. })) {
            let (again, _) = Self::look(Arc::clone(medium), options)?;
            if again.last_sequence > found.last_sequence {
                return Ok(found);
            }
        }
        judged.map(|()| found)
    }

    /// Finds the journal's end, and judges what lies behind it.
    fn look(
        medium: Arc<dyn Medium>,
        options: &Options,
    ) -> Result<(Self, Result<(), RecoveryError>), RecoveryError> {
        options.check()?;
        let names = medium.list().map_err(io_error("listing", "the journal's directory"))?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        let mut recovery = Self::empty(Arc::clone(&medium), options);
        recovery.next_number = numbers.last().map_or(1, |last| last + 1);
        recovery.dead_files =
            names.into_iter().filter(|name| segment::is_temporary(name)).collect();
        let mut unopened = Vec::new();
        for &number in &numbers {
            if recovery.read_segment(number)? {
                unopened.clear();
            } else {
                unopened.push(number);
            }
        }
        let judged = recovery.find_end(&unopened);
        recovery.dead_files.extend(unopened.into_iter().map(name_of));
        Ok((recovery, judged))
    }

    fn empty(medium: Arc<dyn Medium>, options: &Options) -> Self {
        let origin = options.origin;
        Self {
            medium,
            options: options.clone(),
            journal_id: origin.journal_id,
            run: 0,
            first_sequence: origin.last_sequence + 1,
            last_sequence: origin.last_sequence,
            last_checksum: 0,
            last_logged_time_us: origin.last_logged_time_us,
            clean_stop: false,
            segments: Vec::new(),
            end_offset: 0,
            end_holds_events: false,
            dead_files: Vec::new(),
            next_number: 1,
            torn_tail: None,
        }
    }

    /// Reads a segment's opening record; false when it has no valid one.
    fn read_segment(&mut self, number: u64) -> Result<bool, RecoveryError> {
        let name = name_of(number);
        let mut scanner = self.scanner(&name, PAGE_BYTES)?;
        let opening = match read_opening(&mut scanner).map_err(io_error("reading", &name))? {
            Ok(opening) => opening,
            Err(fault) => {
                return is_other_version(fault).map_or(Ok(false), |version| {
                    Err(RecoveryError::Version { file: name, version })
                });
            }
        };
        let mark = opening.mark;
        if mark.segment_number != number {
            return Err(RecoveryError::Foreign {
                file: name,
                found: format!("it is segment {}", mark.segment_number),
            });
        }
        if let Some((_, first)) = self.segments.first()
            && first.mark.journal_id != mark.journal_id
        {
            let found = format!(
                "it is of journal {:032x}, not {:032x}",
                mark.journal_id, first.mark.journal_id
            );
            return Err(RecoveryError::Foreign { file: name, found });
        }
        if let Some((previous, _)) = self.segments.last() {
            previous.note_time(opening.header.logged_time_us);
        }
        let first_sequence = opening.header.first_sequence;
        let segment = Segment::new(
            number,
            first_sequence,
            opening.header.logged_time_us,
            scanner.file_bytes(),
            false,
        );
        self.segments.push((segment, opening));
        Ok(true)
    }

    pub(super) fn scanner(&self, name: &str, read_ahead: usize) -> Result<Scanner, RecoveryError> {
        self.medium
            .open(name)
            .and_then(|file| Scanner::new(file, read_ahead))
            .map_err(io_error("opening", name))
    }

    /// The journal's id.
    #[must_use]
    pub const fn journal_id(&self) -> u128 {
        self.journal_id
    }

    /// The run that [`Recovery::start`] will begin; 1 is the first.
    #[must_use]
    pub const fn coming_run(&self) -> u64 {
        self.run + 1
    }

    /// The first sequence that is kept; one past [`Recovery::last_sequence`] when there is none.
    #[must_use]
    pub const fn first_sequence(&self) -> u64 {
        self.first_sequence
    }

    /// The last valid sequence; 0 before the first event.
    #[must_use]
    pub const fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// Logged time of the last valid record of events, microseconds since 1970; 0 before the first.
    #[must_use]
    pub const fn last_logged_time_us(&self) -> u64 {
        self.last_logged_time_us
    }

    /// Whether the journal was closed before.
    #[must_use]
    pub const fn is_clean_stop(&self) -> bool {
        self.clean_stop
    }

    /// What was cut, if anything.
    #[must_use]
    pub const fn torn_tail(&self) -> Option<&TornTail> {
        self.torn_tail.as_ref()
    }

    pub(super) fn last_segment(&self) -> Option<&Arc<Segment>> {
        self.segments.last().map(|(segment, _)| segment)
    }
}

pub(super) fn io_error(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> RecoveryError {
    move |source| RecoveryError::Io { doing, file: file.to_owned(), source }
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recovery")
            .field("journal_id", &self.journal_id)
            .field("run", &self.run)
            .field("first_sequence", &self.first_sequence)
            .field("last_sequence", &self.last_sequence)
            .field("torn_tail", &self.torn_tail)
            .field(
                "last_time",
                &self.last_segment().map(|last| last.last_logged_time_us.load(Ordering::Relaxed)),
            )
            .finish_non_exhaustive()
    }
}
