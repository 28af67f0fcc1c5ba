//! Every type has one JSON form, and it is the one written here: requests and answers, field by field.

use saldo_protocol::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;

const ID: &str = "01940000-0000-7000-8000-000000000001";
const AT: &str = "2026-01-31T08:15:00.000000Z";

/// The JSON reads as a `T` that writes the same JSON and reads back as itself.
fn golden<T: Serialize + DeserializeOwned + Debug + PartialEq>(json: &Value) -> T {
    let value: T = parse_body(json.to_string().as_bytes()).expect("golden JSON must be read");
    assert_eq!(&serde_json::to_value(&value).expect("must be written"), json);
    let again: T = serde_json::from_value(json.clone()).expect("must be read again");
    assert_eq!(again, value);
    value
}

/// The short form reads as the same value as the long one, which is how it is written.
fn short_form<T: Serialize + DeserializeOwned + Debug + PartialEq>(short: &Value, long: &Value) {
    let value: T = parse_body(short.to_string().as_bytes()).expect("short form must be read");
    assert_eq!(value, golden::<T>(long));
}

fn level() -> Value {
    json!({"sku": "A", "location": "L", "on_hand": -1, "reserved": 2, "committed": 3, "damaged": 4,
        "quality_control": 5, "safety_stock": 6, "incoming": 7, "available": -21, "oversell_limit": 8,
        "version": 9, "as_of": AT})
}

fn reservation() -> Value {
    json!({"id": ID, "status": "mixed", "lines": [{"sku": "A", "location": "L", "requested": 21,
        "quantity": 21, "held": 1, "committed": 2, "fulfilled": 3, "released": 4, "expired": 5, "returned": 6}],
        "expires_at": null, "created_at": AT, "order_reference": null, "customer_reference": null,
        "channel": "web"})
}

#[test]
fn stock_calls() {
    golden::<ReceiveRequest>(
        &json!({"quantity": 1, "from_incoming": true, "reason": "r", "reference": "f"}),
    );
    short_form::<ReceiveRequest>(
        &json!({"quantity": 5, "from_incoming": null, "reason": null}),
        &json!({"quantity": 5, "from_incoming": false}),
    );
    for bucket in ["on_hand", "damaged", "quality_control", "incoming"] {
        golden::<AdjustRequest>(
            &json!({"delta": -3, "bucket": bucket, "reason": "r", "reference": "f"}),
        );
    }
    short_form::<AdjustRequest>(
        &json!({"reason": "r", "delta": 3}),
        &json!({"delta": 3, "bucket": "on_hand", "reason": "r"}),
    );
    golden::<CountRequest>(&json!({"counted": 0, "at_version": 17, "reference": "f"}));
    golden::<CountRequest>(&json!({"counted": 2_147_483_647}));
    golden::<PolicyRequest>(&json!({"safety_stock": 5, "oversell_limit": 0}));
    golden::<PolicyRequest>(&json!({}));
    golden::<SellRequest>(&json!({"quantity": 1, "handed_over": true, "reference": "f"}));
    short_form::<SellRequest>(
        &json!({"quantity": 1}),
        &json!({"quantity": 1, "handed_over": false}),
    );
}

#[test]
fn reservation_calls() {
    let line = json!({"sku": "A", "location": "L", "quantity": 2});
    let reserve = golden::<ReserveRequest>(&json!({"id": ID, "lines": [line], "hold_seconds": 900,
        "mode": "partial", "order_reference": "o", "customer_reference": "c", "channel": "web"}));
    assert_eq!(reserve.lines[0].quantity.get(), 2);
    short_form::<ReserveRequest>(
        &json!({"mode": null, "lines": [line], "id": null}),
        &json!({"lines": [line], "mode": "all_or_nothing"}),
    );
    golden::<AddLinesRequest>(&json!({"lines": [line], "hold_seconds": 1, "mode": "partial"}));
    golden::<CommitRequest>(&json!({"lines": [line]}));
    golden::<FulfilRequest>(&json!({"lines": [line]}));
    golden::<ReleaseRequest>(&json!({"lines": [line], "from": "committed"}));
    short_form::<ReleaseRequest>(&json!({}), &json!({"from": "held"}));
    golden::<ExtendRequest>(&json!({"hold_seconds": 604_800}));
    for empty in ["", " \n", "{}"] {
        assert_eq!(
            parse_body::<CommitRequest>(empty.as_bytes()).expect("may be empty").lines,
            None
        );
    }
}

#[test]
fn returns_and_availability() {
    let line = json!({"sku": "A", "location": "L", "quantity": 1, "to_location": "M", "condition": "damaged"});
    golden::<ReturnLinesRequest>(&json!({"lines": [line]}));
    short_form::<ReturnLinesRequest>(
        &json!({"lines": [{"sku": "A", "location": "L", "quantity": 1}]}),
        &json!({"lines": [{"sku": "A", "location": "L", "quantity": 1, "condition": "sellable"}]}),
    );
    let line = json!({"sku": "A", "location": "L", "quantity": 1, "condition": "quality_control"});
    golden::<ReturnWithoutOrderRequest>(&json!({"lines": [line], "reason": "r"}));
    golden::<ReturnedLevels>(&json!({"levels": [level()]}));
    golden::<AvailabilityQuery>(&json!({"items": [{"sku": "A"}, {"sku": "A", "location": "L"}]}));
    golden::<AvailabilityQuery>(&json!({"items": []}));
    golden::<Availability>(
        &json!({"levels": [level()], "unknown": [{"sku": "A"}, {"sku": "A", "location": "L"}]}),
    );
}

#[test]
fn answers() {
    let read = golden::<Level>(&level());
    assert_eq!(read.as_of.as_micros(), 1_769_847_300_000_000);
    golden::<SkuLevels>(&json!({"sku": "A", "available": 0, "levels": [level()]}));
    golden::<Reservation>(&reservation());
    let mut held = reservation();
    held["expires_at"] = json!(AT);
    for status in ["held", "committed", "fulfilled", "released", "expired", "mixed"] {
        held["status"] = json!(status);
        golden::<Reservation>(&held);
    }
    golden::<Reservations>(&json!({"reservations": [held], "next_cursor": null}));
}

#[test]
fn movements() {
    let balances = json!({"on_hand": 1, "reserved": 2, "committed": 3, "damaged": 4, "quality_control": 5,
        "safety_stock": 6, "incoming": 7, "available": 8});
    let kinds = "received adjusted counted policy_set reserved extended committed fulfilled released expired \
        returned sold opening";
    for kind in kinds.split_whitespace() {
        let mut movement = json!({"cursor": "x", "sku": "A", "location": "L", "version": 1, "kind": kind,
            "quantity": -1, "before": balances, "after": balances, "at": AT});
        golden::<Movement>(&movement);
        movement["reservation_id"] = json!(ID);
        movement["reason"] = json!("r");
        movement["reference"] = json!("f");
        golden::<Movements>(&json!({"movements": [movement], "next_cursor": "y"}));
    }
}

#[test]
fn problems() {
    let line = ProblemLine {
        sku: "A".into(),
        location: "L".into(),
        code: Code::InsufficientStock,
        requested: 3,
        available: 1,
    };
    let problem = Problem::new(Code::InsufficientStock, "1 of 2 lines fell short");
    let mut expected = json!({"type": "urn:saldo:problem:insufficient_stock", "title": "Not enough stock",
        "status": 409, "detail": "1 of 2 lines fell short", "code": "insufficient_stock"});
    assert_eq!(golden::<Problem>(&expected), problem);
    expected["lines"] = json!([{"sku": "A", "location": "L", "code": "insufficient_stock", "requested": 3,
        "available": 1}]);
    assert_eq!(golden::<Problem>(&expected), problem.with_lines(vec![line]));
}

#[test]
fn answers_tolerate_what_a_newer_engine_adds() {
    let mut newer = level();
    newer["colour"] = json!("black");
    assert!(serde_json::from_value::<Level>(newer).is_ok());
    let mut newer = reservation();
    newer["lines"][0]["colour"] = json!("black");
    assert!(serde_json::from_value::<Reservation>(newer).is_ok());
    let newer = json!({"ok": true, "version": 1, "available": 2, "colour": "black"});
    assert!(serde_json::from_value::<Reply>(newer).is_ok());
    let newer = json!({"type": "pong", "colour": "black"});
    assert!(serde_json::from_value::<ServerMessage>(newer).is_ok());
}

#[test]
fn query_strings() {
    golden::<ReservationsQuery>(&json!({"order_reference": "o", "cursor": "x"}));
    golden::<ReservationsQuery>(&json!({"customer_reference": "c"}));
    golden::<MovementsQuery>(&json!({"sku": "A", "location": "L"}));
    // In a query string every value is a text.
    let page: PageQuery = serde_json::from_value(json!({"limit": "1000"})).expect("a limit");
    assert_eq!(page.limit.map(PageLimit::get), Some(1000));
    assert_eq!(PageLimit::default().get(), 100);
    for limit in ["0", "1001", "-1", "1.5", "", "many"] {
        let error = serde_json::from_value::<PageQuery>(json!({"limit": limit})).expect_err(limit);
        assert!(error.to_string().contains("`limit`"), "{error}");
    }
}
