//! What a reader finds that was slow: the newest level of each key, rising versions, and a bound.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::{Hub, Lagging, Outbox, Room, Selection};
use super::{ALL, ROOM, level, listen, publish, selection, take, texts, told};

#[test]
fn a_slow_reader_finds_only_the_newest_level_of_each_key() {
    let hub = Hub::by_hand(ALL);
    let outbox = Outbox::new(ROOM);
    let _subscription = listen(&hub, &outbox, Selection::all());
    for version in 1..=1000 {
        publish(&hub, [level("A", "OSLO", version), level("B", "OSLO", version)], version);
        if version % 3 == 0 {
            hub.round();
        }
    }
    hub.round();
    let mut told = told(&outbox);
    told.sort_unstable();
    assert_eq!(told, ["A@OSLO 1000", "B@OSLO 1000"]);
}

#[test]
fn a_connection_is_woken_once_until_it_has_taken_all() {
    let hub = Hub::by_hand(ALL);
    let outbox = Outbox::new(ROOM);
    let _subscriptions = [
        listen(&hub, &outbox, Selection::all()),
        listen(&hub, &outbox, selection(&["A"], &[], &[])),
    ];
    let mut wakes = Vec::new();
    for version in 1..=4 {
        publish(&hub, [level("A", "OSLO", version)], version);
        wakes.push(hub.round().wakes);
        if version == 3 {
            told(&outbox);
        }
    }
    assert_eq!(wakes, [1, 0, 0, 1]);
}

#[test]
fn versions_only_rise_whatever_is_published_and_taken_when() {
    let hub = Hub::by_hand(ALL);
    let outbox = Outbox::new(ROOM);
    let _subscription = listen(&hub, &outbox, Selection::all());
    let mut told: HashMap<String, u64> = HashMap::new();
    // An older level that comes late is never told after a newer one that still waits.
    for (round, versions) in [[1, 2], [3, 2], [5, 4], [6, 7]].into_iter().enumerate() {
        for version in versions {
            publish(&hub, [level("A", "OSLO", version)], version);
        }
        hub.round();
        if round % 2 == 1 {
            while let Some(delta) = take(&outbox, 1) {
                let told = told.entry("A".to_owned()).or_default();
                let version = delta.levels[0].level().version;
                assert!(version > *told, "{version} after {told}");
                *told = version;
            }
        }
    }
    assert_eq!(told["A"], 7);
}

#[test]
fn a_level_is_encoded_once_for_all_its_readers() {
    let hub = Hub::by_hand(ALL);
    let outboxes = [Outbox::new(ROOM), Outbox::new(ROOM), Outbox::new(ROOM)];
    let _subscriptions = outboxes.each_ref().map(|outbox| listen(&hub, outbox, Selection::all()));
    publish(&hub, [level("A", "OSLO", 1)], 1);
    hub.round();
    let mut encodings = 0;
    let taken = outboxes.map(|outbox| take(&outbox, 1).unwrap().levels.remove(0));
    for level in &taken {
        level.words(0, |level, _| {
            encodings += 1;
            level.version.to_string().into_bytes()
        });
    }
    assert_eq!(encodings, 1);
    assert!(Arc::ptr_eq(&taken[0], &taken[2]));
}

#[test]
fn subscriptions_of_a_connection_take_turns() {
    let hub = Hub::by_hand(ALL);
    let outbox = Outbox::new(ROOM);
    let many = listen(&hub, &outbox, selection(&[], &["A"], &[]));
    let few = listen(&hub, &outbox, selection(&["B"], &[], &[]));
    for number in 0..4 {
        publish(&hub, [level(&format!("A{number}"), "OSLO", 1)], number);
        hub.round();
    }
    publish(&hub, [level("B", "OSLO", 1)], 5);
    hub.round();
    let turns: Vec<_> = std::iter::from_fn(|| take(&outbox, 2))
        .map(|delta| (delta.subscription, texts(&delta).join(" "), delta.drained))
        .collect();
    assert_eq!(
        turns,
        [
            (many.id(), "A0@OSLO 1 A1@OSLO 1".to_owned(), false),
            (few.id(), "B@OSLO 1".to_owned(), true),
            (many.id(), "A2@OSLO 1 A3@OSLO 1".to_owned(), true),
        ]
    );
}

#[test]
fn a_reader_that_lets_too_much_wait_is_told_so_and_holds_nothing() {
    let hub = Hub::by_hand(ALL);
    let few = Room { levels_max: 3, ..ROOM };
    let (slow, other) = (Outbox::new(few), Outbox::new(few));
    let _subscriptions = [
        listen(&hub, &slow, Selection::all()),
        listen(&hub, &slow, selection(&["A0"], &[], &[])),
        listen(&hub, &other, selection(&["A1"], &[], &[])),
    ];
    for number in 0..3 {
        publish(&hub, [level(&format!("A{number}"), "OSLO", 1)], number);
        hub.round();
    }
    let lagging = slow.take(ALL).unwrap_err();
    assert_eq!(lagging, Lagging::Reader { levels_max: 3 });
    assert!(lagging.to_string().contains("more than 3 levels"));
    assert_eq!(told(&other), ["A1@OSLO 1"]);
}

#[test]
fn the_journals_side_is_bounded_too() {
    let hub = Hub::by_hand(2);
    let outbox = Outbox::new(ROOM);
    let before = listen(&hub, &outbox, Selection::all());
    for number in 0..5 {
        publish(&hub, [level(&format!("A{number}"), "OSLO", 1)], number);
    }
    hub.round();
    assert!(matches!(outbox.take(ALL), Err(Lagging::Feed { .. })));
    drop(before);

    // Who comes afterwards hears everything again.
    let outbox = Outbox::new(ROOM);
    let _after = listen(&hub, &outbox, Selection::all());
    publish(&hub, [level("A9", "OSLO", 2)], 9);
    hub.round();
    assert_eq!(told(&outbox), ["A9@OSLO 2"]);
    assert_eq!(hub.dispatched(), 9);
}
