//! A workload as one client acts it out: what it asks for next, and what it makes of the answers.

use std::sync::Arc;
use std::time::Duration;

use crate::workload::names::Names;
use crate::workload::op::Op;
use crate::workload::outcome::Outcome;

/// What a client does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Ask for this.
    Op(Op),
    /// Nothing before an answer to something that is in flight.
    Answer,
    /// Nothing before this time since the run's start.
    Until(Duration),
    /// Nothing ever again.
    Done,
}

/// One client's part. It is asked and told by one task alone.
pub trait Script: Send {
    /// What to ask for next, at this time since the run's start. [`Next::Answer`] only while something is in flight.
    fn next(&mut self, now: Duration) -> Next;

    /// What became of an operation. Follow-ups (a commit, a release) come out of a later [`Script::next`].
    fn answered(&mut self, op: &Op, outcome: &Outcome, now: Duration);
}

/// What must be true of a run's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Whether demand is larger than stock for as long as units are free, so that exactly all of it must be granted.
    pub sells_out: bool,
}

/// A workload made ready: keys with their opening stock, and a script for each client.
pub trait Workload: Send + Sync {
    /// Keys, reservations, idempotency keys.
    fn names(&self) -> &Arc<Names>;

    /// Units that each key opens with, in order of the keys.
    fn opening(&self) -> &[u32];

    /// The part of a client. The same client of the same seed asks the same.
    fn script(&self, client: u32) -> Box<dyn Script>;

    /// What must be true at the end.
    fn expected(&self) -> Expected;

    /// After which many operations of all clients together the run ends; none where only time ends it.
    fn operations(&self) -> Option<u64>;
}
