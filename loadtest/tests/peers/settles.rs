//! A hold is committed or released as a whole, once; what a store has no word for is said before it is sent.

use std::sync::Arc;

use saldo_loadtest::peers::Peer;
use saldo_loadtest::session::{Connector, Session, SessionError};
use saldo_loadtest::workload::names::Names;
use saldo_loadtest::workload::op::Verb;
use saldo_loadtest::workload::outcome::Verdict;
use saldo_protocol::Code;

use crate::support::{Promise, ask, books, brief, each_store, hold, settle};

const CLOSED: Verdict = Verdict::Refused(Code::ReservationClosed);

struct Settled;

impl Promise for Settled {
    fn opening(&self) -> Vec<u32> {
        vec![10]
    }

    async fn holds(&self, server: &Peer, names: &Arc<Names>, connector: &impl Connector) {
        let mut session = connector.connect(0).await.unwrap();
        let (kept, freed) = (hold(1, 0, 3), hold(2, 0, 4));
        let ops = [
            kept.clone(),
            freed.clone(),
            settle(Verb::Commit, &kept),
            settle(Verb::Commit, &kept),
            settle(Verb::Release, &freed),
            settle(Verb::Release, &freed),
            settle(Verb::Release, &kept),
            settle(Verb::Commit, &freed),
        ];
        assert_eq!(
            brief(&ask(&mut session, &ops).await),
            [
                (Verdict::Done, 7),
                (Verdict::Done, 3),
                (Verdict::Done, 3),
                (Verdict::Replayed, 3),
                (Verdict::Done, 7),
                (Verdict::Replayed, 7),
                (CLOSED, 7),
                (CLOSED, 7)
            ]
        );
        let unknown = ask(&mut session, &[settle(Verb::Commit, &hold(3, 0, 1))]).await;
        assert_eq!(unknown[0].verdict, Verdict::Refused(Code::UnknownReservation));
        assert_eq!(books(server, names).await[0], (7, 1, 3));
        let unfit = session.send(9, &[settle(Verb::Fulfil, &kept)]).await;
        assert!(matches!(unfit, Err(SessionError::Unfit(_))), "{unfit:?}");
    }
}

#[test]
fn a_hold_is_settled_once() {
    each_store(&Settled);
}
