//! A change happens once, however often and however concurrently it is sent, across crashes too.

use saldo_protocol::{Level, Reservation, ReservationStatus};
use saldo_tests::{Engine, Http, Told, reserve_body, uuid};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const RESERVATIONS: &str = "/v1/reservations";
const REPEATS: usize = 20;

async fn stocked(units: i64) -> (Engine, Http) {
    let engine = Engine::start().await;
    let http = engine.http();
    for sku in ["A", "B"] {
        http.receive(sku, "X", units).await;
    }
    (engine, http)
}

/// A first answer or a repeat of one; the id that it tells.
fn id_of(told: &Told, replayed: bool) -> uuid::Uuid {
    assert_eq!((told.status, told.is_replayed()), (if replayed { 200 } else { 201 }, replayed));
    told.with_status::<Reservation>(told.status).id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_changes_nothing_and_tells_the_state_as_it_is_now() {
    let (_engine, http) = stocked(10).await;
    let body = reserve_body(&[("A", "X", 2), ("B", "X", 1)]);
    let first = http.post_once("k1", RESERVATIONS, body.clone()).await;
    let id = id_of(&first, false);
    assert_eq!(id_of(&http.post_once("k1", RESERVATIONS, body.clone()).await, true), id);
    http.step(id, "commit", json!({})).await.ok::<Value>();
    let version = http.level("A", "X").await.version;
    let now = http.post_once("k1", RESERVATIONS, body).await.ok::<Reservation>();
    assert_eq!((now.status, now.lines[0].quantity), (ReservationStatus::Committed, 2));
    assert_eq!(http.level("A", "X").await.version, version);
    // The body's meaning counts: order of members, white space, left-out defaults.
    let same = r#" { "mode":"all_or_nothing", "hold_seconds":null,
        "lines":[{"quantity":2,"location":"X","sku":"A"},{"location":"X","sku":"B","quantity":1}] }"#;
    let request = http
        .request(hyper::Method::POST, RESERVATIONS)
        .header("content-type", "application/json; charset=utf-8")
        .header("Idempotency-Key", "k1");
    assert_eq!(id_of(&http.send(request, same).await, true), id);
    let received = http.post_once("k2", "/v1/stock/A/X/receive", json!({"quantity": 5})).await;
    assert!(!received.is_replayed());
    let again = http.post_once("k2", "/v1/stock/A/X/receive", json!({"quantity": 5})).await;
    assert!(again.is_replayed());
    assert_eq!(again.ok::<Level>().on_hand, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_bound_to_its_call_and_body() {
    let (_engine, http) = stocked(10).await;
    let body = reserve_body(&[("A", "X", 2)]);
    let id = id_of(&http.post_once("k", RESERVATIONS, body.clone()).await, false);
    let other = reserve_body(&[("A", "X", 3)]);
    let told = http.post_once("k", RESERVATIONS, other).await;
    told.refused(422, "idempotency_key_reused");
    let told = http.post_once("k", "/v1/stock/A/X/receive", json!({"quantity": 2})).await;
    told.refused(422, "idempotency_key_reused");
    let told = http.post_once("k", &format!("{RESERVATIONS}/{id}/commit"), json!({})).await;
    told.refused(422, "idempotency_key_reused");
    // A repeat comes before every later refusal.
    http.step(id, "release", json!({})).await.ok::<Value>();
    http.granted(&[("A", "X", 10)]).await;
    let repeat = http.post_once("k", RESERVATIONS, body).await.ok::<Reservation>();
    assert_eq!((repeat.id, repeat.status), (id, ReservationStatus::Released));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_the_client_is_a_key_of_its_own_kind() {
    let (_engine, http) = stocked(10).await;
    let mut body = reserve_body(&[("A", "X", 2), ("B", "X", 2)]);
    let id = uuid();
    body["id"] = json!(id);
    assert_eq!(id_of(&http.post_once("k1", RESERVATIONS, body.clone()).await, false), id);
    assert_eq!(id_of(&http.post_once("k2", RESERVATIONS, body.clone()).await, true), id);
    assert_eq!(id_of(&http.post(RESERVATIONS, body.clone()).await, true), id);
    let mut other = body.clone();
    other["lines"][0]["quantity"] = json!(1);
    http.post(RESERVATIONS, other).await.refused(422, "idempotency_key_reused");
    let mut elsewhere = reserve_body(&[("B", "X", 2)]);
    elsewhere["id"] = json!(id);
    http.post(RESERVATIONS, elsewhere).await.refused(422, "idempotency_key_reused");
    assert_eq!(http.level("A", "X").await.reserved, 2);
    assert_eq!(http.level("B", "X").await.reserved, 2);
}

/// Sends the same at once, so often; all must be told the same, and it must have happened once.
async fn raced(http: &Http, key: Option<&'static str>, path: &'static str, body: Value) -> Told {
    let mut repeats = JoinSet::new();
    for _ in 0..REPEATS {
        let (http, body) = (http.clone(), body.clone());
        repeats.spawn(async move {
            match key {
                Some(key) => http.post_once(key, path, body).await,
                None => http.post(path, body).await,
            }
        });
    }
    let told = repeats.join_all().await;
    let (repeats, first): (Vec<_>, Vec<_>) = told.into_iter().partition(Told::is_replayed);
    assert_eq!(first.len(), 1, "{first:?}");
    assert!(repeats.iter().all(|told| told.status == 200), "{repeats:?}");
    for told in &repeats {
        assert_eq!(told.json()["id"], first[0].json()["id"]);
    }
    first[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_that_race_have_one_effect() {
    let (_engine, http) = stocked(100).await;
    raced(&http, Some("one"), RESERVATIONS, reserve_body(&[("A", "X", 1)])).await;
    raced(&http, Some("two"), RESERVATIONS, reserve_body(&[("A", "X", 1), ("B", "X", 1)])).await;
    let mut named = reserve_body(&[("A", "X", 1), ("B", "X", 1)]);
    named["id"] = json!(uuid());
    raced(&http, None, RESERVATIONS, named).await;
    raced(&http, Some("three"), "/v1/stock/B/X/receive", json!({"quantity": 7})).await;
    let returned = json!({"lines": [
        {"sku": "A", "location": "X", "quantity": 1}, {"sku": "B", "location": "X", "quantity": 1},
    ], "reason": "found"});
    raced(&http, Some("four"), "/v1/returns", returned).await;
    let (a, b) = (http.level("A", "X").await, http.level("B", "X").await);
    assert_eq!((a.reserved, a.on_hand), (3, 101));
    assert_eq!((b.reserved, b.on_hand), (2, 108));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_known_after_a_crash_and_after_a_stop() {
    let (engine, http) = stocked(10).await;
    let one = reserve_body(&[("A", "X", 1)]);
    let many = reserve_body(&[("A", "X", 2), ("B", "X", 1)]);
    let one_id = id_of(&http.post_once("one", RESERVATIONS, one.clone()).await, false);
    let many_id = id_of(&http.post_once("many", RESERVATIONS, many.clone()).await, false);
    let commit = format!("{RESERVATIONS}/{many_id}/commit");
    http.post_once("commit", &commit, json!({})).await.ok::<Value>();
    http.post_once("receive", "/v1/stock/A/X/receive", json!({"quantity": 3})).await.ok::<Value>();
    let engine = engine.kill().await.start().await;
    let engine = engine.stop().await.start().await;
    let http = engine.http();
    assert_eq!(id_of(&http.post_once("one", RESERVATIONS, one.clone()).await, true), one_id);
    assert_eq!(id_of(&http.post_once("many", RESERVATIONS, many).await, true), many_id);
    let told = http.post_once("commit", &commit, json!({})).await;
    assert!(told.is_replayed(), "{}", told.text());
    assert_eq!(told.ok::<Reservation>().status, ReservationStatus::Committed);
    let told = http.post_once("receive", "/v1/stock/A/X/receive", json!({"quantity": 3})).await;
    assert!(told.is_replayed(), "{}", told.text());
    let told = http.post_once("receive", "/v1/stock/A/X/receive", json!({"quantity": 4})).await;
    told.refused(422, "idempotency_key_reused");
    let level = http.level("A", "X").await;
    assert_eq!((level.on_hand, level.reserved, level.committed), (13, 1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_leaves_no_trace() {
    let (_engine, http) = stocked(1).await;
    let body = reserve_body(&[("A", "X", 2), ("B", "X", 1)]);
    let told = http.post_once("k", RESERVATIONS, body.clone()).await;
    told.refused(409, "insufficient_stock");
    http.receive("A", "X", 1).await;
    id_of(&http.post_once("k", RESERVATIONS, body).await, false);
    // Nor does it bind the key: after one, anything may stand under it.
    let far = reserve_body(&[("A", "X", 9)]);
    http.post_once("free", RESERVATIONS, far).await.refused(409, "insufficient_stock");
    let told = http.post_once("free", "/v1/stock/A/X/receive", json!({"quantity": 1})).await;
    assert_eq!(told.ok::<Level>().on_hand, 3);
}
