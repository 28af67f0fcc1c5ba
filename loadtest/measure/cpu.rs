//! Who had the processors: this process, the thread that asks, and a target that is a process of its own.
//! Shares say whether the client or the target was the bottleneck.

use std::fs;
use std::time::Duration;

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::measure::numbers::{float, ratio};

/// Fields of `/proc/PID/stat` between the name's closing parenthesis and `utime` (proc_pid_stat(5)).
const FIELDS_BEFORE_UTIME: usize = 11;

/// Processor time of the calling thread since it began.
#[must_use]
pub fn of_this_thread() -> Duration {
    span(clock_gettime(ClockId::ThreadCPUTime))
}

/// Processor time of all threads of this process, those that ended included.
#[must_use]
pub fn of_this_process() -> Duration {
    span(clock_gettime(ClockId::ProcessCPUTime))
}

/// Processor time of another process, in steps of a tick (10 ms as a rule); none where it is gone or cannot be seen.
#[must_use]
pub fn of_process(pid: u32) -> Option<Duration> {
    let ticks = ticks(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    Some(Duration::from_secs_f64(ratio(float(ticks), float(clock_ticks_per_second().max(1)))))
}

/// Resident memory of a process in bytes; none where it is gone or cannot be seen.
#[must_use]
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let pages = resident_pages(&fs::read_to_string(format!("/proc/{pid}/statm")).ok()?)?;
    Some(pages * u64::try_from(page_size()).ok()?)
}

/// Processors that this process may use, 1 at least.
#[must_use]
pub fn cores() -> u32 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    u32::try_from(cores).unwrap_or(u32::MAX)
}

/// Shares of the machine since a moment.
#[derive(Clone, Copy, Debug)]
pub struct CpuWatch {
    began: Duration,
    own: Duration,
    target: Option<(u32, Duration)>,
}

/// Shares of the whole machine, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CpuShares {
    /// Of this process. An engine within it is a part of that.
    pub own: f64,
    /// Of the target, where it is a process that can be seen.
    pub target: Option<f64>,
}

impl CpuWatch {
    /// Begins now; the target's process, where there is one.
    #[must_use]
    pub fn start(target: Option<u32>) -> Self {
        let target = target.and_then(|pid| Some((pid, of_process(pid)?)));
        Self { began: monotonic(), own: of_this_process(), target }
    }

    /// Up to now.
    #[must_use]
    pub fn shares(&self) -> CpuShares {
        let machine = monotonic().saturating_sub(self.began).as_secs_f64() * f64::from(cores());
        let share = |before: Duration, now: Duration| {
            ratio(now.saturating_sub(before).as_secs_f64(), machine)
        };
        CpuShares {
            own: share(self.own, of_this_process()),
            target: self.target.and_then(|(pid, before)| Some(share(before, of_process(pid)?))),
        }
    }
}

/// How busy one thread was. Both calls are that thread's.
#[derive(Clone, Copy, Debug)]
pub struct ThreadWatch {
    began: Duration,
    busy: Duration,
}

impl ThreadWatch {
    /// Begins now, for the calling thread.
    #[must_use]
    pub fn start() -> Self {
        Self { began: monotonic(), busy: of_this_thread() }
    }

    /// The calling thread's processor time as a share of one core's since the start, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        let busy = of_this_thread().saturating_sub(self.busy);
        ratio(busy.as_secs_f64(), monotonic().saturating_sub(self.began).as_secs_f64())
    }
}

fn monotonic() -> Duration {
    span(clock_gettime(ClockId::Monotonic))
}

fn span(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// `utime` and `stime`, counted behind the process's name, which may hold spaces and parentheses.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(FIELDS_BEFORE_UTIME);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// The second field of `/proc/PID/statm`.
fn resident_pages(statm: &str) -> Option<u64> {
    statm.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_proc_are_found() {
        assert_eq!(ticks("7 (a) b) S 1 2 3 4 5 6 7 8 9 10 40 2 0 0 20"), Some(42));
        assert_eq!(ticks("7 (a) S 1 2"), None);
        assert_eq!(resident_pages("900 42 7 1 0 5 0\n"), Some(42));
        assert_eq!(resident_pages(""), None);
    }

    #[test]
    fn work_shows_as_processor_time() {
        let (watch, thread) = (CpuWatch::start(Some(std::process::id())), ThreadWatch::start());
        let before = of_this_thread();
        let mut sum = 0_u64;
        // Several ticks, so that the coarse figure of a process sees them too.
        while of_this_thread().saturating_sub(before) < Duration::from_millis(60) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let shares = watch.shares();
        assert!(shares.own > 0.0 && shares.own <= 1.01, "{shares:?}");
        assert!(shares.target.is_some_and(|share| share > 0.0), "{shares:?}");
        assert!(thread.share() > 0.0 && thread.share() <= 1.01, "{}", thread.share());
        assert!(resident_bytes(std::process::id()).is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn a_process_that_is_not_there_has_no_figures() {
        assert_eq!((of_process(u32::MAX), resident_bytes(u32::MAX)), (None, None));
        assert_eq!(CpuWatch::start(Some(u32::MAX)).shares().target, None);
    }
}
