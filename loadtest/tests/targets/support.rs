//! An engine within the process, stocked, and operations on it.

use std::sync::Arc;

use saldo::config::Settings;
use saldo_loadtest::session::Session;
use saldo_loadtest::targets::inproc::InProcess;
use saldo_loadtest::targets::saldo::Saldo;
use saldo_loadtest::workload::names::{Names, Ticket};
use saldo_loadtest::workload::op::{KeyIndex, Op, Verb};
use saldo_loadtest::workload::outcome::Outcome;

/// Units that each key of [`Stocked`] opens with.
pub const OPENING: u32 = 100;

pub struct Stocked {
    pub process: InProcess,
    pub saldo: Saldo,
    pub names: Arc<Names>,
}

impl Stocked {
    pub async fn start(skus: u32, locations: u32) -> Self {
        let process = InProcess::start(Settings::default()).await.unwrap();
        let saldo = Saldo::new(process.url(), None, None).unwrap();
        let names = Arc::new(Names::new(77, skus, locations));
        let opening = vec![OPENING; names.stocks().len()];
        let units = saldo.open_stock(&names, &opening).await.unwrap();
        assert_eq!(units, u64::from(skus * locations * OPENING));
        Self { process, saldo, names }
    }

    pub async fn stop(self) {
        self.process.stop().await.unwrap();
    }
}

/// An operation of client 0.
pub fn op(verb: Verb, number: u64, reservation: u64, key: KeyIndex, quantity: u32) -> Op {
    let name = Ticket::new(0, number);
    let reservation = Ticket::new(0, reservation);
    Op { verb, reservation, ..Op::reserve(name, key, quantity, 0) }
}

/// Sends one batch and waits for its outcomes.
pub async fn ask(session: &mut impl Session, batch: u64, ops: &[Op]) -> Vec<Outcome> {
    session.send(batch, ops).await.unwrap();
    let mut outcomes = Vec::new();
    assert_eq!(session.receive(&mut outcomes).await.unwrap(), batch);
    outcomes
}
