//! The feed kept up: streams that connect again by themselves, resume where they were, and say how they stand.
//!
//! What is guaranteed stands at [`LevelStream`] and [`EventStream`].

mod events;
mod levels;
mod line;
mod versions;

use std::time::Duration;

pub use events::{EventStream, EventUpdate};
pub use levels::{LevelStream, LevelUpdate};

use super::retry::full_jitter;

/// How a followed feed is kept up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReconnectPolicy {
    /// The longest wait before the first attempt to connect again; it doubles with each further one that fails.
    /// The wait itself is drawn anew between nothing and the longest one, so that an engine that comes back is not
    /// met by all at once. 250 ms.
    pub backoff_first: Duration,
    /// The longest wait of all. A connection that stood this long starts the waits afresh. 15 s.
    pub backoff_max: Duration,
    /// How long the engine may be silent before it is asked whether it is there; it has the attempt timeout to
    /// answer. 15 s.
    pub silence_max: Duration,
}

impl Default for ReconnectPolicy {
    fn default() -> Self {
        Self {
            backoff_first: Duration::from_millis(250),
            backoff_max: Duration::from_secs(15),
            silence_max: Duration::from_secs(15),
        }
    }
}

impl ReconnectPolicy {
    /// The wait after so many attempts that failed: `share` (of 2^32) of the longest one.
    fn wait(&self, failed: u32, share: u32) -> Duration {
        full_jitter(self.backoff_first, self.backoff_max, failed, share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_drawn_from_nothing_to_a_bound_that_doubles() {
        let policy = ReconnectPolicy::default();
        let longest = [(1, 250), (2, 500), (4, 2_000), (7, 15_000), (u32::MAX, 15_000)];
        for (failed, longest_ms) in longest {
            let longest = Duration::from_millis(longest_ms);
            assert_eq!(policy.wait(failed, u32::MAX), longest);
            assert_eq!(policy.wait(failed, 0), Duration::ZERO);
            let half = policy.wait(failed, 1 << 31);
            assert!(half.abs_diff(longest / 2) < Duration::from_millis(1), "{half:?}");
        }
    }
}
