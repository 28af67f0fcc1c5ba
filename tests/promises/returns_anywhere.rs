//! What was bought anywhere can be returned anywhere, in any condition, but never more than was handed over.

use saldo_protocol::{Reservation, ReservationStatus};
use saldo_tests::{Engine, Http, line};
use serde_json::{Value, json};

/// An order of 4 units of A and 2 of B at WEB, handed over.
async fn fulfilled(http: &Http) -> Reservation {
    for sku in ["A", "B"] {
        http.receive(sku, "WEB", 10).await;
    }
    let order = http.granted(&[("A", "WEB", 4), ("B", "WEB", 2)]).await;
    http.step(order.id, "commit", json!({})).await.ok::<Value>();
    http.step(order.id, "fulfil", json!({})).await.ok()
}

fn back(sku: &str, quantity: i64, to: &str, condition: &str) -> Value {
    json!({"sku": sku, "location": "WEB", "quantity": quantity, "to_location": to, "condition": condition})
}

#[tokio::test(flavor = "multi_thread")]
async fn at_another_location_in_any_condition() {
    let engine = Engine::start().await;
    let http = engine.http();
    let order = fulfilled(&http).await;
    let lines = json!({"lines": [
        back("A", 1, "STORE", "sellable"), back("A", 1, "STORE", "damaged"),
        back("A", 1, "WEB", "quality_control"), back("B", 1, "STORE", "sellable"),
    ]});
    let told: Reservation = http.step(order.id, "return", lines).await.ok();
    // Returned counts as fulfilled.
    assert_eq!(told.status, ReservationStatus::Fulfilled);
    let line_a = told.lines.iter().find(|line| line.sku == "A").expect("its line");
    assert_eq!((line_a.quantity, line_a.fulfilled, line_a.returned), (4, 1, 3));
    let store = http.level("A", "STORE").await;
    assert_eq!((store.on_hand, store.damaged, store.available), (2, 1, 1));
    let web = http.level("A", "WEB").await;
    assert_eq!((web.on_hand, web.quality_control, web.available), (7, 1, 6));
    assert_eq!(http.level("B", "STORE").await.available, 1);
    assert_eq!(http.level("B", "WEB").await.on_hand, 8);
    let movement = http.movements("B", "STORE").await.pop().expect("a movement");
    assert_eq!(movement.reservation_id, Some(order.id));
    http.granted(&[("A", "STORE", 1)]).await;
    http.reserve(&[("A", "STORE", 1)]).await.refused(409, "insufficient_stock");
}

#[tokio::test(flavor = "multi_thread")]
async fn never_more_than_was_fulfilled() {
    let engine = Engine::start().await;
    let http = engine.http();
    let order = fulfilled(&http).await;
    let first = json!({"lines": [back("A", 3, "STORE", "sellable")]});
    http.step(order.id, "return", first).await.ok::<Value>();
    // Sums of a key count, and one line too many refuses all.
    for lines in [
        json!({"lines": [back("A", 2, "STORE", "sellable"), back("B", 1, "STORE", "sellable")]}),
        json!({"lines": [back("A", 1, "STORE", "sellable"), back("A", 1, "WEB", "damaged")]}),
    ] {
        let problem = http.step(order.id, "return", lines).await;
        let problem = problem.refused(409, "quantity_exceeds_fulfilled");
        assert_eq!(problem["lines"].as_array().map(Vec::len), Some(1), "{problem}");
        let line = &problem["lines"][0];
        assert_eq!(
            (&line["sku"], &line["requested"], &line["available"]),
            (&json!("A"), &json!(2), &json!(1))
        );
    }
    http.get("/v1/stock/B/STORE").await.refused(404, "unknown_stock");
    let last = json!({"lines": [back("A", 1, "STORE", "sellable")]});
    http.step(order.id, "return", last.clone()).await.ok::<Value>();
    http.step(order.id, "return", last).await.refused(409, "quantity_exceeds_fulfilled");
    // What is committed was not handed over.
    let open = http.granted(&[("B", "WEB", 1)]).await;
    http.step(open.id, "commit", json!({})).await.ok::<Value>();
    let early = json!({"lines": [back("B", 1, "WEB", "sellable")]});
    http.step(open.id, "return", early).await.refused(409, "quantity_exceeds_fulfilled");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_order() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 1).await;
    let mut damaged = line("B", "X", 2);
    damaged["condition"] = json!("damaged");
    let body = json!({"lines": [line("A", "X", 3), damaged], "reason": "no receipt"});
    let told: Value = http.post("/v1/returns", body).await.ok();
    let levels = told["levels"].as_array().expect("levels");
    assert_eq!(levels.len(), 2, "{told}");
    assert_eq!(http.level("A", "X").await.available, 4);
    let level = http.level("B", "X").await;
    assert_eq!((level.on_hand, level.damaged, level.available), (2, 2, 0));
    let movement = http.movements("B", "X").await.pop().expect("a movement");
    assert_eq!(movement.reason.as_deref(), Some("no receipt"));
    http.post("/v1/returns", json!({"lines": [line("A", "X", 1)]})).await.refused(400, "malformed");
}

#[tokio::test(flavor = "multi_thread")]
async fn once_over_several_keys_and_across_a_crash() {
    let engine = Engine::start().await;
    let http = engine.http();
    let order = fulfilled(&http).await;
    let path = format!("/v1/reservations/{}/return", order.id);
    let body =
        json!({"lines": [back("A", 2, "STORE", "sellable"), back("B", 1, "STORE", "damaged")]});
    let loose = json!({"lines": [line("A", "STORE", 1), line("C", "STORE", 1)], "reason": "found"});
    http.post_once("order", &path, body.clone()).await.ok::<Value>();
    http.post_once("loose", "/v1/returns", loose.clone()).await.ok::<Value>();
    let mut engine = engine;
    for _ in 0..2 {
        let http = engine.http();
        let told = http.post_once("order", &path, body.clone()).await;
        assert!(told.is_replayed(), "{}", told.text());
        let told = http.post_once("loose", "/v1/returns", loose.clone()).await;
        assert!(told.is_replayed(), "{}", told.text());
        assert_eq!(told.ok::<Value>()["levels"].as_array().map(Vec::len), Some(2));
        assert_eq!(http.level("A", "STORE").await.on_hand, 3);
        assert_eq!(http.level("B", "STORE").await.damaged, 1);
        assert_eq!(http.level("C", "STORE").await.on_hand, 1);
        engine = engine.kill().await.start().await;
    }
}

/// The reservation is closed and in the store; what comes back to it is told from that moment on.
#[tokio::test(flavor = "multi_thread")]
async fn a_return_to_a_closed_reservation_is_told_at_once() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 10).await;
    let id = http.granted(&[("A", "X", 3)]).await.id;
    for verb in ["commit", "fulfil"] {
        http.step(id, verb, json!({})).await.ok::<Reservation>();
    }
    let engine = engine.stop().await.start().await;
    let http = engine.http();
    for (returned, to) in [(1, "X"), (2, "Y"), (3, "X")] {
        let body = json!({"lines": [{
            "sku": "A", "location": "X", "quantity": 1, "to_location": to
        }]});
        let told: Reservation = http.step(id, "return", body).await.ok();
        for told in [told, http.reservation(id).await] {
            let line = &told.lines[0];
            assert_eq!((line.fulfilled, line.returned), (3 - returned, returned), "{line:?}");
        }
    }
}
