//! A timer that keeps its time to some tens of microseconds: tokio's own rounds up to a millisecond, which is more than
//! most answers take. Linux's `timerfd_create(2)`, waited for like a socket.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// One alarm.
#[derive(Debug)]
pub struct Timer {
    alarm: AsyncFd<OwnedFd>,
}

impl Timer {
    /// An alarm that is not set. Within a tokio runtime.
    ///
    /// # Errors
    /// What the system says, such as that no more files may be open.
    #[expect(
        deprecated,
        reason = "unsound for types that may close their descriptor; an OwnedFd owns it, and its successor is unsafe"
    )]
    pub fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let alarm = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        Ok(Self { alarm: AsyncFd::with_interest(alarm, Interest::READABLE)? })
    }

    /// Waits until then; not at all where it is past. Dropping the future only stops the waiting.
    ///
    /// # Errors
    /// What the system says.
    pub async fn until(&self, moment: Instant) -> io::Result<()> {
        loop {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            let value =
                Itimerspec { it_interval: timespec(Duration::ZERO), it_value: timespec(left) };
            timerfd_settime(self.alarm.get_ref(), TimerfdTimerFlags::empty(), &value)?;
            let mut ready = self.alarm.readable().await?;
            // Ready may be of an alarm that was set before; the clock is asked again, whatever is read.
            let read = rustix::io::read(self.alarm.get_ref(), &mut [0_u8; 8]);
            if read == Err(Errno::AGAIN) || read.is_ok() {
                ready.clear_ready();
            }
        }
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(time.subsec_nanos()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "current_thread")]
    async fn never_rings_early_also_when_set_anew() {
        let timer = Timer::new().unwrap();
        let far = Instant::now() + Duration::from_secs(3_600);
        tokio::select! {
            biased;
            rung = timer.until(far) => panic!("an hour early: {rung:?}"),
            () = tokio::task::yield_now() => {}
        }
        for micros in [0, 50, 300, 2_000] {
            let moment = Instant::now() + Duration::from_micros(micros);
            timer.until(moment).await.unwrap();
            assert!(Instant::now() >= moment);
        }
    }
}
