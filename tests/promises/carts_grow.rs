//! An open reservation takes further lines, under the rules of a reserve.

use saldo_protocol::{Reservation, ReservationStatus};
use saldo_tests::{Engine, Follower, Http, line, reserve_body, uuid};
use serde_json::{Value, json};
use tokio::task::JoinSet;

async fn stocked() -> (Engine, Http) {
    let engine = Engine::start().await;
    let http = engine.http();
    for sku in ["A", "B", "C"] {
        http.receive(sku, "X", 10).await;
    }
    (engine, http)
}

fn quantities(reservation: &Reservation) -> Vec<(&str, u64)> {
    let mut all: Vec<_> =
        reservation.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
    all.sort_unstable();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn by_new_lines_and_by_more_of_a_line() {
    let (_engine, http) = stocked().await;
    let cart = http.granted(&[("B", "X", 2)]).await;
    let more = json!({"lines": [line("A", "X", 1), line("B", "X", 3), line("A", "X", 1)]});
    let grown: Reservation = http.step(cart.id, "lines", more).await.ok();
    assert_eq!(quantities(&grown), [("A", 2), ("B", 5)]);
    assert_eq!((grown.id, grown.status), (cart.id, ReservationStatus::Held));
    assert_eq!((grown.created_at, grown.expires_at), (cart.created_at, cart.expires_at));
    assert_eq!(http.level("A", "X").await.reserved, 2);
    assert_eq!(http.level("B", "X").await.reserved, 5);
    http.step(cart.id, "commit", json!({})).await.ok::<Value>();
    assert_eq!(http.level("A", "X").await.committed, 2);
    // Committed is open, too.
    let more = json!({"lines": [line("C", "X", 1)]});
    let mixed: Reservation = http.step(cart.id, "lines", more).await.ok();
    assert_eq!((mixed.status, mixed.lines.len()), (ReservationStatus::Mixed, 3));
    http.step(cart.id, "release", json!({})).await.ok::<Value>();
    assert_eq!(http.level("C", "X").await.reserved, 0);
    assert_eq!(http.reservation(cart.id).await.status, ReservationStatus::Committed);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_or_nothing_or_in_part() {
    let (_engine, http) = stocked().await;
    let cart = http.granted(&[("A", "X", 1)]).await;
    let mut body = json!({"lines": [line("B", "X", 2), line("C", "X", 11), line("A", "X", 10)]});
    let problem = http.step(cart.id, "lines", body.clone()).await;
    let problem = problem.refused(409, "insufficient_stock");
    let short: Vec<_> =
        problem["lines"].as_array().expect("lines").iter().map(|it| it["sku"].clone()).collect();
    assert_eq!(short, ["A", "C"]);
    assert_eq!(quantities(&http.reservation(cart.id).await), [("A", 1)]);
    assert_eq!(http.level("B", "X").await.reserved, 0);
    body["mode"] = json!("partial");
    let grown: Reservation = http.step(cart.id, "lines", body).await.ok();
    assert_eq!(quantities(&grown), [("A", 10), ("B", 2), ("C", 10)]);
    let unknown = json!({"lines": [line("B", "X", 1), line("NONE", "X", 1)]});
    http.step(cart.id, "lines", unknown).await.refused(404, "unknown_stock");
    assert_eq!(http.level("B", "X").await.reserved, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_later_deadline_but_never_an_earlier_one() {
    let (_engine, http) = stocked().await;
    let mut body = reserve_body(&[("A", "X", 1), ("B", "X", 1)]);
    body["hold_seconds"] = json!(60);
    let cart: Reservation = http.post("/v1/reservations", body).await.with_status(201);
    let told = |seconds: Option<u32>| {
        let body = json!({"lines": [line("C", "X", 1)], "hold_seconds": seconds});
        let http = http.clone();
        async move { http.step(cart.id, "lines", body).await.ok::<Reservation>().expires_at }
    };
    let first = cart.expires_at;
    assert_eq!(told(None).await, first);
    assert_eq!(told(Some(1)).await, first);
    let later = told(Some(600)).await.expect("a deadline");
    let seconds = later.as_micros().abs_diff(first.expect("a deadline").as_micros()) / 1_000_000;
    assert!((539..=600).contains(&seconds), "{seconds} s later");
    let too_long = json!({"lines": [line("C", "X", 1)], "hold_seconds": 604_801});
    http.step(cart.id, "lines", too_long).await.refused(422, "limit_exceeded");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_while_it_is_open() {
    let (engine, http) = stocked().await;
    let more = json!({"lines": [line("B", "X", 1)]});
    http.step(uuid(), "lines", more.clone()).await.refused(404, "unknown_reservation");
    let released = http.granted(&[("A", "X", 1)]).await;
    http.step(released.id, "release", json!({})).await.ok::<Value>();
    http.step(released.id, "lines", more.clone()).await.refused(409, "reservation_closed");
    let fulfilled = http.granted(&[("A", "X", 1)]).await;
    for verb in ["commit", "fulfil"] {
        http.step(fulfilled.id, verb, json!({})).await.ok::<Value>();
    }
    http.step(fulfilled.id, "lines", more.clone()).await.refused(409, "reservation_closed");
    let mut body = reserve_body(&[("A", "X", 1), ("C", "X", 1)]);
    body["hold_seconds"] = json!(1);
    let expired: Reservation = http.post("/v1/reservations", body).await.with_status(201);
    let mut follower = Follower::of_everything(&engine.feed().await).await;
    follower.until("A", "X", |level| level.reserved == 0).await;
    follower.until("C", "X", |level| level.reserved == 0).await;
    http.step(expired.id, "lines", more).await.refused(410, "reservation_expired");
    assert_eq!(http.level("B", "X").await.reserved, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_and_each_once() {
    let (engine, http) = stocked().await;
    for number in 0..20 {
        http.receive(&format!("S{number}"), "X", 5).await;
    }
    let cart = http.granted(&[("B", "X", 1)]).await;
    let mut adds = JoinSet::new();
    for number in 0..40 {
        let (http, path) = (http.clone(), format!("/v1/reservations/{}/lines", cart.id));
        // Each of the 20 is sent twice under its key, at once.
        let number = number % 20;
        let lines = json!({"lines": [line(&format!("S{number}"), "X", 2), line("B", "X", 1)]});
        let mode = if number % 2 == 0 { "all_or_nothing" } else { "partial" };
        let body = json!({"lines": lines["lines"], "mode": mode});
        adds.spawn(async move { http.post_once(&format!("add-{number}"), &path, body).await });
    }
    let told = adds.join_all().await;
    assert!(told.iter().all(|told| matches!(told.status, 200 | 409)), "{told:?}");
    let grown = http.reservation(cart.id).await;
    let level = http.level("B", "X").await;
    let of_b = grown.lines.iter().find(|line| line.sku == "B").expect("its line").quantity;
    assert_eq!((i64::try_from(of_b), level.available >= 0), (Ok(level.reserved), true));
    for number in 0..20 {
        let sku = format!("S{number}");
        let of_sku =
            grown.lines.iter().find(|line| line.sku == sku).map_or(0, |line| line.quantity);
        assert!(matches!(of_sku, 0 | 2), "{sku}: {of_sku}");
        assert_eq!(http.level(&sku, "X").await.reserved, i64::try_from(of_sku).expect("units"));
    }
    let stopped = engine.kill().await;
    let http = stopped.start().await;
    assert_eq!(http.http().reservation(cart.id).await.lines, grown.lines);
}
