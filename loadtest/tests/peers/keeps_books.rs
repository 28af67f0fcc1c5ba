//! Many clients at once never take more than there is, and take all of it; books and answers agree.

use std::sync::Arc;

use saldo_loadtest::peers::Peer;
use saldo_loadtest::session::Connector;
use saldo_loadtest::workload::names::{Names, Ticket};
use saldo_loadtest::workload::op::Op;

use crate::support::{HOLD_SECONDS, Promise, ask, books, each_store};

const CLIENTS: u32 = 16;
const BATCHES: u64 = 40;

struct Contended {
    /// Operations of a batch.
    frame: u64,
}

impl Promise for Contended {
    fn opening(&self) -> Vec<u32> {
        vec![100, 50, 20]
    }

    async fn holds(&self, server: &Peer, names: &Arc<Names>, connector: &impl Connector) {
        let client = async |client: u32| {
            let mut session = connector.connect(client).await.unwrap();
            let mut granted = 0_u64;
            for batch in 0..BATCHES {
                let ops: Vec<Op> = (0..self.frame)
                    .map(|place| {
                        let number = batch * self.frame + place;
                        let key = u32::try_from((number + u64::from(client)) % 3).unwrap();
                        Op::reserve(Ticket::new(client, number), key, 1, HOLD_SECONDS)
                    })
                    .collect();
                let outcomes = ask(&mut session, &ops).await;
                assert!(outcomes.iter().all(|outcome| outcome.available >= 0));
                granted += outcomes
                    .iter()
                    .map(|outcome| u64::from(outcome.verdict.is_done()))
                    .sum::<u64>();
            }
            granted
        };
        let all = futures_util::future::join_all((0..CLIENTS).map(client)).await;
        assert_eq!(all.iter().sum::<u64>(), 170);
        assert_eq!(books(server, names).await[..3], [(0, 100, 100), (0, 50, 50), (0, 20, 20)]);
    }
}

#[test]
fn single_holds_sell_out_exactly() {
    each_store(&Contended { frame: 1 });
}

#[test]
fn batches_sell_out_exactly() {
    each_store(&Contended { frame: 40 });
}
