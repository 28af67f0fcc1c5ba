//! An engine as a library does what one behind a network does.

use std::sync::Arc;
use std::time::{Duration, Instant};

use saldo_loadtest::measure::engine_metrics::EngineWatch;
use saldo_loadtest::session::inproc::InprocConnector;
use saldo_loadtest::session::{Connector, Session};
use saldo_loadtest::workload::op::{Line, Op, Verb};
use saldo_loadtest::workload::outcome::{NOT_TOLD, Outcome, Verdict};
use saldo_protocol::Code;

use crate::support::{OPENING, Stocked, ask, op};

const fn done(version: u64, available: i64) -> Outcome {
    Outcome { verdict: Verdict::Done, version, available }
}

#[tokio::test]
async fn commands_of_a_key_are_decided_in_their_order() {
    let stocked = Stocked::start(2, 1).await;
    let connector =
        InprocConnector::new(stocked.process.handle(), Arc::clone(&stocked.names)).unwrap();
    let mut session = connector.connect(0).await.unwrap();
    let whole = |verb, number| Op { is_whole: true, ..op(verb, number, 0, 0, 60) };
    let frame = [
        op(Verb::Reserve, 0, 0, 0, 60),
        op(Verb::Reserve, 1, 1, 0, 60),
        whole(Verb::Commit, 2),
        whole(Verb::Fulfil, 3),
        op(Verb::Sell, 4, 4, 1, 1),
    ];
    let refused = |code, available| Outcome { available, ..Outcome::refused(code) };
    let expected =
        [done(2, 40), refused(Code::InsufficientStock, 40), done(3, 40), done(4, 40), done(2, 99)];
    assert_eq!(ask(&mut session, 9, &frame).await, expected);
    let levels = stocked.saldo.levels(&stocked.names).await.unwrap();
    let level = levels[0].as_ref().unwrap();
    assert_eq!((level.on_hand, level.available, level.version), (40, 40, 4));
    stocked.stop().await;
}

#[tokio::test]
async fn many_batches_are_in_flight_and_giving_up_a_wait_loses_none() {
    let stocked = Stocked::start(1, 1).await;
    let connector =
        InprocConnector::new(stocked.process.handle(), Arc::clone(&stocked.names)).unwrap();
    let mut session = connector.connect(0).await.unwrap();
    for batch in 0..20 {
        session.send(batch, &[op(Verb::Reserve, batch, batch, 0, 1)]).await.unwrap();
    }
    let (mut batches, mut outcomes) = (Vec::new(), Vec::new());
    while batches.len() < 20 {
        tokio::select! {
            biased;
            received = session.receive(&mut outcomes) => batches.push(received.unwrap()),
            // Ends the wait above as often as it has nothing yet.
            () = tokio::task::yield_now() => {}
        }
    }
    batches.sort_unstable();
    assert_eq!(batches, (0..20).collect::<Vec<_>>());
    let mut versions: Vec<u64> = outcomes.iter().map(|outcome| outcome.version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..22).collect::<Vec<_>>());
    stocked.stop().await;
}

#[tokio::test]
async fn what_is_no_command_is_asked_too() {
    let stocked = Stocked::start(2, 1).await;
    let connector =
        InprocConnector::new(stocked.process.handle(), Arc::clone(&stocked.names)).unwrap();
    let mut session = connector.connect(0).await.unwrap();
    let lines: Arc<[Line]> = [Line { key: 0, quantity: 2 }, Line { key: 1, quantity: 3 }].into();
    let basket = |verb, number| Op {
        is_whole: true,
        lines: Some(Arc::clone(&lines)),
        ..op(verb, number, 0, 0, 5)
    };
    let plain = Outcome::plain(Verdict::Done);
    for (number, verb) in
        (0..).zip([Verb::Reserve, Verb::Extend, Verb::Commit, Verb::Fulfil, Verb::Return])
    {
        let op = Op { hold_seconds: 60, ..basket(verb, number) };
        assert_eq!(ask(&mut session, number, &[op]).await, [plain], "{verb:?}");
    }
    let too_much: Arc<[Line]> =
        [Line { key: 0, quantity: 1 }, Line { key: 1, quantity: OPENING + 1 }].into();
    let refused = Op { lines: Some(too_much), ..op(Verb::Reserve, 9, 9, 0, OPENING + 2) };
    let reads = [op(Verb::Read, 10, 10, 0, 0), op(Verb::Read, 11, 11, 1, 0), refused];
    let outcomes = ask(&mut session, 10, &reads).await;
    let levels = stocked.saldo.levels(&stocked.names).await.unwrap();
    let versions: Vec<u64> = levels.iter().flatten().map(|level| level.version).collect();
    assert_eq!(outcomes[0].available, i64::from(OPENING));
    // The refused basket may have asked the first key before or after that was read.
    assert!(outcomes[0].version <= versions[0] && outcomes[1].version == versions[1]);
    assert!(outcomes[2].verdict.is_sold_out() && outcomes[2].available == NOT_TOLD);
    stocked.stop().await;
}

#[tokio::test]
async fn an_engine_tells_what_it_is_and_what_it_did() {
    let stocked = Stocked::start(3, 2).await;
    let about = stocked.saldo.about().await.unwrap();
    assert_eq!(about.version.as_deref(), Some(env!("CARGO_PKG_VERSION")));
    let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
    assert_eq!(about.profile.as_deref(), Some(profile));
    assert_eq!(about.durability.as_deref(), Some("power_loss"));
    let cursor = stocked.saldo.cursor(&stocked.names).await.unwrap();
    assert!(!cursor.is_empty());
    let began = Instant::now();
    let client = stocked.saldo.client().clone();
    let own = Some(std::process::id());
    let watch = EngineWatch::start(client, own, began, Duration::from_secs(3_600)).await.unwrap();
    let connector =
        InprocConnector::new(stocked.process.handle(), Arc::clone(&stocked.names)).unwrap();
    let mut session = connector.connect(0).await.unwrap();
    let ops: Vec<Op> = (0..50).map(|number| op(Verb::Reserve, number, number, 0, 1)).collect();
    ask(&mut session, 1, &ops).await;
    let intervals = watch.finish().await;
    let [interval] = intervals.as_slice() else { panic!("{intervals:?}") };
    assert_eq!(interval.events, 50);
    assert!(interval.syncs > 0 && interval.sync_seconds > 0.0, "{interval:?}");
    assert!(interval.journal_bytes > 0 && interval.length_s > 0.0, "{interval:?}");
    assert!(interval.resident_bytes.is_some_and(|bytes| bytes > 0));
    // The same opening once more is a repeat, and changes nothing.
    let again = stocked.saldo.open_stock(&stocked.names, &[OPENING; 6]).await.unwrap();
    assert_eq!(again, u64::from(6 * OPENING));
    let levels = stocked.saldo.levels(&stocked.names).await.unwrap();
    assert!(levels.iter().flatten().all(|level| level.on_hand == i64::from(OPENING)));
    stocked.stop().await;
}
