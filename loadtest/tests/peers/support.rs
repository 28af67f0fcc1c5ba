//! A server of our own for each test, on every store that is installed.

use std::sync::Arc;

use saldo_loadtest::peers::{self, Peer, Target};
use saldo_loadtest::session::postgres::PostgresConnector;
use saldo_loadtest::session::redis::RedisConnector;
use saldo_loadtest::session::{Connector, Session};
use saldo_loadtest::targets::guarantee::Guarantee;
use saldo_loadtest::workload::names::{Names, Ticket};
use saldo_loadtest::workload::op::{KeyIndex, Op, Verb};
use saldo_loadtest::workload::outcome::{Outcome, Verdict};
use tokio::runtime::Builder;
use tokio::task::LocalSet;

/// Seconds that a hold lasts.
pub const HOLD_SECONDS: u32 = 900;
pub const SOLD_OUT: Verdict = Verdict::Refused(saldo_protocol::Code::InsufficientStock);

/// The names of a test: `keys` keys of which all but the last are opened.
pub fn names(keys: u32) -> Arc<Names> {
    Arc::new(Names::new(7, keys, 1))
}

/// A hold of the operation with this number.
pub fn hold(number: u64, key: KeyIndex, quantity: u32) -> Op {
    Op::reserve(Ticket::new(0, number), key, quantity, HOLD_SECONDS)
}

/// The whole of what a hold has, committed or released.
pub fn settle(verb: Verb, hold: &Op) -> Op {
    Op { verb, is_whole: true, ..hold.clone() }
}

/// One batch, sent and answered.
pub async fn ask(session: &mut impl Session, ops: &[Op]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    session.send(1, ops).await.unwrap();
    assert_eq!(session.receive(&mut outcomes).await.unwrap(), 1);
    outcomes
}

/// Verdicts and what was left.
pub fn brief(outcomes: &[Outcome]) -> Vec<(Verdict, i64)> {
    outcomes.iter().map(|outcome| (outcome.verdict, outcome.available)).collect()
}

/// Books as (left, reservations, units), in order of the keys.
pub async fn books(server: &Peer, names: &Names) -> Vec<(i64, u64, u64)> {
    let books = server.books(names).await.unwrap();
    books.iter().map(|totals| (totals.left, totals.reservations, totals.units)).collect()
}

/// What a test does with a server and the sessions of it.
pub trait Promise {
    /// What the keys open with.
    fn opening(&self) -> Vec<u32>;

    /// Asks and looks.
    async fn holds(&self, server: &Peer, names: &Arc<Names>, connector: &impl Connector);
}

/// Asks every store that is installed with either guarantee; those that are not are named.
pub fn each_store(promise: &impl Promise) {
    for target in [Target::Redis, Target::Postgres] {
        if !target.is_installed() {
            println!("SKIPPED: {} is not installed ({})", target.name(), package(target));
            continue;
        }
        for guarantee in [Guarantee::PowerLoss, Guarantee::Relaxed] {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            LocalSet::new().block_on(&runtime, one_store(promise, target, guarantee));
        }
    }
}

/// What to install.
const fn package(target: Target) -> &'static str {
    match target {
        Target::Redis => "redis-server",
        Target::Postgres => "postgresql",
    }
}

async fn one_store(promise: &impl Promise, target: Target, guarantee: Guarantee) {
    let opening = promise.opening();
    // One key more than is opened: nobody knows it.
    let names = names(u32::try_from(opening.len()).unwrap() + 1);
    let server = peers::start(target, guarantee).await.unwrap_or_else(|e| panic!("{e}"));
    server.open(&names, &opening).await.unwrap();
    match &server {
        Peer::Redis(redis) => {
            let connector = RedisConnector::new(redis.address(), Arc::clone(&names));
            promise.holds(&server, &names, &connector).await;
        }
        Peer::Postgres(postgres) => {
            let connector =
                PostgresConnector::new(postgres.address(), guarantee, Arc::clone(&names));
            promise.holds(&server, &names, &connector).await;
        }
    }
    server.stop().await.unwrap();
}
