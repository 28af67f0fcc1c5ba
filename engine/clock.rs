//! Time: the only file that reads a clock. Everyone else is handed the time as an argument.

#[cfg(test)]
mod tests;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use saldo_ledger::Timestamp;

/// A wall clock that runs ahead of monotonic time by more than this, in microseconds, tells of an outage:
/// the machine slept, or its clock was wrong before.
pub const OUTAGE_US_MIN: u64 = 60 * 1_000_000;

/// Tells logged time: the time that decisions are made with and that the journal keeps.
///
/// Each reading is `max(last + 1 µs, last + monotonic time since then, wall clock)`: it never runs backwards,
/// never stands still, and no two readings of one clock are the same.
pub trait Clock: Send + Sync + 'static {
    /// The time now; read it once for each message.
    fn now(&self) -> Timestamp;

    /// What the machine's wall clock says, right or wrong; for people to read.
    fn wall(&self) -> Timestamp;

    /// When the engine last took up work: at its start, or after an outage that [`Clock::now`] noticed since.
    /// Whoever was told a time by `now` finds here every outage up to that time.
    fn resumed_at(&self) -> Timestamp;

    /// The time at which work was taken up after an outage, told once for each; nothing when there was none.
    fn take_outage(&self) -> Option<Timestamp>;
}

/// Where a clock gets its raw readings from.
pub trait TimeSource: Send + Sync + 'static {
    /// Microseconds since some moment; never runs backwards, but may stand still while the machine sleeps.
    fn monotonic_us(&self) -> u64;
    /// Microseconds since 1970-01-01T00:00:00Z; may be set to anything at any time.
    fn wall_us(&self) -> u64;
}

/// Logged time from any source, shared by all threads without a lock.
#[derive(Debug)]
pub struct LoggedClock<S> {
    source: S,
    /// The last reading given out. A reading counts once it has replaced the one that it was computed from, so all
    /// readings are different and in order.
    last_us: AtomicU64,
    /// The most that a reading was ahead of monotonic time: `last + monotonic time since then` is this plus
    /// monotonic time. Raised after `last_us`: a thread in between sees the old figure and gives out at least
    /// `last + 1 µs`, which is behind by no more than the two steps are apart, and catches up with its next reading.
    lead_us: AtomicU64,
    /// Raised before `last_us`, so that nobody has a time past an outage without finding the outage here. Two threads
    /// that notice the same one may leave it at the later of their readings, a few microseconds on.
    resumed_us: AtomicU64,
    outage_untold: AtomicBool,
}

/// The machine's clocks.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemSource;

impl TimeSource for SystemSource {
    fn monotonic_us(&self) -> u64 {
        monotonic_us()
    }

    fn wall_us(&self) -> u64 {
        // Before 1970 is as good as unset: logged time goes on from the last one.
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros)
    }
}

/// Logged time of this machine.
pub type SystemClock = LoggedClock<SystemSource>;

impl SystemClock {
    /// A clock that goes on behind the last time in the journal; the default time for an empty journal.
    #[must_use]
    pub fn starting_at(last_logged: Timestamp) -> Self {
        Self::new(SystemSource, last_logged)
    }
}

impl<S: TimeSource> LoggedClock<S> {
    /// A clock that goes on behind `last_logged`. It reads its source once: that is when work is taken up,
    /// [`Clock::resumed_at`], and however long the stop before it was, it is no outage.
    #[must_use]
    pub fn new(source: S, last_logged: Timestamp) -> Self {
        let start_us = source.wall_us().max(last_logged.as_micros().saturating_add(1));
        let lead_us = start_us.saturating_sub(source.monotonic_us());
        Self {
            source,
            last_us: AtomicU64::new(start_us),
            lead_us: AtomicU64::new(lead_us),
            resumed_us: AtomicU64::new(start_us),
            outage_untold: AtomicBool::new(false),
        }
    }

    /// The source, to move it by hand.
    #[must_use]
    pub const fn source(&self) -> &S {
        &self.source
    }
}

impl<S: TimeSource> Clock for LoggedClock<S> {
    fn now(&self) -> Timestamp {
        // `last_us` is read before the source: were it read after, another thread's later reading could be taken for
        // a lead over monotonic time, and such leads add up.
        let mut last_us = self.last_us.load(Ordering::Acquire);
        loop {
            let monotonic_us = self.source.monotonic_us();
            let wall_us = self.source.wall_us();
            let elapsed_us = monotonic_us.saturating_add(self.lead_us.load(Ordering::Acquire));
            let expected_us = elapsed_us.max(last_us.saturating_add(1));
            let now_us = expected_us.max(wall_us);
            let is_outage = now_us - expected_us > OUTAGE_US_MIN;
            if is_outage {
                self.resumed_us.fetch_max(now_us, Ordering::AcqRel);
            }
            match self.last_us.compare_exchange_weak(
                last_us,
                now_us,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    self.lead_us.fetch_max(now_us.saturating_sub(monotonic_us), Ordering::AcqRel);
                    if is_outage {
                        self.outage_untold.store(true, Ordering::Release);
                    }
                    return Timestamp::from_micros(now_us);
                }
                Err(newer_us) => last_us = newer_us,
            }
        }
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_micros(self.source.wall_us())
    }

    fn resumed_at(&self) -> Timestamp {
        Timestamp::from_micros(self.resumed_us.load(Ordering::Acquire))
    }

    fn take_outage(&self) -> Option<Timestamp> {
        self.outage_untold.swap(false, Ordering::AcqRel).then(|| self.resumed_at())
    }
}

/// Raw readings that a test sets.
#[derive(Debug)]
pub struct ManualSource {
    monotonic_us: AtomicU64,
    wall_us: AtomicU64,
}

impl TimeSource for ManualSource {
    fn monotonic_us(&self) -> u64 {
        self.monotonic_us.load(Ordering::Acquire)
    }

    fn wall_us(&self) -> u64 {
        self.wall_us.load(Ordering::Acquire)
    }
}

/// Logged time that is moved by hand; between moves each reading is 1 µs after the one before.
pub type ManualClock = LoggedClock<ManualSource>;

impl ManualClock {
    /// A clock whose wall shows `start`; the first reading is 1 µs later.
    #[must_use]
    pub fn at(start: Timestamp) -> Self {
        let wall_us = AtomicU64::new(start.as_micros());
        Self::new(ManualSource { monotonic_us: AtomicU64::new(0), wall_us }, Timestamp::default())
    }

    /// A clock of a start behind `last_logged`, whatever its wall shows.
    #[must_use]
    pub fn behind(last_logged: Timestamp, wall: Timestamp) -> Self {
        let wall_us = AtomicU64::new(wall.as_micros());
        Self::new(ManualSource { monotonic_us: AtomicU64::new(0), wall_us }, last_logged)
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        self.source.monotonic_us.fetch_add(micros(by), Ordering::AcqRel);
        self.source.wall_us.fetch_add(micros(by), Ordering::AcqRel);
    }

    /// Sets the wall clock alone, forwards or backwards, as a sleeping machine or a time server does.
    pub fn set_wall(&self, to: Timestamp) {
        self.source.wall_us.store(to.as_micros(), Ordering::Release);
    }
}

/// Microseconds since this was first called; never runs backwards. For statistics, never for a decision.
#[must_use]
pub fn monotonic_us() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    micros(START.get_or_init(Instant::now).elapsed())
}

/// The moment so long from now, for waits.
#[must_use]
pub fn monotonic_in(time: Duration) -> Instant {
    Instant::now() + time
}

/// As microseconds; the end of time past 584,000 years.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
