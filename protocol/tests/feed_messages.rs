//! The feed's messages have one JSON form each, and what a frame does not take is refused by name.

use saldo_protocol::*;
use serde_json::{Value, json};

const ID: &str = "01940000-0000-7000-8000-000000000001";

fn frame(json: &Value) -> ClientMessage {
    let message: ClientMessage =
        parse_body(json.to_string().as_bytes()).expect("golden frame must be read");
    assert_eq!(&serde_json::to_value(&message).expect("must be written"), json);
    message
}

fn refusal(json: &str) -> String {
    parse_body::<ClientMessage>(json.as_bytes()).expect_err(json).to_string()
}

fn command_refusal(command: &Value) -> String {
    refusal(&json!({"type": "commands", "id": "r", "commands": [command]}).to_string())
}

#[test]
fn frames_of_a_client() {
    let subscribe =
        frame(&json!({"type": "subscribe", "id": "a", "skus": ["A"], "sku_prefixes": ["TEE-"],
        "locations": ["L"], "mode": "levels", "view": "banded", "cursor": "x"}));
    assert!(matches!(subscribe, ClientMessage::Subscribe(_)));
    frame(&json!({"type": "subscribe", "id": "a", "mode": "events", "cursor": EARLIEST}));
    let all: ClientMessage =
        parse_body(b"{\"id\":\"a\",\"type\":\"subscribe\"}").expect("lists may be left out");
    assert_eq!(all, ClientMessage::Subscribe(Subscribe::all(FrameId::new("a").expect("an id"))));
    frame(&json!({"type": "unsubscribe", "id": "a"}));
    assert_eq!(frame(&json!({"type": "ping"})), ClientMessage::Ping);
    frame(&json!({"type": "commands", "id": "r", "commands": []}));
}

#[test]
fn commands() {
    for command in [
        json!({"op": "reserve", "key": "k", "reservation_id": ID, "sku": "A", "location": "L", "quantity": 1,
            "hold_seconds": 60}),
        json!({"op": "reserve", "reservation_id": ID, "sku": "A", "location": "L", "quantity": 1}),
        json!({"op": "extend", "reservation_id": ID, "sku": "A", "location": "L", "hold_seconds": 60}),
        json!({"op": "commit", "reservation_id": ID, "sku": "A", "location": "L"}),
        json!({"op": "commit", "reservation_id": ID, "sku": "A", "location": "L", "quantity": 1}),
        json!({"op": "fulfil", "reservation_id": ID, "sku": "A", "location": "L"}),
        json!({"op": "release", "reservation_id": ID, "sku": "A", "location": "L", "quantity": 1,
            "from": "committed"}),
        json!({"op": "sell", "key": "k", "sku": "A", "location": "L", "quantity": 1}),
        json!({"op": "receive", "sku": "A", "location": "L", "quantity": 1}),
    ] {
        frame(&json!({"type": "commands", "id": "r", "commands": [command]}));
    }
}

#[test]
fn frames_of_the_engine() {
    let level = json!({"sku": "A", "location": "L", "on_hand": 1, "reserved": 0, "committed": 0, "damaged": 0,
        "quality_control": 0, "safety_stock": 0, "incoming": 0, "available": 1, "oversell_limit": 0,
        "version": 1, "as_of": "2026-01-31T08:15:00.000000Z"});
    for json in [
        json!({"type": "subscribed", "id": "a", "cursor": "x"}),
        json!({"type": "snapshot", "id": "a", "levels": [level], "done": false, "cursor": "x"}),
        json!({"type": "snapshot", "id": "a", "levels": [], "done": true, "cursor": "x", "full": true}),
        json!({"type": "delta", "id": "a", "levels": [level], "cursor": "y"}),
        json!({"type": "unsubscribed", "id": "a"}),
        json!({"type": "pong"}),
        json!({"type": "replies", "id": "r", "replies": [
            {"ok": true, "version": 2, "available": -1},
            {"ok": true, "version": 2, "available": 0, "expires_at": "2026-01-31T08:15:00.000000Z", "replayed": true},
            {"ok": false, "code": "insufficient_stock", "available": 0},
            {"ok": false, "code": "unknown_stock"}]}),
        json!({"type": "error", "id": "a", "code": "malformed", "detail": "d"}),
        json!({"type": "error", "code": "malformed", "detail": "d"}),
    ] {
        let message: ServerMessage = serde_json::from_value(json.clone()).expect("must be read");
        assert_eq!(serde_json::to_value(&message).expect("must be written"), json);
    }
}

#[test]
fn levels_and_messages_tolerate_what_a_newer_engine_adds_and_lack_nothing() {
    let at = "2026-01-31T08:15:00.000000Z";
    let names = json!({"sku": "A", "location": "L", "version": 1, "as_of": at});
    let with = |field: &str, value: Value| {
        let mut level = names.clone();
        level[field] = value;
        level["colour"] = json!("black");
        serde_json::from_value::<LevelView>(level)
    };
    let banded = with("availability", json!("low_stock")).expect("a band");
    assert!(
        matches!(&banded, LevelView::Banded(level) if level.availability == StockBand::LowStock)
    );
    let boolean = with("is_available", json!(false)).expect("a no");
    assert!(matches!(&boolean, LevelView::Boolean(level) if !level.is_available));
    for level in [&banded, &boolean] {
        assert_eq!((level.sku(), level.location(), level.version()), ("A", "L", 1));
        assert_eq!((level.as_of().to_string().as_str(), level.exact()), (at, None));
    }
    let error = with("on_hand", json!(1)).expect_err("the other balances are missing");
    assert!(error.to_string().contains("missing field `reserved`"), "{error}");
    assert!(with("availability", json!("some")).is_err());

    let newer = json!({"type": "gap", "id": "a", "earliest": "x", "latest": "y"});
    assert!(serde_json::from_value::<ServerMessage>(newer).is_ok());
    assert!(serde_json::from_value::<ServerMessage>(json!({"type": "gap", "id": "a"})).is_err());
}

#[test]
fn what_a_frame_does_not_take_is_named() {
    for (json, named) in [
        (r#"{"type":"subscribe"}"#, "missing field `id`"),
        (r#"{"id":"a"}"#, "missing field `type`"),
        (r#"{"type":"dance","id":"a"}"#, "unknown variant `dance`, expected one of `subscribe`"),
        (r#"{"type":"ping","colour":1}"#, "unknown field `colour`"),
        (r#"{"type":"ping","id":"a"}"#, "a frame of type `ping` takes no `id`"),
        (r#"{"type":"unsubscribe","id":"a","skus":[]}"#, "takes no `skus`"),
        (r#"{"type":"subscribe","id":"a","commands":[]}"#, "takes no `commands`"),
        (r#"{"type":"commands","id":"a"}"#, "missing field `commands`"),
        (r#"{"type":"subscribe","id":"a","mode":"dance"}"#, "unknown variant `dance`"),
        (r#"{"type":"subscribe","id":""}"#, "`id` must be 1 to 64 bytes"),
        (
            r#"{"type":"subscribe","id":"a","view":"dim"}"#,
            "`dim`, expected one of `exact`, `banded`",
        ),
        (r#"{"type":"unsubscribe","id":"a","view":"exact"}"#, "takes no `view`"),
        (r#"{"type":"commands","id":"a","commands":[],"view":"exact"}"#, "takes no `view`"),
        (r#"{"type":"ping","view":"exact"}"#, "takes no `view`"),
        (
            r#"{"type":"subscribe","id":"a","mode":"events","view":"exact"}"#,
            "`view` is not taken with `\"mode\":\"events\"`",
        ),
        (r#"{"type":"subscribe","id":"a","cursor":"no space"}"#, "`cursor`"),
        (r#"["ping"]"#, "an object"),
    ] {
        let refusal = refusal(json);
        assert!(refusal.contains(named), "{refusal:?} must name {named:?}");
    }
}

#[test]
fn what_a_command_does_not_take_is_named() {
    let command = |op: &str, field: &str, value: Value| {
        let mut command = json!({"op": op, "sku": "A", "location": "L"});
        command[field] = value;
        command_refusal(&command)
    };
    for (refusal, named) in [
        (
            command("dance", "quantity", json!(1)),
            "unknown variant `dance`, expected one of `reserve`",
        ),
        (
            command("reserve", "quantity", json!(1)),
            "missing field `reservation_id`: `reserve` needs it",
        ),
        (command("reserve", "reservation_id", json!(ID)), "missing field `quantity`"),
        (command("extend", "reservation_id", json!(ID)), "missing field `hold_seconds`"),
        (
            command("sell", "reservation_id", json!(ID)),
            "unknown field `reservation_id`: `sell` does not take",
        ),
        (
            command("commit", "from", json!("held")),
            "unknown field `from`: `commit` does not take it",
        ),
        (command("commit", "hold_seconds", json!(1)), "unknown field `hold_seconds`"),
        (command("receive", "colour", json!(1)), "unknown field `colour`"),
        (
            command("receive", "quantity", json!(1.5)),
            "`quantity` as a whole number from 1 to 2147483647",
        ),
        (command("receive", "quantity", json!(0)), "found 0"),
        (command_refusal(&json!(["reserve"])), "an object"),
    ] {
        assert!(refusal.contains(named), "{refusal:?} must name {named:?}");
    }
}

#[test]
fn the_id_of_a_frame_that_is_not_understood_can_be_told() {
    let id = |frame| ClientMessage::id_of_unread(frame).map(|id| id.to_string());
    assert_eq!(id(r#"{"type":"dance","id":"a","x":[1]}"#).as_deref(), Some("a"));
    assert_eq!(id(r#"{"type":"dance"}"#), None);
    assert_eq!(id(r#"{"id":7}"#), None);
    assert_eq!(id("no JSON"), None);
}
