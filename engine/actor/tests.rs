//! What the actors promise beside the rules of stock: contained panics, operations that a crash cut
//! short, quarantine, passivation, deadlines. Time is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use saldo_ledger::{
    Command, Condition, Mode, Note, PlanLine, References, RefusalCode, ReservationId, Reserve,
    Selection, Status, StockKey, Verb,
};
use tokio::sync::oneshot;

mod after_a_crash;
mod backups;
mod frames;
mod panics;
mod step_by_step;

use super::board::{FrameCommand, FrameOp, FrameReply};
use super::call::{Call, CallResult, Outcome, ReturnLine};
use super::message::{AnswerTo, Asked, Job, Step};
use super::rounds;
use crate::config::Settings;
use crate::journal::medium::{Fault, FaultyMedium, Medium, MemoryMedium, Operation};
use crate::store::keys;
use crate::testing::{Disk, TestEngine, beginning};

fn key(sku: &str) -> StockKey {
    StockKey::new(sku, "oslo").unwrap()
}

fn id(bits: u128) -> ReservationId {
    ReservationId::new(bits).unwrap()
}

fn start(disk: &Disk) -> TestEngine {
    TestEngine::start(&Arc::new(Settings::default()), disk, beginning())
}

async fn receive(engine: &TestEngine, sku: &str, quantity: u32) {
    let call =
        Call::Receive { key: key(sku), quantity, from_incoming: false, note: Note::default() };
    engine.engine.call(call, None).await.unwrap();
}

fn reserve(bits: u128, lines: &[(&str, u32)], mode: Mode) -> Call {
    Call::Reserve {
        id: Some(id(bits)),
        lines: lines.iter().map(|(sku, quantity)| (key(sku), *quantity)).collect(),
        hold_seconds: Some(900),
        mode,
        references: References::default(),
    }
}

fn settle(bits: u128, verb: Verb) -> Call {
    Call::Settle { id: id(bits), verb, lines: None }
}

fn status(answer: CallResult) -> Status {
    match answer.unwrap().outcome {
        Outcome::Reservation(view) => view.status(),
        other => panic!("not a reservation: {other:?}"),
    }
}

/// (on_hand, reserved, committed) of a SKU.
async fn figures(engine: &TestEngine, sku: &str) -> (i64, i64, i64) {
    let balances = engine.engine.level(&key(sku)).await.unwrap().balances;
    (balances.on_hand, balances.reserved, balances.committed)
}

/// Takes one step at a key, and nothing that would follow from it: as if the engine died then.
async fn step(engine: &TestEngine, sku: &str, command: Command) -> Step {
    let (tell, told) = oneshot::channel();
    let job =
        Job { asked: Asked { command, once: None }, answer: AnswerTo::Step(tell), permit: None };
    engine.shared.deliver_job(&key(sku), job);
    let step = told.await.expect("the actor answers");
    assert!(engine.shared.all_durable().await);
    step
}

fn plan(bits: u128, own: u32, others: &[(&str, u32)]) -> Command {
    let line = |(sku, requested): &(&str, u32)| PlanLine { key: key(sku), requested: *requested };
    Command::Reserve(Box::new(Reserve {
        id: id(bits),
        fingerprint: 0,
        adding: false,
        own,
        others: others.iter().map(line).collect(),
        hold_seconds: Some(900),
        mode: Mode::AllOrNothing,
        references: None,
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_goes_through_all_its_keys() {
    let engine = start(&Disk::new());
    for (sku, quantity) in [("a", 5), ("b", 5), ("c", 1)] {
        receive(&engine, sku, quantity).await;
    }
    let call = reserve(1, &[("c", 1), ("a", 2), ("b", 3)], Mode::AllOrNothing);
    assert_eq!(status(engine.engine.call(call, None).await), Status::Held);
    assert_eq!(status(engine.engine.call(settle(1, Verb::Commit), None).await), Status::Committed);
    assert_eq!(figures(&engine, "b").await, (5, 0, 3));
    let refused =
        engine.engine.call(reserve(2, &[("a", 9), ("b", 1), ("c", 1)], Mode::AllOrNothing), None);
    let refused = refused.await.unwrap_err();
    let named: Vec<_> = refused.lines.iter().map(|line| (line.key.sku(), line.available)).collect();
    assert_eq!((refused.code, named), (RefusalCode::InsufficientStock, vec![("a", 3), ("c", 0)]));
    assert_eq!(status(engine.engine.call(settle(1, Verb::Fulfil), None).await), Status::Fulfilled);
    let back = ReturnLine {
        key: key("b"),
        quantity: 2,
        to: StockKey::new("b", "bergen").unwrap(),
        condition: Condition::Damaged,
    };
    let call = Call::Return { id: id(1), lines: vec![back] };
    assert_eq!(status(engine.engine.call(call.clone(), Some("back")).await), Status::Fulfilled);
    assert!(engine.engine.call(call, Some("back")).await.unwrap().replayed);
    let bergen = engine.engine.level(&StockKey::new("b", "bergen").unwrap()).await.unwrap();
    assert_eq!((bergen.balances.on_hand, bergen.balances.damaged), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_a_crash_cut_short_is_withdrawn() {
    let disk = Disk::new();
    let engine = start(&disk);
    receive(&engine, "a", 5).await;
    receive(&engine, "b", 5).await;
    step(&engine, "a", plan(1, 2, &[("b", 3), ("c", 1)])).await.unwrap();
    let pend = Command::Pend { id: id(1), home: key("a"), quantity: 3, mode: Mode::AllOrNothing };
    step(&engine, "b", pend).await.unwrap();
    assert_eq!(figures(&engine, "b").await, (5, 3, 0));
    engine.crash();
    for lose_store in [false, true] {
        if lose_store {
            disk.lose_store();
        }
        let engine = start(&disk);
        assert_eq!(
            (figures(&engine, "a").await, figures(&engine, "b").await),
            ((5, 0, 0), (5, 0, 0))
        );
        let refused = engine.engine.reservation(id(1)).await.unwrap_err();
        assert_eq!(refused.code, RefusalCode::UnknownReservation);
        engine.crash();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_a_crash_cut_short_is_carried_out() {
    let disk = Disk::new();
    let engine = start(&disk);
    receive(&engine, "a", 5).await;
    receive(&engine, "b", 5).await;
    engine.engine.call(reserve(1, &[("a", 1), ("b", 2)], Mode::AllOrNothing), None).await.unwrap();
    // A checkpoint between the grant and the commit must not hide the commit's first event.
    crate::store::checkpoint::make(&engine.shared).await.unwrap();
    let commit = Command::Settle { id: id(1), verb: Verb::Commit, selection: Selection::All };
    step(&engine, "a", commit).await.unwrap();
    assert_eq!(figures(&engine, "b").await, (5, 2, 0), "not carried out yet");
    engine.crash();
    let engine = start(&disk);
    assert_eq!((figures(&engine, "a").await, figures(&engine, "b").await), ((5, 0, 1), (5, 0, 2)));
    assert_eq!(status(engine.engine.call(settle(1, Verb::Fulfil), None).await), Status::Fulfilled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_whose_replay_fails_is_quarantined_and_others_serve() {
    let disk = Disk::new();
    let engine = start(&disk);
    receive(&engine, "b", 5).await;
    engine.shared.store.put(&keys::head(&key("a")), b"not a head".to_vec());
    let call =
        Call::Receive { key: key("a"), quantity: 1, from_incoming: false, note: Note::default() };
    let refused = engine.engine.call(call, None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::NotReady);
    receive(&engine, "b", 5).await;
    let named = engine.shared.directory.quarantined();
    assert_eq!(named.iter().map(|(key, _)| key.sku()).collect::<Vec<_>>(), ["a"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_end_at_their_deadline_on_every_key() {
    let engine = start(&Disk::new());
    receive(&engine, "a", 5).await;
    receive(&engine, "b", 5).await;
    engine.engine.call(reserve(1, &[("a", 1), ("b", 2)], Mode::AllOrNothing), None).await.unwrap();
    engine.engine.call(reserve(2, &[("a", 4)], Mode::AllOrNothing), None).await.unwrap();
    engine.clock.advance(Duration::from_secs(901));
    // One-line holds make room by themselves; the basket waits for its sweep.
    engine.engine.call(reserve(3, &[("a", 4)], Mode::AllOrNothing), None).await.unwrap();
    let refused = engine.engine.call(settle(2, Verb::Commit), None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::ReservationExpired);
    let mut changes = 0;
    while figures(&engine, "b").await != (5, 0, 0) {
        rounds::sweep_due(&engine.shared);
        changes += 1;
        assert!(changes < 10_000, "the sweep never comes to b");
        tokio::task::yield_now().await;
    }
    let refused = engine.engine.call(settle(1, Verb::Commit), None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::ReservationExpired);
    assert_eq!(figures(&engine, "a").await, (5, 4, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_keys_sleep_and_wake_with_all_they_had() {
    let engine = start(&Disk::new());
    for number in 0..50u32 {
        let sku = format!("sku-{number}");
        receive(&engine, &sku, 10).await;
        let call = reserve(u128::from(number) + 1, &[(&sku, 3)], Mode::AllOrNothing);
        engine.engine.call(call, None).await.unwrap();
    }
    let mut rounds = 0;
    while engine.shared.directory.active() > 0 {
        let tick = engine.shared.directory.next_tick();
        engine.shared.directory.passivate(tick + 1, 0);
        rounds += 1;
        assert!(rounds < 100_000, "actors do not leave");
        tokio::task::yield_now().await;
    }
    assert_eq!(figures(&engine, "sku-7").await, (10, 3, 0));
    assert_eq!(engine.shared.directory.active(), 0, "reads wake nobody");
    assert_eq!(status(engine.engine.call(settle(8, Verb::Commit), None).await), Status::Committed);
    assert_eq!(figures(&engine, "sku-7").await, (10, 0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_one_key_has_one_effect_also_when_repeats_race() {
    let disk = Disk::new();
    let engine = start(&disk);
    receive(&engine, "a", 100).await;
    receive(&engine, "b", 100).await;
    let lines = vec![(key("a"), 2), (key("b"), 3)];
    let call = Call::Reserve {
        id: None,
        lines,
        hold_seconds: None,
        mode: Mode::AllOrNothing,
        references: References::default(),
    };
    let racing = (0..20).map(|_| {
        let (engine, call) = (engine.engine.clone(), call.clone());
        tokio::spawn(async move { engine.call(call, Some("once")).await.unwrap() })
    });
    let mut answers = Vec::new();
    for answer in racing.collect::<Vec<_>>() {
        answers.push(answer.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(answers.iter().all(|answer| answer.outcome == answers[0].outcome));
    assert_eq!(
        (figures(&engine, "a").await, figures(&engine, "b").await),
        ((100, 2, 0), (100, 3, 0))
    );
    crate::store::checkpoint::make(&engine.shared).await.unwrap();
    engine.crash();
    let engine = start(&disk);
    assert!(engine.engine.call(call, Some("once")).await.unwrap().replayed);
    let other =
        Call::Receive { key: key("a"), quantity: 1, from_incoming: false, note: Note::default() };
    let refused = engine.engine.call(other, Some("once")).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::IdempotencyKeyReused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_holds_no_more_than_policy_allows() {
    let settings = Settings { open_holds_per_customer_max: 2, ..Settings::default() };
    let disk = Disk::new();
    let engine = TestEngine::start(&Arc::new(settings.clone()), &disk, beginning());
    receive(&engine, "a", 100).await;
    let call = |bits| {
        let Call::Reserve { id, lines, hold_seconds, mode, .. } =
            reserve(bits, &[("a", 1)], Mode::AllOrNothing)
        else {
            panic!("not a reserve")
        };
        let references = References { customer: Some("ann".into()), ..References::default() };
        Call::Reserve { id, lines, hold_seconds, mode, references }
    };
    engine.engine.call(call(1), None).await.unwrap();
    engine.engine.call(call(2), None).await.unwrap();
    assert_eq!(engine.engine.call(call(3), None).await.unwrap_err().code, RefusalCode::HoldLimit);
    engine.engine.call(settle(1, Verb::Release), None).await.unwrap();
    engine.engine.call(call(3), None).await.unwrap();
    engine.crash();
    let engine = TestEngine::start(&Arc::new(settings), &disk, beginning());
    assert_eq!(engine.engine.call(call(4), None).await.unwrap_err().code, RefusalCode::HoldLimit);
    engine.engine.call(settle(2, Verb::Commit), None).await.unwrap();
    engine.engine.call(call(4), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sync_leaves_the_outcome_unknown_and_ends_the_journal() {
    let medium = Arc::new(FaultyMedium::new(Arc::new(MemoryMedium::new())));
    let disk = Disk::on(Arc::clone(&medium) as Arc<dyn Medium>);
    let mut engine = start(&disk);
    receive(&engine, "a", 5).await;
    medium.inject(Fault {
        operation: Operation::Sync,
        after: 0,
        for_ever: false,
        errno: 5,
        short_bytes: 0,
    });
    let call =
        Call::Receive { key: key("a"), quantity: 1, from_incoming: false, note: Note::default() };
    let refused = engine.engine.call(call.clone(), None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::OutcomeUnknown);
    engine.failed.wait_for(Option::is_some).await.unwrap();
    // The next sync would succeed; it is never tried.
    let refused = engine.engine.call(call, None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::OutcomeUnknown);
    engine.crash();
    let engine = start(&disk);
    assert_eq!(
        figures(&engine, "a").await.0 / 5,
        1,
        "5 was acknowledged; 1 more may be there or not"
    );
}

/// The store has an older state of the key, and must not tell it in the place of the newest.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_after_a_failed_sync_tells_nothing_older_than_was_acknowledged() {
    let medium = Arc::new(FaultyMedium::new(Arc::new(MemoryMedium::new())));
    let disk = Disk::on(Arc::clone(&medium) as Arc<dyn Medium>);
    let engine = start(&disk);
    receive(&engine, "a", 5).await;
    crate::store::checkpoint::make(&engine.shared).await.unwrap();
    receive(&engine, "a", 5).await;
    medium.inject(Fault {
        operation: Operation::Sync,
        after: 0,
        for_ever: false,
        errno: 5,
        short_bytes: 0,
    });
    let call =
        Call::Receive { key: key("a"), quantity: 1, from_incoming: false, note: Note::default() };
    let refused = engine.engine.call(call, None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::OutcomeUnknown);
    match engine.engine.level(&key("a")).await {
        Ok(level) => assert!(level.balances.on_hand >= 10, "{level:?}"),
        Err(refusal) => assert_eq!(refusal.code, RefusalCode::NotReady),
    }
    match engine.engine.levels_of_sku("a").await {
        Ok(levels) => assert!(levels[0].balances.on_hand >= 10, "{levels:?}"),
        Err(refusal) => assert_eq!(refusal.code, RefusalCode::NotReady),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_changes_until_there_is_room() {
    let medium = Arc::new(MemoryMedium::new());
    let settings =
        Settings { segment_bytes: 1 << 20, disk_free_bytes_min: 1 << 20, ..Settings::default() };
    let disk = Disk::on(Arc::clone(&medium) as Arc<dyn Medium>);
    let engine = TestEngine::start(&Arc::new(settings), &disk, beginning());
    let call =
        Call::Receive { key: key("a"), quantity: 1, from_incoming: false, note: Note::default() };
    engine.engine.call(call.clone(), Some("first")).await.unwrap();
    medium.set_capacity_bytes(0);
    engine.shared.journal.check_space();
    let refused = engine.engine.call(call.clone(), None).await.unwrap_err();
    assert_eq!(refused.code, RefusalCode::ReadOnly);
    assert_eq!(figures(&engine, "a").await, (1, 0, 0), "reads go on");
    assert!(engine.engine.call(call.clone(), Some("first")).await.unwrap().replayed, "repeats too");
    medium.set_capacity_bytes(u64::MAX);
    engine.shared.journal.check_space();
    engine.engine.call(call, None).await.unwrap();
    assert_eq!(figures(&engine, "a").await, (2, 0, 0));
}
