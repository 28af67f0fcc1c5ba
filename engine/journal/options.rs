//! The journal's settings and their limits.

use super::{
    error::RecoveryError,
    record::{HEADER_BYTES, PAGE_BYTES, PAYLOAD_BYTES_LIMIT},
};

/// The smallest segment.
pub const SEGMENT_BYTES_MIN: u64 = 1024 * 1024;
/// Pages of a segment that hold no events: its opening record, and room for a closing one.
const SEGMENT_PAGES_RESERVED: u64 = 2;

const _: () = assert!(SEGMENT_BYTES_MIN > 16 * PAGE_BYTES as u64);

/// What an acknowledgement survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// A loss of power: every batch is synced.
    #[default]
    PowerLoss,
    /// The end of the process: nothing is synced while it runs; a loss of power loses acknowledged events.
    ProcessCrash,
}

/// Where a journal begins that has no segment yet: nothing before it, or a restored baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The new journal's id, made by the caller; places in one journal mean nothing in another.
    pub journal_id: u128,
    /// The last sequence that the baseline holds; 0 for none. The journal begins with the next.
    pub last_sequence: u64,
    /// The baseline's last logged time, microseconds since 1970; 0 for none.
    pub last_logged_time_us: u64,
}

/// The settings.
#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes that a segment is allocated with; a multiple of 4,096, at least 1 MiB.
    pub segment_bytes: u64,
    /// A record is closed once another group would take its payload past this; a batch may have many records.
    pub record_bytes_target: usize,
    /// The longest payload, and so the longest group; what a segment can hold limits it too.
    pub record_bytes_max: usize,
    /// The most bytes that may wait to be written, padding included.
    pub backlog_bytes_max: u64,
    /// What an acknowledgement survives.
    pub durability: Durability,
    /// With fewer bytes free the journal is read-only.
    pub disk_free_bytes_min: u64,
    /// How often free space is looked at, and a failed allocation tried again, in milliseconds.
    pub space_check_ms: u64,
    /// Microseconds of a clock that never runs backwards, for statistics only.
    pub monotonic_us: fn() -> u64,
    /// Where a journal without any segment begins.
    pub origin: Origin,
}

impl Options {
    /// The defaults: 64 MiB segments, records of 64 KiB, groups to 16 MiB, 32 MiB of backlog, 256 MiB of free space.
    #[must_use]
    pub fn new(origin: Origin, monotonic_us: fn() -> u64) -> Self {
        Self {
            segment_bytes: 64 * 1024 * 1024,
            record_bytes_target: 64 * 1024,
            record_bytes_max: 16 * 1024 * 1024,
            backlog_bytes_max: 32 * 1024 * 1024,
            durability: Durability::default(),
            disk_free_bytes_min: 256 * 1024 * 1024,
            space_check_ms: 1_000,
            monotonic_us,
            origin,
        }
    }

    /// Bytes of a segment that records of events may fill, padding included.
    pub(super) const fn segment_bytes_usable(&self) -> u64 {
        self.segment_bytes.saturating_sub(SEGMENT_PAGES_RESERVED * PAGE_BYTES as u64)
    }

    /// The longest group that fits a record, a segment and the backlog.
    #[must_use]
    pub fn group_bytes_max(&self) -> usize {
        let room = self
            .segment_bytes_usable()
            .min(self.backlog_bytes_max)
            .saturating_sub(HEADER_BYTES as u64);
        usize::try_from(room)
            .unwrap_or(usize::MAX)
            .min(self.record_bytes_max)
            .min(usize::try_from(PAYLOAD_BYTES_LIMIT).unwrap_or(usize::MAX))
    }

    /// # Errors
    /// [`RecoveryError::Option`] names the first setting that is out of its range.
    pub(super) fn check(&self) -> Result<(), RecoveryError> {
        let page = PAGE_BYTES as u64;
        let rule = |holds: bool, name, value, rule| {
            if holds { Ok(()) } else { Err(RecoveryError::Option { name, value, rule }) }
        };
        rule(
            self.segment_bytes >= SEGMENT_BYTES_MIN && self.segment_bytes.is_multiple_of(page),
            "segment_bytes",
            self.segment_bytes,
            "a multiple of 4,096 and at least 1,048,576",
        )?;
        rule(
            self.record_bytes_target > 0,
            "record_bytes_target",
            self.record_bytes_target as u64,
            "at least 1",
        )?;
        rule(
            self.record_bytes_max >= self.record_bytes_target
                && self.record_bytes_max <= PAYLOAD_BYTES_LIMIT as usize,
            "record_bytes_max",
            self.record_bytes_max as u64,
            "at least record_bytes_target and at most 67,108,864",
        )?;
        rule(
            self.backlog_bytes_max >= page,
            "backlog_bytes_max",
            self.backlog_bytes_max,
            "at least 4,096",
        )?;
        rule(self.space_check_ms > 0, "space_check_ms", self.space_check_ms, "at least 1")
    }
}
