//! A workload made ready, whatever it is: its keys, and how a client's script is made.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::workload::names::{Names, Ticket};
use crate::workload::op::Op;
use crate::workload::script::{Expected, Script, Workload};

/// Follow-ups that wait with one client; a reservation beyond them is left as it is.
pub const FOLLOW_UPS_MAX: usize = 65_536;

/// A workload made ready; `make` makes the script of a client.
pub struct Prepared<F> {
    /// Keys, reservations, idempotency keys.
    pub names: Arc<Names>,
    /// Units that each key opens with.
    pub opening: Vec<u32>,
    /// After how many operations the run ends.
    pub operations: Option<u64>,
    /// What must be true at the end.
    pub expected: Expected,
    /// Makes the script of a client.
    pub make: F,
}

impl<F, S> Workload for Prepared<F>
where
    F: Fn(u32) -> S + Send + Sync,
    S: Script + 'static,
{
    fn names(&self) -> &Arc<Names> {
        &self.names
    }

    fn opening(&self) -> &[u32] {
        &self.opening
    }

    fn script(&self, client: u32) -> Box<dyn Script> {
        Box::new((self.make)(client))
    }

    fn expected(&self) -> Expected {
        self.expected
    }

    fn operations(&self) -> Option<u64> {
        self.operations
    }
}

/// Gives a client's operations their names, one after the other.
#[derive(Debug)]
pub struct Tickets {
    client: u32,
    number: u64,
}

impl Tickets {
    /// Of a client, from 0 on.
    #[must_use]
    pub const fn new(client: u32) -> Self {
        Self { client, number: 0 }
    }

    /// The next name.
    pub const fn take(&mut self) -> Ticket {
        let ticket = Ticket::new(self.client, self.number);
        self.number += 1;
        ticket
    }
}

/// What is to become of reservations that were granted, oldest first. Names are given when they are asked for.
#[derive(Debug, Default)]
pub struct FollowUps(VecDeque<Op>);

impl FollowUps {
    /// Puts one behind the others, where there is room.
    pub fn push(&mut self, op: Op) {
        if self.0.len() < FOLLOW_UPS_MAX {
            self.0.push_back(op);
        }
    }

    /// Takes the oldest, under its own name.
    pub fn pop(&mut self, tickets: &mut Tickets) -> Option<Op> {
        let op = self.0.pop_front()?;
        Some(Op { name: tickets.take(), ..op })
    }
}
