//! A workload of one key, and a target in memory that answers as the test says.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use saldo_loadtest::drive::load::{Arrivals, Load};
use saldo_loadtest::drive::run::{Driven, drive};
use saldo_loadtest::drive::shared::Shared;
use saldo_loadtest::session::{Connector, Session, SessionError};
use saldo_loadtest::workload::names::{Names, Ticket};
use saldo_loadtest::workload::op::Op;
use saldo_loadtest::workload::outcome::{Outcome, Verdict};
use saldo_loadtest::workload::script::{Expected, Next, Script, Workload};
use saldo_protocol::Code;

/// Reserves of one unit of one key.
pub struct Reserves {
    names: Arc<Names>,
    operations: Option<u64>,
}

struct ReserveScript {
    client: u32,
    number: u64,
}

impl Script for ReserveScript {
    fn next(&mut self, _now: Duration) -> Next {
        self.number += 1;
        Next::Op(Op::reserve(Ticket::new(self.client, self.number - 1), 0, 1, 0))
    }

    fn answered(&mut self, _op: &Op, _outcome: &Outcome, _now: Duration) {}
}

impl Workload for Reserves {
    fn names(&self) -> &Arc<Names> {
        &self.names
    }

    fn opening(&self) -> &[u32] {
        &[0]
    }

    fn script(&self, client: u32) -> Box<dyn Script> {
        Box::new(ReserveScript { client, number: 0 })
    }

    fn expected(&self) -> Expected {
        Expected::default()
    }

    fn operations(&self) -> Option<u64> {
        self.operations
    }
}

/// A stock in memory. Every `fails_every`-th batch ends its connection instead of being answered, after it was carried
/// out; `stalls` makes one batch wait.
#[derive(Debug, Default)]
pub struct Memory {
    pub stock: u64,
    pub fails_every: u64,
    pub stalls: Option<Duration>,
    /// After a connection failed the next batch is answered `not_ready`, undecided, as an engine does that recovers.
    pub recovers: bool,
    pub is_back: std::sync::atomic::AtomicBool,
    pub granted: AtomicU64,
    pub asked: AtomicU64,
    pub batches: AtomicU64,
    pub connections: AtomicU64,
    pub seen: parking_lot::Mutex<std::collections::HashMap<u64, Outcome>>,
}

#[derive(Debug)]
pub struct MemoryConnector(pub Arc<Memory>);

#[derive(Debug)]
pub struct MemorySession {
    memory: Arc<Memory>,
    waiting: VecDeque<(u64, Vec<Outcome>)>,
}

impl Connector for MemoryConnector {
    type Session = MemorySession;

    async fn connect(&self, _client: u32) -> Result<MemorySession, SessionError> {
        self.0.connections.fetch_add(1, Ordering::Relaxed);
        Ok(MemorySession { memory: Arc::clone(&self.0), waiting: VecDeque::new() })
    }
}

impl Session for MemorySession {
    async fn send(&mut self, batch: u64, ops: &[Op]) -> Result<(), SessionError> {
        let is_back = self.memory.recovers && self.memory.is_back.swap(false, Ordering::Relaxed);
        let not_ready = Outcome::refused(Code::NotReady);
        let decide = |op| if is_back { not_ready } else { self.memory.decide(op) };
        let outcomes = ops.iter().map(decide).collect();
        self.waiting.push_back((batch, outcomes));
        Ok(())
    }

    async fn receive(&mut self, outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError> {
        // A target of its own thread would let the others go on here.
        tokio::task::yield_now().await;
        let number = self.memory.batches.fetch_add(1, Ordering::Relaxed) + 1;
        if let (Some(stall), 5) = (self.memory.stalls, number) {
            tokio::time::sleep(stall).await;
        }
        if self.memory.fails_every > 0 && number.is_multiple_of(self.memory.fails_every) {
            self.memory.is_back.store(true, Ordering::Relaxed);
            return Err(SessionError::Connection("planted".to_owned()));
        }
        let (batch, told) = self.waiting.pop_front().expect("something in flight");
        outcomes.extend(told);
        Ok(batch)
    }
}

impl Memory {
    fn decide(&self, op: &Op) -> Outcome {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut seen = self.seen.lock();
        if let Some(known) = seen.get(&op.name.as_u64()) {
            return if known.verdict.is_done() {
                Outcome::plain(Verdict::Replayed)
            } else {
                *known
            };
        }
        let granted = self.granted.load(Ordering::Relaxed);
        let outcome = if granted < self.stock {
            self.granted.store(granted + 1, Ordering::Relaxed);
            Outcome {
                verdict: Verdict::Done,
                version: granted + 2,
                available: (self.stock - granted - 1).cast_signed(),
            }
        } else {
            Outcome { available: 0, ..Outcome::refused(Code::InsufficientStock) }
        };
        seen.insert(op.name.as_u64(), outcome);
        outcome
    }
}

/// A closed load of one thread.
pub fn load(clients: u32, in_flight: u32, frame: u32) -> Load {
    Load {
        clients,
        in_flight,
        frame,
        threads: 2,
        arrivals: Arrivals::Closed,
        warm_up: Duration::ZERO,
        duration: None,
        interval: Duration::from_millis(100),
        patience: Duration::from_secs(10),
        knee_p99: Duration::from_millis(10),
    }
}

pub fn run(memory: &Arc<Memory>, load: Load, operations: Option<u64>) -> Driven {
    let workload: Arc<dyn Workload> =
        Arc::new(Reserves { names: Arc::new(Names::new(1, 1, 1)), operations });
    let shared = Arc::new(Shared::new(load, operations, true));
    let connector = Arc::new(MemoryConnector(Arc::clone(memory)));
    drive(&connector, &shared, &workload, 1, |_, _| {}).expect("a run")
}
