//! What a start after a crash must not lose, though the store is ahead of, or behind, what the journal tells.

use super::*;
use crate::actor::call::ReferenceKind;
use crate::store::{checkpoint, save};

fn basket() -> Call {
    reserve(1, &[("a", 1), ("b", 2)], Mode::AllOrNothing)
}

async fn stocked(disk: &Disk) -> TestEngine {
    let engine = start(disk);
    receive(&engine, "a", 5).await;
    receive(&engine, "b", 5).await;
    engine
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_keeps_its_reservation_when_its_own_units_are_gone() {
    let disk = Disk::new();
    let engine = stocked(&disk).await;
    engine.engine.call(basket(), None).await.unwrap();
    engine.engine.call(settle(1, Verb::Commit), None).await.unwrap();
    let own = Call::Settle { id: id(1), verb: Verb::Fulfil, lines: Some(vec![(key("a"), 1)]) };
    engine.engine.call(own, None).await.unwrap();
    checkpoint::make(&engine.shared).await.unwrap();
    engine.crash();
    let engine = start(&disk);
    assert_eq!((figures(&engine, "a").await, figures(&engine, "b").await), ((4, 0, 0), (5, 0, 2)));
    assert_eq!(status(engine.engine.call(settle(1, Verb::Fulfil), None).await), Status::Fulfilled);
    assert_eq!(figures(&engine, "b").await, (3, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_is_found_by_its_references_without_a_checkpoint() {
    let disk = Disk::new();
    let engine = stocked(&disk).await;
    let references = References { order: Some("order-7".into()), ..References::default() };
    let Call::Reserve { id: _, lines, hold_seconds, mode, .. } = basket() else { unreachable!() };
    let one_line = vec![lines[0].clone()];
    for (bits, lines) in [(1, lines), (2, one_line)] {
        let references = references.clone();
        let id = Some(id(bits));
        let call = Call::Reserve { id, lines, hold_seconds, mode, references };
        engine.engine.call(call, None).await.unwrap();
    }
    engine.crash();
    let engine = start(&disk);
    let found =
        engine.engine.reservations_by(ReferenceKind::Order, "order-7", None, 10).await.unwrap();
    assert_eq!(found.items.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_a_crash_cut_short_is_carried_out_though_its_home_has_closed() {
    let disk = Disk::new();
    let engine = stocked(&disk).await;
    engine.engine.call(basket(), None).await.unwrap();
    // As the turn does: no checkpoint passes the release, but the home's state behind it is stored.
    engine.shared.operations.begin(id(1), engine.shared.journal.next_sequence());
    let release = Command::Settle { id: id(1), verb: Verb::Release, selection: Selection::All };
    step(&engine, "a", release).await.unwrap();
    checkpoint::make(&engine.shared).await.unwrap();
    assert_eq!((figures(&engine, "a").await, figures(&engine, "b").await), ((5, 0, 0), (5, 2, 0)));
    engine.crash();
    let engine = start(&disk);
    assert_eq!(figures(&engine, "b").await, (5, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_is_carried_out_after_a_crash_though_its_reservation_need_not_be_kept_any_more() {
    let disk = Disk::new();
    let engine = stocked(&disk).await;
    engine.engine.call(basket(), None).await.unwrap();
    // The other key cannot take its step, as on a full disk, until the reservation's time is over.
    engine.shared.operations.begin(id(1), engine.shared.journal.next_sequence());
    let release = Command::Settle { id: id(1), verb: Verb::Release, selection: Selection::All };
    step(&engine, "a", release).await.unwrap();
    checkpoint::make(&engine.shared).await.unwrap();
    let kept = engine.shared.kept_seconds(false);
    let over = engine.shared.clock.now().plus_seconds(kept + 2);
    save::forget_old(&engine.shared, over, 10).unwrap();
    checkpoint::make(&engine.shared).await.unwrap();
    engine.crash();
    let engine = start(&disk);
    assert_eq!(figures(&engine, "b").await, (5, 0, 0));
    // Once it has ended nothing keeps it.
    assert_eq!(save::forget_old(&engine.shared, over, 10).unwrap(), 1);
}
