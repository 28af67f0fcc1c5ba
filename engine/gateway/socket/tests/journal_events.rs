//! Events of a whole engine with a journal: from now, from a cursor, from the oldest; caught up and live without a
//! seam; and the gap where they are not kept.

use std::collections::HashMap;
use std::sync::Arc;

use saldo_ledger::StockKey;
use saldo_protocol::{Movement, ServerMessage};

use super::super::form::Form;
use super::super::limits::SocketLimits;
use super::harness::{ALL, Client, PIPE_BYTES, limits};
use super::random::Random;
use crate::config::Settings;
use crate::engine::{Engine, FrameCommand, FrameOp, FrameReply};
use crate::feed::Room;
use crate::testing::{Disk, TestEngine, beginning};

/// A pipe that holds hardly more than one message: who does not read stops the connection at once.
const TINY_PIPE_BYTES: usize = 512;

fn start(disk: &Disk) -> TestEngine {
    let settings = Settings { segment_bytes: 1 << 20, ..Settings::default() };
    TestEngine::start(&Arc::new(settings), disk, beginning())
}

/// One unit more at each of these keys, durable.
async fn receive(engine: &Engine, keys: &[(&str, &str)]) {
    let command = |(sku, location): &(&str, &str)| FrameCommand {
        op: FrameOp::Receive,
        key: StockKey::new(sku, location).unwrap(),
        id: None,
        quantity: Some(1),
        hold_seconds: None,
        once: None,
    };
    let replies = engine.commands(keys.iter().map(command).collect()).await;
    assert!(replies.iter().all(|reply| matches!(reply, FrameReply::Done { .. })), "{replies:?}");
}

fn subscribe(id: &str, rest: &str) -> String {
    format!(r#"{{"type":"subscribe","id":"{id}","mode":"events"{rest}}}"#)
}

/// The next events.
async fn events(client: &mut Client) -> Vec<Movement> {
    match client.hear().await {
        ServerMessage::Events { events, .. } => events,
        other => panic!("no events: {other:?}"),
    }
}

/// `sku@location version` of so many events, and the last one's cursor.
async fn heard(client: &mut Client, count: usize) -> (Vec<String>, String) {
    let (mut told, mut cursor) = (Vec::new(), String::new());
    while told.len() < count {
        for event in events(client).await {
            told.push(format!("{}@{} {}", event.sku, event.location, event.version));
            cursor = event.cursor;
        }
    }
    (told, cursor)
}

async fn subscribed(client: &mut Client, id: &str, rest: &str) -> String {
    match client.ask(&subscribe(id, rest)).await {
        ServerMessage::Subscribed { cursor, .. } => cursor,
        other => panic!("not subscribed: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_from_the_oldest_from_a_cursor_and_from_now() {
    let disk = Disk::new();
    let engine = start(&disk).engine;
    for form in [Form::Json, Form::Binary] {
        let sku = format!("{form:?}");
        let key = [(sku.as_str(), "OSLO")];
        for _ in 0..3 {
            receive(&engine, &key).await;
        }
        let texts = |versions: std::ops::RangeInclusive<u64>| -> Vec<String> {
            versions.map(|version| format!("{sku}@OSLO {version}")).collect()
        };
        let only = format!(r#","skus":["{sku}"]"#);
        let connect = || Client::connect_as(&engine, form, ALL, limits(), PIPE_BYTES);

        let mut oldest = connect().await;
        subscribed(&mut oldest, "e", &format!(r#"{only},"cursor":"earliest""#)).await;
        let (told, last) = heard(&mut oldest, 3).await;
        assert_eq!(told, texts(1..=3));

        let mut now = connect().await;
        let at = subscribed(&mut now, "e", &only).await;
        assert_eq!(at, last, "from now is behind the last event");

        receive(&engine, &key).await;
        for client in [&mut oldest, &mut now] {
            assert_eq!(heard(client, 1).await.0, texts(4..=4));
        }
        let mut resumed = connect().await;
        let at = subscribed(&mut resumed, "e", &format!(r#"{only},"cursor":"{last}""#)).await;
        assert_eq!(at, last);
        assert_eq!(heard(&mut resumed, 1).await.0, texts(4..=4));
        receive(&engine, &key).await;
        for client in [&mut oldest, &mut now, &mut resumed] {
            assert_eq!(heard(client, 1).await.0, texts(5..=5));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_tells_balances_before_and_after_cause_and_reservation() {
    let disk = Disk::new();
    let engine = start(&disk).engine;
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    subscribed(&mut client, "e", r#","locations":["OSLO"]"#).await;
    receive(&engine, &[("A", "BERGEN"), ("A", "OSLO"), ("A", "OSLO")]).await;
    let id = "01940000-0000-7000-8000-000000000001";
    client
        .send(&format!(
            r#"{{"type":"commands","id":"r","commands":[{{"op":"reserve","reservation_id":"{id}","sku":"A","location":"OSLO","quantity":2}}]}}"#
        ))
        .await;
    let mut told = Vec::new();
    while told.len() < 3 {
        match client.hear().await {
            ServerMessage::Events { events, .. } => told.extend(events),
            ServerMessage::Replies { .. } => {}
            other => panic!("heard {other:?}"),
        }
    }
    let reserved = told.remove(2);
    assert_eq!(reserved.kind, saldo_protocol::MovementKind::Reserved);
    assert_eq!((reserved.version, reserved.quantity), (3, 2));
    assert_eq!((reserved.before.available, reserved.after.available), (2, 0));
    assert_eq!((reserved.before.reserved, reserved.after.reserved), (0, 2));
    assert_eq!(reserved.reservation_id.map(|id| id.to_string()).as_deref(), Some(id));
    // What the history tells is the same, cursor and all.
    let key = StockKey::new("A", "OSLO").unwrap();
    let history = engine.movements(&key, None, 10).await.unwrap();
    let from_history: Vec<String> =
        history.items.iter().rev().map(|it| engine.cursor(it.sequence)).collect();
    told.push(reserved);
    assert_eq!(told.iter().map(|it| it.cursor.clone()).collect::<Vec<_>>(), from_history);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_falls_behind_is_caught_up_and_goes_over_to_live() {
    let disk = Disk::new();
    let engine = start(&disk).engine;
    let room = Room { events_max: 4, ..limits().room };
    let limits = SocketLimits { room, ..limits() };
    let mut client = Client::connect(&engine, limits, TINY_PIPE_BYTES).await;
    subscribed(&mut client, "e", r#","sku_prefixes":["A"]"#).await;
    for round in 0..3 {
        // While nothing is read.
        for _ in 0..100 {
            receive(&engine, &[("A", "OSLO"), ("B", "OSLO"), ("A", "OSLO")]).await;
        }
        let (told, _) = heard(&mut client, 200).await;
        let expected: Vec<String> =
            (1..=200).map(|version| format!("A@OSLO {}", 200 * round + version)).collect();
        assert_eq!(told, expected);
    }
}

/// Follows until the last event of `END`, and checks that no key's versions have a gap or a repeat.
async fn follow(mut client: Client, wanted: &str) -> HashMap<String, u64> {
    client.send(wanted).await;
    let mut versions: HashMap<String, u64> = HashMap::new();
    loop {
        match client.hear().await {
            ServerMessage::Events { events, .. } => {
                for event in events {
                    if event.sku == "END" {
                        return versions;
                    }
                    let key = format!("{}@{}", event.sku, event.location);
                    let before = versions.insert(key.clone(), event.version).unwrap_or_default();
                    assert_eq!(event.version, before + 1, "{key}");
                }
            }
            ServerMessage::Subscribed { .. } => {}
            other => panic!("heard {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_seam_under_load() {
    const SKUS: [&str; 4] = ["A1", "A2", "B1", "B2"];
    for seed in 1..=8 {
        println!("seed {seed}");
        let disk = Disk::new();
        let engine = start(&disk).engine;
        let mut random = Random(seed);
        let load = tokio::spawn({
            let (engine, mut random) = (engine.clone(), Random(seed + 1_000));
            async move {
                for _ in 0..150 {
                    let keys: Vec<_> = (0..=random.below(8))
                        .map(|_| (SKUS[random.below(4)], ["OSLO", "BERGEN"][random.below(2)]))
                        .collect();
                    receive(&engine, &keys).await;
                }
            }
        });
        let mut followers = Vec::new();
        for number in 0..6 {
            let room = Room { events_max: 1 + random.below(8), ..limits().room };
            let snapshot_levels = 1 + random.below(8);
            let limits = SocketLimits { room, snapshot_levels, ..limits() };
            let form = [Form::Json, Form::Binary][number % 2];
            let pipe_bytes = [TINY_PIPE_BYTES, 4_096, PIPE_BYTES][random.below(3)];
            let selection =
                ["", r#","skus":["A1","END"]"#, r#","sku_prefixes":["B","END"]"#][random.below(3)];
            let client = Client::connect_as(&engine, form, ALL, limits, pipe_bytes).await;
            let wanted = subscribe("e", &format!(r#"{selection},"cursor":"earliest""#));
            followers.push(tokio::spawn(async move { follow(client, &wanted).await }));
            // The next one comes when so much more has happened.
            receive(&engine, &[("A1", "OSLO")]).await;
        }
        load.await.unwrap();
        receive(&engine, &[("END", "OSLO")]).await;
        for follower in followers {
            for (key, version) in follower.await.unwrap() {
                let (sku, location) = key.split_once('@').unwrap();
                let level = engine.level(&StockKey::new(sku, location).unwrap()).await.unwrap();
                assert_eq!(version, level.version, "{key}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_is_no_place_of_this_journal_is_a_gap() {
    let (disk, other) = (Disk::new(), Disk::new());
    let (engine, elsewhere) = (start(&disk).engine, start(&other).engine);
    for engine in [&engine, &elsewhere] {
        receive(engine, &[("A", "OSLO")]).await;
        receive(engine, &[("A", "OSLO")]).await;
    }
    let durable = engine.durable_sequence();
    for form in [Form::Json, Form::Binary] {
        let mut client = Client::connect_as(&engine, form, ALL, limits(), PIPE_BYTES).await;
        for cursor in [
            elsewhere.cursor(1),
            engine.cursor(durable + 1),
            engine.cursor(u64::MAX),
            "garbage".to_owned(),
            "7".to_owned(),
            "-".to_owned(),
        ] {
            subscribed(&mut client, "e", &format!(r#","cursor":"{cursor}""#)).await;
            let ServerMessage::Gap { id, earliest } = client.hear().await else {
                panic!("{cursor} was taken");
            };
            assert_eq!(id, "e");
            // The subscription has ended, and from what the gap names all is told.
            subscribed(&mut client, "e", &format!(r#","cursor":"{earliest}""#)).await;
            assert_eq!(heard(&mut client, 2).await.0, ["A@OSLO 1", "A@OSLO 2"]);
            let answer = client.ask(r#"{"type":"unsubscribe","id":"e"}"#).await;
            assert_eq!(answer, ServerMessage::Unsubscribed { id: "e".to_owned() });
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_retention_removed_is_a_gap_also_in_the_middle_of_reading() {
    let disk = Disk::new();
    let started = start(&disk);
    let engine = &started.engine;
    // A record takes 4 KiB at least, so this fills more than two segments.
    for _ in 0..600 {
        receive(engine, &[("A", "OSLO")]).await;
    }
    let segments = started.shared.journal.segments();
    assert!(segments.len() >= 3, "{segments:?}");
    let mut reading = Client::connect(engine, limits(), TINY_PIPE_BYTES).await;
    subscribed(&mut reading, "e", r#","cursor":"earliest""#).await;
    let (told, first) = heard(&mut reading, 1).await;
    assert_eq!(told[0], "A@OSLO 1");

    let removed_to = segments[1].last_sequence;
    started.shared.journal.remove_segments_before(removed_to + 1).unwrap();
    let mut last = told.len();
    let earliest = loop {
        match reading.hear().await {
            ServerMessage::Events { events, .. } => last += events.len(),
            ServerMessage::Gap { earliest, .. } => break earliest,
            other => panic!("heard {other:?}"),
        }
    };
    assert!(last < 600, "everything was told although most of it was removed");
    assert_eq!(earliest, engine.cursor(removed_to));

    // Too old from the start; and what is still kept.
    let mut client = Client::connect(engine, limits(), PIPE_BYTES).await;
    subscribed(&mut client, "e", &format!(r#","cursor":"{first}""#)).await;
    let gap = ServerMessage::Gap { id: "e".to_owned(), earliest: earliest.clone() };
    assert_eq!(client.hear().await, gap);
    for from in [earliest.as_str(), "earliest"] {
        let mut client = Client::connect(engine, limits(), PIPE_BYTES).await;
        let at = subscribed(&mut client, "e", &format!(r#","cursor":"{from}""#)).await;
        assert_eq!(at, earliest);
        let first = heard(&mut client, 1).await.0;
        let key = StockKey::new("A", "OSLO").unwrap();
        let version = engine.level(&key).await.unwrap().version;
        let kept = engine.durable_sequence() - removed_to;
        assert_eq!(first[0], format!("A@OSLO {}", version - kept + 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_unsubscribed_no_event_comes_although_many_were_to_be_read() {
    let disk = Disk::new();
    let engine = start(&disk).engine;
    for _ in 0..50 {
        receive(&engine, &[("A", "OSLO"); 8]).await;
    }
    let mut client = Client::connect(&engine, limits(), TINY_PIPE_BYTES).await;
    subscribed(&mut client, "e", r#","cursor":"earliest""#).await;
    client.send(r#"{"type":"unsubscribe","id":"e"}"#).await;
    client.send(r#"{"type":"ping"}"#).await;
    let mut told = 0;
    loop {
        match client.hear().await {
            ServerMessage::Events { events, .. } => told += events.len(),
            ServerMessage::Unsubscribed { id } => break assert_eq!(id, "e"),
            other => panic!("heard {other:?}"),
        }
    }
    assert!(told < 400, "all was told before the frame was looked at");
    assert_eq!(client.hear().await, ServerMessage::Pong);
    receive(&engine, &[("A", "OSLO")]).await;
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await, ServerMessage::Pong);
    assert_eq!(engine.feed().followers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_modes_share_a_connection() {
    let disk = Disk::new();
    let engine = start(&disk).engine;
    receive(&engine, &[("A", "OSLO")]).await;
    for form in [Form::Json, Form::Binary] {
        let mut client = Client::connect_as(&engine, form, ALL, limits(), PIPE_BYTES).await;
        let answer = client.ask(r#"{"type":"subscribe","id":"l","skus":["A"]}"#).await;
        assert!(matches!(answer, ServerMessage::Subscribed { .. }), "{answer:?}");
        assert!(matches!(client.hear().await, ServerMessage::Snapshot { done: true, .. }));
        subscribed(&mut client, "e", "").await;
        let key = StockKey::new("A", "OSLO").unwrap();
        let before = engine.level(&key).await.unwrap().version;
        for _ in 0..20 {
            receive(&engine, &[("A", "OSLO")]).await;
        }
        let (mut level, mut event) = (before, before);
        while level < before + 20 || event < before + 20 {
            match client.hear().await {
                ServerMessage::Delta { levels, .. } => {
                    assert!(levels[0].version() > level);
                    level = levels[0].version();
                }
                ServerMessage::Events { events, .. } => {
                    for told in events {
                        event += 1;
                        assert_eq!(told.version, event);
                    }
                }
                other => panic!("heard {other:?}"),
            }
        }
        // One of them ends, the other goes on.
        client.ask(r#"{"type":"unsubscribe","id":"l"}"#).await;
        receive(&engine, &[("A", "OSLO")]).await;
        assert_eq!(events(&mut client).await[0].version, before + 21);
    }
}
