//! What waits of events: all of it in order, or cut where it would be too much and never with a hole.

use std::sync::Arc;

use super::super::outbox::SubscriptionId;
use super::super::{Batch, Outbox, Room, SharedEvent, Taken};
use super::{ALL, ROOM, key};
use crate::actor::call::{Movement, MovementKind};
use saldo_ledger::{Balances, Timestamp};

const ID: SubscriptionId = SubscriptionId(7);
const OTHER: SubscriptionId = SubscriptionId(8);

fn event(sequence: u64) -> Arc<SharedEvent> {
    Arc::new(SharedEvent::new(Movement {
        sequence,
        key: key("A", "OSLO"),
        version: sequence,
        kind: MovementKind::Received,
        quantity: 1,
        before: Balances::default(),
        after: Balances::default(),
        reservation: None,
        reason: None,
        reference: None,
        at: Timestamp::from_micros(sequence),
    }))
}

fn outbox(events_max: usize) -> Arc<Outbox> {
    let outbox = Outbox::new(Room { events_max, ..ROOM });
    outbox.open_events(ID);
    outbox.open_events(OTHER);
    outbox
}

fn offer(outbox: &Outbox, id: SubscriptionId, places: std::ops::RangeInclusive<u64>) -> usize {
    places.filter(|place| outbox.offer_event(id, &event(*place))).count()
}

fn batch(outbox: &Outbox, limit: usize) -> Option<Batch> {
    match outbox.take(limit).unwrap() {
        Some(Taken::Events(batch)) => Some(batch),
        Some(Taken::Levels(delta)) => panic!("levels of events: {delta:?}"),
        None => None,
    }
}

/// The places of a batch, and from where on it is behind.
fn taken(outbox: &Outbox, limit: usize) -> Option<(Vec<u64>, Option<u64>)> {
    let batch = batch(outbox, limit)?;
    let places = batch.events.iter().map(|event| event.movement().sequence).collect();
    Some((places, batch.behind_from))
}

#[test]
fn nothing_comes_before_it_joins_and_nothing_is_taken_before_it_is_released() {
    let outbox = outbox(ALL);
    assert_eq!(offer(&outbox, ID, 1..=2), 0);
    outbox.join(ID);
    assert_eq!(offer(&outbox, ID, 3..=5), 0);
    assert!(taken(&outbox, ALL).is_none());
    assert!(outbox.release(ID));
    assert_eq!(taken(&outbox, 2), Some((vec![3, 4], None)));
    assert_eq!(offer(&outbox, ID, 6..=6), 0, "it knows that something waits");
    assert_eq!(taken(&outbox, ALL), Some((vec![5, 6], None)));
    assert_eq!(offer(&outbox, ID, 7..=9), 1);
    assert_eq!(taken(&outbox, ALL), Some((vec![7, 8, 9], None)));
}

#[test]
fn too_much_is_cut_behind_what_waits() {
    let outbox = outbox(3);
    outbox.join(ID);
    assert!(outbox.release(ID));
    offer(&outbox, ID, 1..=6);
    // The place is told with the last that waited, however it is taken.
    assert_eq!(taken(&outbox, 2), Some((vec![1, 2], None)));
    offer(&outbox, ID, 7..=7);
    assert_eq!(taken(&outbox, 2), Some((vec![3], Some(4))));
    assert!(taken(&outbox, ALL).is_none());
    // It joins again when it has read the journal.
    offer(&outbox, ID, 8..=8);
    outbox.join(ID);
    offer(&outbox, ID, 9..=10);
    assert!(outbox.release(ID));
    assert_eq!(taken(&outbox, ALL), Some((vec![9, 10], None)));
}

#[test]
fn too_much_while_it_reads_is_left_to_the_journal() {
    let outbox = outbox(3);
    outbox.join(ID);
    offer(&outbox, ID, 1..=4);
    assert!(!outbox.release(ID), "it has to read on");
    assert!(taken(&outbox, ALL).is_none());
    outbox.join(ID);
    offer(&outbox, ID, 5..=7);
    assert!(outbox.release(ID));
    assert_eq!(taken(&outbox, ALL), Some((vec![5, 6, 7], None)));
}

#[test]
fn the_room_is_the_connections() {
    let outbox = outbox(3);
    for id in [ID, OTHER] {
        outbox.join(id);
        assert!(outbox.release(id));
    }
    offer(&outbox, ID, 1..=3);
    // No room even for its first: it is told at once from where on to read.
    offer(&outbox, OTHER, 4..=4);
    assert_eq!(taken(&outbox, ALL), Some((vec![1, 2, 3], None)));
    assert_eq!(taken(&outbox, ALL), Some((vec![], Some(4))));
    // What was taken or forgotten makes room.
    offer(&outbox, ID, 5..=7);
    outbox.forget(ID);
    outbox.join(OTHER);
    assert!(outbox.release(OTHER));
    offer(&outbox, OTHER, 8..=10);
    assert_eq!(taken(&outbox, ALL), Some((vec![8, 9, 10], None)));
}

#[test]
fn where_live_events_end_the_journal_goes_on() {
    let outbox = outbox(4);
    outbox.join(ID);
    assert!(outbox.release(ID));
    offer(&outbox, ID, 1..=2);
    outbox.cut_events(ID, 3);
    outbox.cut_events(ID, 9);
    assert_eq!(taken(&outbox, ALL), Some((vec![1, 2], Some(3))));
    assert!(taken(&outbox, ALL).is_none());

    // While it reads, what it was kept is in the journal too: nothing of it may come twice.
    outbox.join(ID);
    offer(&outbox, ID, 5..=6);
    outbox.cut_events(ID, 7);
    assert!(!outbox.release(ID));
    assert!(taken(&outbox, ALL).is_none());
    outbox.join(ID);
    assert!(outbox.release(ID));
    offer(&outbox, ID, 8..=11);
    assert_eq!(taken(&outbox, ALL), Some((vec![8, 9, 10, 11], None)), "all the room is there");
}

#[test]
fn an_event_is_put_into_words_once_a_form() {
    let event = event(1);
    let mut encodings = 0;
    for form in [0, 1, 0, 1, 1] {
        let words = event.words(form, |movement| {
            encodings += 1;
            vec![u8::try_from(form).unwrap(), u8::try_from(movement.sequence).unwrap()]
        });
        assert_eq!(words, [u8::try_from(form).unwrap(), 1]);
    }
    assert_eq!(encodings, 2);
}
