//! Who hears of a change, and what a change costs those who do not listen to it.

use super::super::index::Index;
use super::super::outbox::SubscriptionId;
use super::super::{Hub, Outbox, Selection, Thresholds};
use super::{ALL, ROOM, key, level, listen, publish, selection, take, told};

#[test]
fn a_change_reaches_those_who_listen_to_its_key() {
    let hub = Hub::by_hand(ALL);
    let outboxes: Vec<_> = [
        selection(&["A"], &[], &[]),
        selection(&["B"], &["TEE-", "TEE-BLACK"], &[]),
        selection(&[], &[], &["OSLO"]),
        selection(&["A", "TEE-BLACK-M"], &[], &["BERGEN"]),
        Selection::all(),
    ]
    .into_iter()
    .map(|selection| {
        let outbox = Outbox::new(ROOM);
        let subscription = listen(&hub, &outbox, selection);
        (outbox, subscription)
    })
    .collect();

    let changed = ["A@OSLO", "A@BERGEN", "TEE-BLACK-M@OSLO", "B@MALMÖ"];
    let levels = changed.map(|key| {
        let (sku, location) = key.split_once('@').unwrap();
        level(sku, location, 1)
    });
    publish(&hub, levels, 4);
    assert_eq!(hub.round().keys, changed.len());

    for ((outbox, _), expected) in outboxes.iter().zip([
        vec!["A@BERGEN 1", "A@OSLO 1"],
        vec!["B@MALMÖ 1", "TEE-BLACK-M@OSLO 1"],
        vec!["A@OSLO 1", "TEE-BLACK-M@OSLO 1"],
        vec!["A@BERGEN 1"],
        vec!["A@BERGEN 1", "A@OSLO 1", "B@MALMÖ 1", "TEE-BLACK-M@OSLO 1"],
    ]) {
        let mut told = told(outbox);
        told.sort_unstable();
        assert_eq!(told, expected);
    }
}

#[test]
fn nothing_is_taken_while_nobody_listens() {
    let hub = Hub::by_hand(ALL);
    let mut untouched = std::iter::repeat_with(|| -> saldo_ledger::Level {
        panic!("a level was asked for although nobody listens")
    });
    hub.publish(&mut untouched, 1);
    let outbox = Outbox::new(ROOM);
    drop(listen(&hub, &outbox, Selection::all()));
    hub.publish(&mut untouched, 2);
    assert_eq!(hub.subscriptions(), 0);
}

#[test]
fn ten_thousand_subscriptions_to_other_keys_cost_a_change_nothing() {
    let hub = Hub::by_hand(ALL);
    let others: Vec<_> = (0..10_000)
        .map(|number| {
            let other = match number % 3 {
                0 => selection(&[&format!("OTHER-{number}")], &[], &[]),
                1 => selection(&[], &[&format!("OTHER-{number}-")], &[]),
                _ => selection(&[], &[], &[&format!("STORE-{number}")]),
            };
            listen(&hub, &Outbox::new(ROOM), other)
        })
        .collect();
    let outbox = Outbox::new(ROOM);
    let subscription = listen(&hub, &outbox, selection(&["HOT"], &[], &[]));
    publish(&hub, [level("HOT", "OSLO", 1)], 1);
    assert_eq!(hub.round().offers, 1);

    drop(subscription);
    publish(&hub, [level("HOT", "OSLO", 2)], 2);
    assert_eq!(hub.round().offers, 0);
    drop(others);
    assert_eq!(hub.subscriptions(), 0);
}

#[test]
fn a_subscription_that_ended_hears_nothing_more() {
    let hub = Hub::by_hand(ALL);
    let outbox = Outbox::new(ROOM);
    let ended = listen(&hub, &outbox, selection(&["A"], &["TEE-"], &[]));
    let stays = listen(&hub, &outbox, selection(&["A", "B"], &[], &["OSLO"]));
    publish(&hub, [level("A", "OSLO", 1), level("TEE-1", "OSLO", 1)], 2);
    hub.round();
    drop(ended);
    publish(&hub, [level("TEE-1", "OSLO", 2), level("B", "OSLO", 1)], 4);
    hub.round();

    let mut heard = Vec::new();
    while let Some(delta) = take(&outbox, ALL) {
        assert_eq!(delta.subscription, stays.id());
        heard.extend(super::texts(&delta));
    }
    assert_eq!(heard, ["A@OSLO 1", "B@OSLO 1"]);
}

#[test]
fn the_thread_passes_changes_on_and_ends_with_the_hub() {
    let hub = Hub::start(Thresholds::default()).unwrap();
    let outbox = Outbox::new(ROOM);
    let subscription = listen(&hub, &outbox, Selection::all());
    publish(&hub, [level("A", "OSLO", 7)], 9);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(outbox.ready());
    assert_eq!(told(&outbox), ["A@OSLO 7"]);
    drop(hub);
    drop(subscription);
}

#[test]
fn subscriptions_are_found_in_whatever_order_their_ids_came() {
    let mut index = Index::new();
    let outbox = Outbox::new(ROOM);
    let wanted = [
        selection(&["A"], &[], &[]),
        selection(&["A"], &[], &["OSLO", "BERGEN"]),
        selection(&[], &["A"], &["OSLO"]),
        Selection::all(),
    ];
    let of = |number: u64| &wanted[usize::try_from(number % 4).unwrap()];
    let heard = |index: &Index, sku: &str, location: &str| {
        let mut heard = Vec::new();
        index.listeners(&key(sku, location), |id, _| heard.push(id.0));
        heard.sort_unstable();
        heard
    };
    for number in [5, 3, 0, 7, 2, 6, 1, 4] {
        index.add(SubscriptionId(number), &outbox, of(number));
    }
    assert_eq!(heard(&index, "A", "OSLO"), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(heard(&index, "A", "BERGEN"), [0, 1, 3, 4, 5, 7]);
    assert_eq!(heard(&index, "AB", "OSLO"), [2, 3, 6, 7]);
    for number in [6, 0, 3, 5] {
        index.remove(SubscriptionId(number), of(number));
    }
    assert_eq!(heard(&index, "A", "OSLO"), [1, 2, 4, 7]);
    assert_eq!(heard(&index, "A", "BERGEN"), [1, 4, 7]);
    for number in [7, 4, 2, 1] {
        index.remove(SubscriptionId(number), of(number));
    }
    assert_eq!((index.len(), heard(&index, "A", "OSLO").len()), (0, 0));
}
