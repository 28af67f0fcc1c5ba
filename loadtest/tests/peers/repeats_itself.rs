//! The same id with the same body holds once, however it is sent; with another body it is refused.

use std::sync::Arc;

use saldo_loadtest::peers::Peer;
use saldo_loadtest::session::Connector;
use saldo_loadtest::workload::names::Names;
use saldo_loadtest::workload::outcome::Verdict;
use saldo_protocol::Code;

use crate::support::{Promise, SOLD_OUT, ask, books, brief, each_store, hold};

const REUSED: Verdict = Verdict::Refused(Code::IdempotencyKeyReused);

struct Once;

impl Promise for Once {
    fn opening(&self) -> Vec<u32> {
        vec![5, 5]
    }

    async fn holds(&self, server: &Peer, names: &Arc<Names>, connector: &impl Connector) {
        let mut session = connector.connect(0).await.unwrap();
        let first = hold(1, 0, 3);
        assert_eq!(
            brief(&ask(&mut session, std::slice::from_ref(&first)).await),
            [(Verdict::Done, 2)]
        );
        assert_eq!(
            brief(&ask(&mut session, std::slice::from_ref(&first)).await),
            [(Verdict::Replayed, 2)]
        );
        assert_eq!(brief(&ask(&mut session, &[hold(1, 0, 2)]).await), [(REUSED, 2)]);
        // A repeat comes before a refusal, and what was refused leaves no trace.
        assert_eq!(brief(&ask(&mut session, &[hold(2, 0, 3)]).await), [(SOLD_OUT, 2)]);
        let batch = [hold(2, 0, 3), first.clone(), hold(3, 0, 2), hold(3, 0, 2), hold(1, 1, 3)];
        assert_eq!(
            brief(&ask(&mut session, &batch).await),
            [
                (SOLD_OUT, 2),
                (Verdict::Replayed, 2),
                (Verdict::Done, 0),
                (Verdict::Replayed, 0),
                (REUSED, 5)
            ]
        );
        assert_eq!(brief(&ask(&mut session, &[first]).await), [(Verdict::Replayed, 0)]);
        assert_eq!(books(server, names).await[..2], [(0, 2, 5), (5, 0, 0)]);
    }
}

#[test]
fn a_repeat_holds_nothing_more() {
    each_store(&Once);
}
