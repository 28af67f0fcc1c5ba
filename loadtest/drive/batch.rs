//! Operations on their way together, and why a client has no more of them to send.

use std::time::Duration;

use crate::workload::op::Op;

/// Why no more operations were gathered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stall {
    /// The batch is full.
    Full,
    /// The script waits for an answer.
    Answer,
    /// Nothing is due before this time.
    Until(Duration),
    /// Nothing will come.
    Done,
}

/// A batch on its way.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub number: u64,
    pub ops: Vec<Op>,
    /// In the open loop when each was to begin.
    pub due: Vec<Duration>,
    pub sent: Duration,
    /// Whether it was sent more than once, so that an earlier time may have carried it out.
    pub is_again: bool,
}
