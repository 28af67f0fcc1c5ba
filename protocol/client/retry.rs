//! When a call is sent again: exponential back-off with full jitter, never sooner than `Retry-After`, never past
//! the attempts and the time that the policy allows.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use super::ClientError;

/// When a call is sent again, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts at most, the first one included. 8.
    pub attempts_max: u32,
    /// Time at most from the first attempt to the start of the last one. 30 s.
    pub total: Duration,
    /// The longest wait before the second attempt; it doubles with each further one. 50 ms.
    pub backoff_first: Duration,
    /// The longest wait of all. 5 s.
    pub backoff_max: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts_max: 8,
            total: Duration::from_secs(30),
            backoff_first: Duration::from_millis(50),
            backoff_max: Duration::from_secs(5),
        }
    }
}

impl RetryPolicy {
    /// One attempt: for whoever retries by themselves.
    #[must_use]
    pub fn never() -> Self {
        Self { attempts_max: 1, ..Self::default() }
    }

    /// The wait after so many failed attempts: `share` (of 2^32) of the longest one, and at least what the engine
    /// asks for. None when a further attempt would be one too many or too late.
    fn wait(
        &self,
        failed: u32,
        spent: Duration,
        share: u32,
        retry_after: Option<Duration>,
    ) -> Option<Duration> {
        if failed >= self.attempts_max {
            return None;
        }
        let jittered = full_jitter(self.backoff_first, self.backoff_max, failed, share);
        let wait = jittered.max(retry_after.unwrap_or_default());
        (spent.saturating_add(wait) <= self.total).then_some(wait)
    }
}

/// The attempts of one call.
pub(super) struct Attempts<'a> {
    policy: &'a RetryPolicy,
    begun: Instant,
    failed: u32,
}

impl<'a> Attempts<'a> {
    pub(super) fn new(policy: &'a RetryPolicy) -> Self {
        Self { policy, begun: Instant::now(), failed: 0 }
    }

    /// Waits until the next attempt is due, or hands the error back when there is none.
    pub(super) async fn after(&mut self, error: ClientError) -> Result<(), ClientError> {
        self.failed = self.failed.saturating_add(1);
        if !error.is_retryable() {
            return Err(error);
        }
        let spent = self.begun.elapsed();
        match self.policy.wait(self.failed, spent, random(), error.retry_after()) {
            Some(wait) => {
                tokio::time::sleep(wait).await;
                Ok(())
            }
            None => Err(error),
        }
    }
}

/// A wait after so many failures in a row: `share` (of 2^32) of the longest one, which begins at `first`, doubles
/// with each failure and ends at `max`.
pub(super) fn full_jitter(first: Duration, max: Duration, failed: u32, share: u32) -> Duration {
    let doublings = failed.saturating_sub(1).min(31);
    let longest = first.saturating_mul(1 << doublings).min(max);
    longest.mul_f64(f64::from(share) / f64::from(u32::MAX))
}

/// 32 random bits. Jitter needs no more than the standard library's hash seeds.
pub(super) fn random() -> u32 {
    let bits = RandomState::new().hash_one(0_u8);
    u32::try_from(bits >> 32).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: u32 = u32::MAX;
    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = RetryPolicy { attempts_max: 100, ..RetryPolicy::default() };
        let wait = |failed| policy.wait(failed, Duration::ZERO, FULL, None);
        assert_eq!(wait(1), Some(50 * MS));
        assert_eq!(wait(2), Some(100 * MS));
        assert_eq!(wait(4), Some(400 * MS));
        assert_eq!(wait(99), Some(5000 * MS));
        assert_eq!(policy.wait(3, Duration::ZERO, 0, None), Some(Duration::ZERO));
    }

    #[test]
    fn never_sooner_than_the_engine_asks() {
        let policy = RetryPolicy::default();
        let asked = Some(Duration::from_secs(2));
        assert_eq!(policy.wait(1, Duration::ZERO, FULL, asked), asked);
    }

    #[test]
    fn ends_with_the_attempts_and_with_the_time() {
        let policy = RetryPolicy { attempts_max: 3, ..RetryPolicy::default() };
        assert!(policy.wait(2, Duration::ZERO, FULL, None).is_some());
        assert_eq!(policy.wait(3, Duration::ZERO, FULL, None), None);
        assert_eq!(policy.wait(1, policy.total, FULL, None), None);
        assert_eq!(policy.wait(1, Duration::ZERO, FULL, Some(31_000 * MS)), None);
        assert_eq!(RetryPolicy::never().wait(1, Duration::ZERO, FULL, None), None);
    }
}
