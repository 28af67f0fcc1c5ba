//! Everyone who listens hears at once: snapshot, then deltas, of what was asked for; commands on the same connection.

use saldo_protocol::{FrameId, Location, Sku, Subscribe};
use saldo_tests::{Engine, Follower, Socket, uuid};
use serde_json::{Value, json};

/// SKU and location of each level of a frame, sorted.
fn keys(frame: &Value) -> Vec<(String, String)> {
    let text = |level: &Value, field: &str| level[field].as_str().expect("a text").to_owned();
    let levels = frame["levels"].as_array().expect("levels").iter();
    let mut keys: Vec<_> =
        levels.map(|level| (text(level, "sku"), text(level, "location"))).collect();
    keys.sort();
    keys
}

fn key(sku: &str, location: &str) -> (String, String) {
    (sku.to_owned(), location.to_owned())
}

/// Subscribes, and gives the keys of the whole snapshot.
async fn snapshot(socket: &mut Socket, subscribe: Value) -> Vec<(String, String)> {
    let id = subscribe["id"].clone();
    socket.send(subscribe).await;
    let first = socket.next().await;
    assert_eq!((&first["type"], &first["id"]), (&json!("subscribed"), &id), "{first}");
    assert!(first["cursor"].as_str().is_some_and(|cursor| (1..=64).contains(&cursor.len())));
    let mut all = Vec::new();
    loop {
        let page = socket.next().await;
        assert_eq!((&page["type"], &page["id"]), (&json!("snapshot"), &id), "{page}");
        all.extend(keys(&page));
        if page["done"] == true {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_then_deltas() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 5).await;
    let mut socket = Socket::connect(engine.url()).await;
    assert_eq!(socket.subprotocol(), Some("saldo.v1.json"));
    assert_eq!(
        snapshot(&mut socket, json!({"type": "subscribe", "id": "a"})).await,
        [key("A", "X")]
    );
    http.granted(&[("A", "X", 2)]).await;
    let delta = socket.next().await;
    assert_eq!((&delta["type"], &delta["id"]), (&json!("delta"), &json!("a")));
    let told: saldo_protocol::Level =
        serde_json::from_value(delta["levels"][0].clone()).expect("a level");
    assert_eq!(told, http.level("A", "X").await);
    assert_eq!((told.available, told.version), (3, 2));
    // A key that does not exist is no error: its level comes when it does.
    http.receive("NEW", "Y", 1).await;
    assert_eq!(keys(&socket.next_of("delta").await), [key("NEW", "Y")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_for_and_nothing_else() {
    let engine = Engine::start().await;
    let http = engine.http();
    for (sku, location) in
        [("TEE-1", "X"), ("TEE-2", "Y"), ("HAT-1", "X"), ("HAT-2", "Y"), ("TE", "X")]
    {
        http.receive(sku, location, 5).await;
    }
    let mut socket = Socket::connect(engine.url()).await;
    let prefix = json!({"type": "subscribe", "id": "p", "sku_prefixes": ["TEE-"]});
    assert_eq!(snapshot(&mut socket, prefix).await, [key("TEE-1", "X"), key("TEE-2", "Y")]);
    let places = json!({"type": "subscribe", "id": "l", "locations": ["Y"]});
    let mut of_places = snapshot(&mut socket, places).await;
    of_places.sort();
    assert_eq!(of_places, [key("HAT-2", "Y"), key("TEE-2", "Y")]);
    let both = json!({"type": "subscribe", "id": "b", "skus": ["HAT-1", "NONE"], "sku_prefixes": ["TEE-"],
        "locations": ["X"]});
    let mut of_both = snapshot(&mut socket, both).await;
    of_both.sort();
    assert_eq!(of_both, [key("HAT-1", "X"), key("TEE-1", "X")]);
    http.receive("TE", "X", 1).await;
    http.receive("NONE", "X", 1).await;
    let delta = socket.next_of("delta").await;
    assert_eq!((&delta["id"], keys(&delta)), (&json!("b"), vec![key("NONE", "X")]));
    http.receive("TEE-2", "Y", 1).await;
    let mut heard = [socket.next_of("delta").await, socket.next_of("delta").await];
    heard.sort_by_key(|delta| delta["id"].to_string());
    assert_eq!((&heard[0]["id"], &heard[1]["id"]), (&json!("l"), &json!("p")));
    assert!(heard.iter().all(|delta| keys(delta) == [key("TEE-2", "Y")]));
}

#[tokio::test(flavor = "multi_thread")]
async fn unsubscribed_is_the_last_message() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 5).await;
    let mut socket = Socket::connect(engine.url()).await;
    snapshot(&mut socket, json!({"type": "subscribe", "id": "a"})).await;
    socket.send(json!({"type": "unsubscribe", "id": "a"})).await;
    assert_eq!(socket.next().await, json!({"type": "unsubscribed", "id": "a"}));
    http.receive("A", "X", 1).await;
    socket.send(json!({"type": "ping"})).await;
    assert_eq!(socket.next().await, json!({"type": "pong"}));
    // The name is free again.
    snapshot(&mut socket, json!({"type": "subscribe", "id": "a"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_subscribers_hear_the_same() {
    let engine = Engine::start().await;
    let http = engine.http();
    for sku in ["A", "B"] {
        http.receive(sku, "X", 500).await;
    }
    let mut all = Follower::of_everything(&engine.feed().await).await;
    let mut one = Follower::of(
        &engine.feed().await,
        Subscribe {
            skus: Some(vec![Sku::new("A").expect("a SKU")]),
            locations: Some(vec![Location::new("X").expect("a location")]),
            ..Subscribe::all(FrameId::new("one").expect("a name"))
        },
    )
    .await;
    assert_eq!((all.keys(), one.keys()), (2, 1));
    for _ in 0..100 {
        http.granted(&[("A", "X", 1), ("B", "X", 2)]).await;
    }
    let now = http.level("A", "X").await;
    assert_eq!((now.reserved, now.available), (100, 400));
    for follower in [&mut all, &mut one] {
        let heard = follower.until("A", "X", |level| level.version == now.version).await;
        assert_eq!(heard, now);
    }
    all.until("B", "X", |level| level.reserved == 200).await;
    assert!(one.level("B", "X").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_in_order_and_once() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 5).await;
    let mut socket = Socket::connect(engine.url()).await;
    let (one, two) = (uuid(), uuid());
    let on = |op: &str, more: Value| {
        let mut command = json!({"op": op, "sku": "A", "location": "X"});
        for (field, value) in more.as_object().expect("fields") {
            command[field] = value.clone();
        }
        command
    };
    let commands = json!([
        on("reserve", json!({"reservation_id": one, "quantity": 2})),
        on("reserve", json!({"reservation_id": two, "quantity": 4})),
        on("extend", json!({"reservation_id": one, "hold_seconds": 60})),
        on("commit", json!({"reservation_id": one, "quantity": 1})),
        on("fulfil", json!({"reservation_id": one})),
        on("release", json!({"reservation_id": one})),
        on("sell", json!({"quantity": 1, "key": "till-1"})),
        on("receive", json!({"quantity": 7})),
        json!({"op": "sell", "sku": "NONE", "location": "X", "quantity": 1}),
    ]);
    socket.send(json!({"type": "commands", "id": "r", "commands": commands})).await;
    let frame = socket.next().await;
    assert_eq!((&frame["type"], &frame["id"]), (&json!("replies"), &json!("r")), "{frame}");
    let replies = frame["replies"].as_array().expect("replies");
    let figures: Vec<_> =
        replies.iter().map(|it| (it["version"].clone(), it["available"].clone())).collect();
    let done = |version: i64, available: i64| (json!(version), json!(available));
    assert_eq!(figures[0], done(2, 3));
    assert!(replies[0]["expires_at"].is_string(), "{frame}");
    assert_eq!(
        (&replies[1]["ok"], &replies[1]["code"], &replies[1]["available"]),
        (&json!(false), &json!("insufficient_stock"), &json!(3))
    );
    let rest = [done(3, 3), done(4, 3), done(5, 3), done(6, 4), done(7, 3), done(8, 10)];
    assert_eq!(figures[2..8], rest, "{frame}");
    assert_eq!((&replies[8]["ok"], &replies[8]["code"]), (&json!(false), &json!("unknown_stock")));
    let again = json!([
        on("reserve", json!({"reservation_id": one, "quantity": 2})),
        on("sell", json!({"quantity": 1, "key": "till-1"})),
        on("sell", json!({"quantity": 2, "key": "till-1"})),
        on("reserve", json!({"reservation_id": one, "quantity": 1})),
    ]);
    socket.send(json!({"type": "commands", "id": "s", "commands": again})).await;
    let frame = socket.next().await;
    for place in 0..2 {
        assert_eq!(frame["replies"][place]["replayed"], true, "{frame}");
    }
    for place in 2..4 {
        assert_eq!(frame["replies"][place]["code"], "idempotency_key_reused", "{frame}");
    }
    let level = http.level("A", "X").await;
    assert_eq!((level.on_hand, level.reserved, level.committed, level.version), (10, 0, 0, 8));
    assert_eq!(http.reservation(one).await.lines[0].fulfilled, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_understood_is_answered_and_harms_nothing() {
    let engine = Engine::start().await;
    engine.http().receive("A", "X", 5).await;
    let mut socket = Socket::connect(engine.url()).await;
    for frame in [
        json!({"type": "dance", "id": "e"}),
        json!({"type": "subscribe", "id": "e", "colour": "red"}),
        json!({"type": "subscribe", "id": "e", "skus": [""]}),
    ] {
        socket.send(frame.clone()).await;
        let answer = socket.next().await;
        let told = (&answer["type"], &answer["code"], &answer["id"]);
        assert_eq!(told, (&json!("error"), &json!("malformed"), &json!("e")), "{frame} {answer}");
    }
    socket.send(json!({"type": "ping"})).await;
    assert_eq!(socket.next().await, json!({"type": "pong"}));
    assert_eq!(engine.http().level("A", "X").await.version, 1);
    assert_eq!(Socket::offering(engine.url(), Some("chat, mqtt")).await.err(), Some(400));
    let plain = Socket::offering(engine.url(), None).await.expect("an upgrade");
    assert_eq!(plain.subprotocol(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_be_read_is_refused_in_its_place() {
    let engine = Engine::start().await;
    engine.http().receive("A", "X", 5).await;
    let mut socket = Socket::connect(engine.url()).await;
    let good = json!({"op": "receive", "sku": "A", "location": "X", "quantity": 1});
    let no_units = json!({"op": "receive", "sku": "A", "location": "X", "quantity": 0});
    for bad in
        [json!({"op": "steal"}), no_units, json!({"op": "sell", "sku": "A", "location": "X"})]
    {
        socket.send(json!({"type": "commands", "id": "e", "commands": [bad, good]})).await;
        let answer = socket.next().await;
        assert_eq!(answer["replies"][0], json!({"ok": false, "code": "malformed"}), "{bad}");
        assert_eq!(answer["replies"][1]["ok"], true, "{bad} {answer}");
    }
    assert_eq!(engine.http().level("A", "X").await.on_hand, 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_too_many_commands_is_refused_whole() {
    let engine = Engine::start().await;
    engine.http().receive("A", "X", 5).await;
    let mut socket = Socket::connect(engine.url()).await;
    let good = json!({"op": "receive", "sku": "A", "location": "X", "quantity": 1});
    let many = vec![good; 8_193];
    socket.send(json!({"type": "commands", "id": "many", "commands": many})).await;
    assert_eq!(socket.next().await["code"], "limit_exceeded");
    assert_eq!(engine.http().level("A", "X").await.version, 1);
}
