//! A batch is decided as its operations one by one would be, and several batches may be in flight.

use std::sync::Arc;

use saldo_loadtest::peers::Peer;
use saldo_loadtest::session::{Connector, Session};
use saldo_loadtest::workload::names::Names;
use saldo_loadtest::workload::op::Op;
use saldo_loadtest::workload::outcome::Verdict;
use saldo_protocol::Code;

use crate::support::{Promise, SOLD_OUT, ask, books, brief, each_store, hold};

const UNKNOWN: (Verdict, i64) =
    (Verdict::Refused(Code::UnknownStock), saldo_loadtest::workload::outcome::NOT_TOLD);
/// More than one call of a script has room for.
const LARGE: u64 = 8_192;
/// Numbers that no batch has.
const APART: u64 = 1_000_000;

struct AsOne;

impl Promise for AsOne {
    fn opening(&self) -> Vec<u32> {
        vec![10, 4, 10, 4]
    }

    async fn holds(&self, server: &Peer, names: &Arc<Names>, connector: &impl Connector) {
        let mut session = connector.connect(0).await.unwrap();
        // Keys 0 and 1 in a batch, 2 and 3 one by one; 4 is unknown.
        let asked = [(0, 4), (1, 3), (0, 5), (1, 3), (0, 3), (1, 1), (0, 1), (1, 1), (0, 1)];
        let numbered = || (0_u64..).zip(asked);
        let mut batch: Vec<Op> =
            numbered().map(|(number, (key, units))| hold(number, key, units)).collect();
        batch.push(hold(90, 4, 1));
        let together = brief(&ask(&mut session, &batch).await);
        let mut apart = Vec::new();
        for (number, (key, units)) in numbered() {
            apart.extend(brief(&ask(&mut session, &[hold(100 + number, key + 2, units)]).await));
        }
        apart.extend(brief(&ask(&mut session, &[hold(91, 4, 1)]).await));
        // A batch tells what is left after all refusals and grants before it, as single calls do.
        assert_eq!(
            together.iter().map(|told| told.0).collect::<Vec<_>>(),
            apart.iter().map(|told| told.0).collect::<Vec<_>>()
        );
        assert_eq!(together, apart);
        assert_eq!(apart.last(), Some(&UNKNOWN));
        let books = books(server, names).await;
        assert_eq!(books[..2], books[2..4]);
        assert_eq!(books[0], (0, 3, 10));
        assert_eq!(books[1], (0, 2, 4));
    }
}

struct Pipelined;

impl Promise for Pipelined {
    fn opening(&self) -> Vec<u32> {
        vec![10_000, 100]
    }

    async fn holds(&self, server: &Peer, names: &Arc<Names>, connector: &impl Connector) {
        let mut session = connector.connect(0).await.unwrap();
        let large: Vec<Op> = (0..LARGE).map(|number| hold(number, 0, 1)).collect();
        session.send(1, &large).await.unwrap();
        session.send(2, &[hold(APART, 1, 60)]).await.unwrap();
        session.send(3, &[hold(APART + 1, 1, 60)]).await.unwrap();
        // The same again, then half of it with as much that is new.
        session.send(4, &large).await.unwrap();
        let mixed: Vec<Op> = (LARGE / 2..LARGE * 3 / 2).map(|number| hold(number, 0, 1)).collect();
        session.send(5, &mixed).await.unwrap();
        let mut outcomes = Vec::new();
        for batch in 1..=5 {
            assert_eq!(session.receive(&mut outcomes).await.unwrap(), batch);
        }
        let count =
            |verdict: Verdict, of: &[_]| brief(of).iter().filter(|told| told.0 == verdict).count();
        let size = large.len();
        assert_eq!(count(Verdict::Done, &outcomes[..size]), size);
        assert_eq!(brief(&outcomes[size..size + 2]), [(Verdict::Done, 40), (SOLD_OUT, 40)]);
        assert_eq!(count(Verdict::Replayed, &outcomes[size + 2..size * 2 + 2]), size);
        let left = 10_000 - size;
        let mixed = &outcomes[size * 2 + 2..];
        assert_eq!(count(Verdict::Replayed, mixed), size / 2);
        assert_eq!(count(Verdict::Done, mixed), left);
        assert_eq!(count(SOLD_OUT, mixed), size / 2 - left);
        assert_eq!(books(server, names).await[..2], [(0, 10_000, 10_000), (40, 1, 60)]);
    }
}

#[test]
fn a_batch_is_decided_one_by_one() {
    each_store(&AsOne);
}

#[test]
fn batches_are_answered_in_their_order() {
    each_store(&Pipelined);
}
