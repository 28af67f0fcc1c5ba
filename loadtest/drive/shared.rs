//! What all clients of a run share. Nothing here is locked on the way of an operation.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::drive::error::DriveError;
use crate::drive::load::Load;
use crate::measure::numbers::nanos;

/// Entries of all clients' logs together at most: 56 bytes each, so a little over 2 GiB.
pub const LOG_ENTRIES_MAX: u64 = 40_000_000;

/// What all clients of a run share.
#[derive(Debug)]
pub struct Shared {
    /// How much load.
    pub load: Load,
    /// The run's start: all times count from it. Set when all clients are connected.
    began: OnceLock<Instant>,
    /// Operations that may still begin.
    left: AtomicU64,
    /// Whether the run is to end: no operation begins any more.
    ended: AtomicBool,
    /// Entries in all logs; `None` where no log is kept.
    entries: Option<AtomicU64>,
    /// For whoever looks on: answers by kind, in order of `Answer::ALL`.
    pub answers: [AtomicU64; 4],
    /// Units granted.
    pub units: AtomicU64,
}

impl Shared {
    /// Of a run that is to begin.
    #[must_use]
    pub fn new(load: Load, operations: Option<u64>, keeps_log: bool) -> Self {
        Self {
            load,
            began: OnceLock::new(),
            left: AtomicU64::new(operations.unwrap_or(u64::MAX)),
            ended: AtomicBool::new(false),
            entries: keeps_log.then(AtomicU64::default),
            answers: Default::default(),
            units: AtomicU64::new(0),
        }
    }

    /// The run's start; the first call is it.
    pub fn began(&self) -> Instant {
        *self.began.get_or_init(Instant::now)
    }

    /// The time since the run's start.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.began().elapsed()
    }

    /// When the measured part ends, since the start; none where only the number of operations ends it.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        self.load.duration.map(|duration| self.load.warm_up + duration)
    }

    /// Whether a new operation may begin at this time.
    #[must_use]
    pub fn goes_on(&self, now: Duration) -> bool {
        !self.ended.load(Ordering::Relaxed) && self.until().is_none_or(|until| now < until)
    }

    /// Ends the run: what is in flight is still answered.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Takes up to so many of the operations that are left; 0 where there are none.
    pub fn take(&self, wanted: u64) -> u64 {
        let mut taken = 0;
        // Never fails: the closure always gives a value.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            taken = left.min(wanted);
            Some(left - taken)
        });
        taken
    }

    /// Gives operations back that were taken and did not begin.
    pub fn give_back(&self, operations: u64) {
        if operations > 0 {
            self.left.fetch_add(operations, Ordering::Relaxed);
        }
    }

    /// Whether logs are kept.
    #[must_use]
    pub const fn keeps_log(&self) -> bool {
        self.entries.is_some()
    }

    /// Counts entries of a log.
    ///
    /// # Errors
    /// [`DriveError::LogFull`] beyond the limit.
    pub fn logged(&self, entries: usize) -> Result<(), DriveError> {
        let Some(all) = &self.entries else { return Ok(()) };
        let entries = u64::try_from(entries).unwrap_or(u64::MAX);
        if all.fetch_add(entries, Ordering::Relaxed) + entries > LOG_ENTRIES_MAX {
            return Err(DriveError::LogFull { max: LOG_ENTRIES_MAX });
        }
        Ok(())
    }

    /// Which interval of the series a time lies in.
    #[must_use]
    pub fn interval(&self, at: Duration) -> u64 {
        nanos(at) / nanos(self.load.interval).max(1)
    }
}
