//! The house rules that a decision depends on besides the ledger's own state.

use crate::time::Timestamp;

/// Limits and grace, the same for every key of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Longest life of a hold from its reservation's first reserve, in seconds.
    pub hold_lifetime_seconds_max: u64,
    /// Most lines of one reservation.
    pub lines_max: usize,
    /// When the engine last started or noticed an outage: holds granted before have a grace.
    pub resumed_at: Timestamp,
    /// Length of that grace in seconds.
    pub restart_grace_seconds: u64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            hold_lifetime_seconds_max: 2_592_000,
            lines_max: 1_000,
            resumed_at: Timestamp::default(),
            restart_grace_seconds: 60,
        }
    }
}
