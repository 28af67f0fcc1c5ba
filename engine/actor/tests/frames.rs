//! Frames of commands: what is asked twice is done once.

use super::*;
use crate::store::checkpoint;

/// So many commands go one by one, or are looked for and claimed ahead.
const LENGTHS: [u32; 2] = [2, 20];

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_a_frame_names_again_and_again_is_one_reservation() {
    for commands in LENGTHS {
        let engine = start(&Disk::new());
        receive(&engine, "a", 100).await;
        let reserve = FrameCommand {
            op: FrameOp::Reserve,
            key: key("a"),
            id: Some(id(1)),
            quantity: Some(3),
            hold_seconds: None,
            once: None,
        };
        let frame = vec![reserve; commands as usize];
        for is_first in [true, false] {
            for (place, reply) in (0..).zip(engine.engine.commands(frame.clone()).await) {
                let is_repeat = !is_first || place > 0;
                assert!(
                    matches!(reply, FrameReply::Done { replayed, .. } if replayed == is_repeat),
                    "{commands} commands, place {place}: {reply:?}"
                );
            }
        }
        assert_eq!(figures(&engine, "a").await, (100, 3, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_was_refused_is_free_for_another_key() {
    for commands in LENGTHS {
        let engine = start(&Disk::new());
        receive(&engine, "a", 1).await;
        receive(&engine, "b", 100).await;
        let frame = |sku| {
            let reserve = |number| FrameCommand {
                op: FrameOp::Reserve,
                key: key(sku),
                id: Some(id(u128::from(number))),
                quantity: Some(2),
                hold_seconds: None,
                once: None,
            };
            (1..=commands).map(reserve).collect::<Vec<_>>()
        };
        let is_done =
            |reply: &FrameReply| matches!(reply, FrameReply::Done { replayed: false, .. });
        assert!(!engine.engine.commands(frame("a")).await.iter().any(is_done));
        assert!(engine.engine.commands(frame("b")).await.iter().all(is_done));
        assert_eq!(figures(&engine, "b").await, (100, i64::from(2 * commands), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frames_repeat_is_one_also_when_its_cart_has_grown() {
    let disk = Disk::new();
    let engine = start(&disk);
    receive(&engine, "a", 5).await;
    receive(&engine, "b", 5).await;
    let ask = async |quantity, once: &str| {
        let (op, key, id, once) = (FrameOp::Commit, key("a"), Some(id(1)), Some(once.into()));
        let command = FrameCommand { op, key, id, quantity, hold_seconds: None, once };
        engine.engine.commands(vec![command]).await.remove(0)
    };
    let malformed = FrameReply::Refused { code: RefusalCode::Malformed, available: None };
    engine.engine.call(reserve(1, &[("a", 2)], Mode::AllOrNothing), None).await.unwrap();
    assert!(matches!(ask(None, "paid").await, FrameReply::Done { replayed: false, .. }));
    let (lines, mode) = (vec![(key("b"), 1)], Mode::AllOrNothing);
    let add = Call::AddLines { id: id(1), lines, hold_seconds: None, mode };
    engine.engine.call(add, None).await.unwrap();
    assert!(matches!(ask(None, "paid").await, FrameReply::Done { replayed: true, .. }));
    // What is not a repeat is about a reservation of two lines now, whatever its key.
    assert_eq!(ask(Some(1), "paid").await, malformed);
    assert_eq!(ask(None, "new").await, malformed);
    assert_eq!((figures(&engine, "a").await, figures(&engine, "b").await), ((5, 0, 2), (5, 1, 0)));
}

fn command(op: FrameOp, sku: &str, number: u128) -> FrameCommand {
    let quantity = (op == FrameOp::Reserve).then_some(1);
    let hold_seconds = (op == FrameOp::Extend).then_some(60);
    FrameCommand { op, key: key(sku), id: Some(id(number)), quantity, hold_seconds, once: None }
}

/// An engine where reservation 1 of SKU a was released so long ago that only the store knows it.
async fn with_a_closed_one() -> TestEngine {
    let engine = start(&Disk::new());
    for sku in ["a", "b", "c"] {
        receive(&engine, sku, 100).await;
    }
    for op in [FrameOp::Reserve, FrameOp::Release] {
        let replies = engine.engine.commands(vec![command(op, "a", 1)]).await;
        assert!(matches!(replies[..], [FrameReply::Done { replayed: false, .. }]), "{replies:?}");
    }
    checkpoint::make(&engine.shared).await.unwrap();
    let window = Settings::default().idempotency_window_seconds;
    engine.clock.advance(Duration::from_secs(window + 1));
    engine
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_reservation_that_a_frame_brings_back_is_not_made_anew() {
    for others in [0, 20] {
        let engine = with_a_closed_one().await;
        let mut frame = vec![command(FrameOp::Extend, "a", 1)];
        frame.extend((0..others).map(|number| command(FrameOp::Reserve, "a", 100 + number)));
        frame.push(command(FrameOp::Reserve, "a", 1));
        let replies = engine.engine.commands(frame).await;
        assert!(
            matches!(replies.last(), Some(FrameReply::Done { replayed: true, .. })),
            "behind {others} others: {replies:?}"
        );
        assert_eq!(figures(&engine, "a").await, (100, i64::try_from(others).unwrap(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_reservation_that_was_brought_back_takes_no_id_from_another_key() {
    let engine = with_a_closed_one().await;
    // The first key hears of its old reservation; then its id is given to a new one at the second.
    engine.engine.commands(vec![command(FrameOp::Extend, "a", 1)]).await;
    let replies = engine.engine.commands(vec![command(FrameOp::Reserve, "b", 1)]).await;
    assert!(matches!(replies[..], [FrameReply::Done { replayed: false, .. }]), "{replies:?}");
    receive(&engine, "a", 1).await;
    checkpoint::make(&engine.shared).await.unwrap();
    let replies = engine.engine.commands(vec![command(FrameOp::Reserve, "c", 1)]).await;
    assert!(matches!(replies[..], [FrameReply::Refused { .. }]), "{replies:?}");
    assert_eq!(figures(&engine, "c").await, (100, 0, 0));
    assert_eq!(status(engine.engine.call(settle(1, Verb::Commit), None).await), Status::Committed);
}
