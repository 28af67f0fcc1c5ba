//! A basket is granted whole or refused whole, over any number of keys, in any order, however many at once.

use saldo_protocol::{Reservation, ReservationStatus};
use saldo_tests::{Engine, Http, reserve_body, scaled, within};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const KEYS: usize = 50;

/// In flight at once in the long form: 2,000 baskets of 50 lines. Beyond the limit the answer is `overloaded`.
const IN_FLIGHT_MAX: &str = "131072";

/// Units of each key: enough for so many baskets at a time.
const BASKETS_THAT_FIT: i64 = 7;

fn skus(keys: usize) -> Vec<String> {
    (0..keys).map(|number| format!("SKU-{number:04}")).collect()
}

async fn filled(http: &Http, skus: &[String], units: i64) {
    for sku in skus {
        http.receive(sku, "X", units).await;
    }
}

fn basket<'a>(skus: impl IntoIterator<Item = &'a String>) -> Value {
    let lines: Vec<_> = skus.into_iter().map(|sku| (sku.as_str(), "X", 1)).collect();
    reserve_body(&lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn opposite_orders_cannot_deadlock() {
    let engine = Engine::with(&[("commands_in_flight_max", IN_FLIGHT_MAX)]).await;
    let http = engine.http();
    let skus = skus(KEYS);
    filled(&http, &skus, BASKETS_THAT_FIT).await;
    let forth = basket(&skus);
    let back = basket(skus.iter().rev());
    let times = scaled(100, 1_000);
    let mut baskets = JoinSet::new();
    for number in 0..2 * times {
        let body = if number % 2 == 0 { forth.clone() } else { back.clone() };
        let http = http.clone();
        baskets.spawn(async move { http.post("/v1/reservations", body).await });
    }
    let told = within("all baskets", baskets.join_all()).await;
    let mut granted = Vec::new();
    for told in told {
        if told.status == 201 {
            let reservation: Reservation = told.with_status(201);
            assert_eq!(reservation.lines.len(), KEYS);
            assert!(reservation.lines.iter().all(|line| line.held == 1), "{reservation:?}");
            granted.push(reservation.id);
        } else {
            told.refused(409, "insufficient_stock");
        }
    }
    let held = i64::try_from(granted.len()).expect("a count");
    assert!((1..=BASKETS_THAT_FIT).contains(&held), "{held} baskets granted");
    for sku in &skus {
        assert_eq!(http.level(sku, "X").await.reserved, held, "{sku}");
    }
    for id in granted {
        let told = http.post_nothing(&format!("/v1/reservations/{id}/release")).await;
        assert_eq!(told.ok::<Reservation>().status, ReservationStatus::Released);
    }
    for sku in &skus {
        let level = http.level(sku, "X").await;
        assert_eq!((level.reserved, level.available), (0, BASKETS_THAT_FIT), "{sku}");
    }
    // Also the home, the first key, tells of each unit once.
    for sku in [&skus[0], &skus[KEYS - 1]] {
        let movements = http.movements(sku, "X").await;
        assert!(movements.iter().all(|movement| movement.after.available >= 0));
        for movement in movements {
            let moved = movement.after.reserved - movement.before.reserved;
            if moved != 0 {
                assert_eq!(moved.abs(), movement.quantity, "{movement:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_names_every_line_that_fell_short() {
    let engine = Engine::start().await;
    let http = engine.http();
    for (sku, units) in [("A", 1), ("B", 5), ("C", 2), ("D", 9)] {
        http.receive(sku, "X", units).await;
    }
    let lines = [("A", "X", 3), ("B", "X", 5), ("C", "X", 4), ("D", "X", 1), ("C", "X", 1)];
    let problem = http.reserve(&lines).await.refused(409, "insufficient_stock");
    assert_eq!(
        problem["lines"],
        json!([
            {"sku": "A", "location": "X", "code": "insufficient_stock", "requested": 3, "available": 1},
            {"sku": "C", "location": "X", "code": "insufficient_stock", "requested": 5, "available": 2},
        ])
    );
    // An unknown key comes first in precedence; each line keeps its own code.
    let lines = [("A", "X", 3), ("NONE", "X", 1), ("D", "X", 1)];
    let problem = http.reserve(&lines).await.refused(404, "unknown_stock");
    let codes: Vec<_> = problem["lines"].as_array().expect("lines").iter().collect();
    assert_eq!(codes.len(), 2, "{problem}");
    assert_eq!((&codes[0]["sku"], &codes[0]["code"]), (&json!("A"), &json!("insufficient_stock")));
    assert_eq!((&codes[1]["sku"], &codes[1]["code"]), (&json!("NONE"), &json!("unknown_stock")));
    for sku in ["A", "B", "C", "D"] {
        assert_eq!(http.level(sku, "X").await.reserved, 0, "{sku}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partial_grants_each_line_what_there_is() {
    let engine = Engine::start().await;
    let http = engine.http();
    for (sku, units) in [("A", 1), ("B", 5)] {
        http.receive(sku, "X", units).await;
    }
    http.put("/v1/stock/C/X/policy", json!({"safety_stock": 0})).await.ok::<Value>();
    let mut body = reserve_body(&[("A", "X", 3), ("B", "X", 5), ("C", "X", 2)]);
    body["mode"] = json!("partial");
    let granted: Reservation = http.post("/v1/reservations", body.clone()).await.with_status(201);
    let mut got: Vec<_> =
        granted.lines.iter().map(|it| (it.sku.as_str(), it.requested, it.quantity)).collect();
    got.sort_unstable();
    assert_eq!(got, [("A", 3, 1), ("B", 5, 5), ("C", 2, 0)]);
    let problem = http.post("/v1/reservations", body).await.refused(409, "insufficient_stock");
    assert_eq!(problem["lines"].as_array().map(Vec::len), Some(3), "{problem}");
    let mut unknown = reserve_body(&[("A", "X", 1), ("NONE", "X", 1)]);
    unknown["mode"] = json!("partial");
    http.post("/v1/reservations", unknown).await.refused(404, "unknown_stock");
    let committed = http.step(granted.id, "commit", json!({})).await.ok::<Reservation>();
    assert_eq!(committed.status, ReservationStatus::Committed);
    assert_eq!(http.level("B", "X").await.committed, 5);
    assert_eq!(http.level("A", "X").await.reserved, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_lines_and_one_more() {
    let engine = Engine::start().await;
    let http = engine.http();
    let skus = skus(1_001);
    let mut receipts = JoinSet::new();
    for sku in skus.clone() {
        let http = http.clone();
        receipts.spawn(async move { http.receive(&sku, "X", 1).await });
    }
    receipts.join_all().await;
    let one_too_many = http.post("/v1/reservations", basket(&skus)).await;
    one_too_many.refused(422, "limit_exceeded");
    let told = http.post("/v1/reservations", basket(&skus[..1_000])).await;
    let granted: Reservation = told.with_status(201);
    assert_eq!(granted.lines.len(), 1_000);
    for verb in ["commit", "fulfil"] {
        let told = http.post_nothing(&format!("/v1/reservations/{}/{verb}", granted.id)).await;
        told.ok::<Value>();
    }
    let items: Vec<_> = skus[..1_000].iter().map(|sku| json!({"sku": sku})).collect();
    let told = http.post("/v1/availability:query", json!({"items": items})).await.ok::<Value>();
    let levels = told["levels"].as_array().expect("levels");
    assert_eq!(levels.len(), 1_000);
    assert!(levels.iter().all(|level| level["on_hand"] == 0 && level["committed"] == 0));
    assert_eq!(http.level(&skus[1_000], "X").await.on_hand, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_with_lines_takes_all_of_them_or_none() {
    let engine = Engine::start().await;
    let http = engine.http();
    for sku in ["A", "B", "C"] {
        http.receive(sku, "X", 10).await;
    }
    let cart = http.granted(&[("A", "X", 3), ("B", "X", 4)]).await;
    let lines = json!({"lines": [
        {"sku": "A", "location": "X", "quantity": 3},
        {"sku": "B", "location": "X", "quantity": 5},
        {"sku": "C", "location": "X", "quantity": 1},
    ]});
    let problem = http.step(cart.id, "commit", lines).await.refused(409, "quantity_exceeds_held");
    let short: Vec<_> = problem["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| (line["sku"].clone(), line["requested"].clone(), line["available"].clone()))
        .collect();
    assert_eq!(short, [(json!("B"), json!(5), json!(4)), (json!("C"), json!(1), json!(0))]);
    assert_eq!(http.level("A", "X").await.committed, 0);
    let part = json!({"lines": [{"sku": "B", "location": "X", "quantity": 1}]});
    let told = http.step(cart.id, "commit", part).await.ok::<Reservation>();
    assert_eq!(told.status, ReservationStatus::Mixed);
    assert_eq!(http.level("B", "X").await.committed, 1);
    assert_eq!(http.level("B", "X").await.reserved, 3);
}
