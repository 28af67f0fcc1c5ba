//! A panic in one key: its callers are told, nothing that it claimed stays taken, and no other key notices.

use super::*;
use crate::actor::board::Board;
use crate::actor::message::{FramePart, PlacedCommand};

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_one_key_is_contained() {
    let engine = start(&Disk::new());
    receive(&engine, "a", 5).await;
    receive(&engine, "b", 5).await;
    engine.engine.call(reserve(1, &[("a", 1)], Mode::AllOrNothing), None).await.unwrap();
    // No home ever sends this: a step of a reservation that has no line here.
    let (tell, told) = oneshot::channel();
    let command = Command::Carry { id: id(99), verb: Verb::Expire, quantity: 1 };
    let job =
        Job { asked: Asked { command, once: None }, answer: AnswerTo::Step(tell), permit: None };
    engine.shared.deliver_job(&key("a"), job);
    assert!(told.await.is_err(), "its caller hears that nobody can say");
    assert_eq!(figures(&engine, "a").await, (5, 1, 0));
    assert_eq!(status(engine.engine.call(settle(1, Verb::Commit), None).await), Status::Committed);
    receive(&engine, "b", 1).await;
    assert_eq!(engine.shared.stats.panics.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_a_frame_that_came_to_nothing_are_free_for_other_keys() {
    let engine = start(&Disk::new());
    receive(&engine, "a", 20).await;
    receive(&engine, "b", 20).await;
    let reserve_one = |number| Command::ReserveOne {
        id: id(number),
        fingerprint: 1,
        quantity: 1,
        hold_seconds: 60,
        mode: Mode::AllOrNothing,
    };
    // As many as are claimed ahead, and a step that no home ever sends.
    let mut commands: Vec<Command> = (1..=8).map(reserve_one).collect();
    commands.push(Command::Carry { id: id(99), verb: Verb::Expire, quantity: 1 });
    let (board, told) = Board::new(commands.len());
    let placed = |(place, command)| PlacedCommand { asked: Asked { command, once: None }, place };
    let commands = (0u32..).zip(commands).map(placed).collect();
    engine.shared.deliver_frame(&key("a"), FramePart { board: board.into(), commands });
    assert!(told.await.is_err(), "its caller hears that nobody can say");
    assert_eq!(figures(&engine, "a").await, (20, 0, 0));
    for number in 1..=8 {
        let call = reserve(number, &[("b", 1)], Mode::AllOrNothing);
        assert_eq!(status(engine.engine.call(call, None).await), Status::Held, "id {number}");
    }
}
