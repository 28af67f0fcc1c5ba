//! A hold ends at its deadline, never before: its units come back by themselves, and an outage is no deadline.

use saldo_protocol::{Movement, MovementKind, Reservation, ReservationStatus};
use saldo_tests::{Engine, Follower, Http, eventually, line, reserve_body};
use serde_json::{Value, json};

/// Units come back at most a second after the deadline (a promise); the rest is for a machine under load.
const LATE_MICROS_MAX: u64 = 1_500_000;

async fn held_for(http: &Http, seconds: u32, lines: &[(&str, &str, i64)]) -> Reservation {
    let mut body = reserve_body(lines);
    body["hold_seconds"] = json!(seconds);
    http.post("/v1/reservations", body).await.with_status(201)
}

fn deadline(cart: &Reservation) -> u64 {
    cart.expires_at.expect("a deadline").as_micros()
}

fn expiry<'a>(movements: &'a [Movement], cart: &Reservation) -> &'a Movement {
    let of_cart = movements.iter().find(|movement| {
        movement.kind == MovementKind::Expired && movement.reservation_id == Some(cart.id)
    });
    of_cart.expect("an expiry")
}

/// Waits, by the feed alone, until a hold of one second that is granted now has expired.
async fn a_second_passes(engine: &Engine) {
    let http = engine.http();
    http.receive("CLOCK", "X", 1).await;
    let mut follower = Follower::of_everything(&engine.feed().await).await;
    held_for(&http, 1, &[("CLOCK", "X", 1)]).await;
    follower.until("CLOCK", "X", |level| level.reserved == 1).await;
    follower.until("CLOCK", "X", |level| level.reserved == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn units_come_back_and_the_hold_is_gone() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 5).await;
    let mut follower = Follower::of_everything(&engine.feed().await).await;
    let cart = held_for(&http, 1, &[("A", "X", 3)]).await;
    follower.until("A", "X", |level| level.available == 2).await;
    let level = follower.until("A", "X", |level| level.available == 5).await;
    assert_eq!(level, http.level("A", "X").await);
    let movements = http.movements("A", "X").await;
    let expired = expiry(&movements, &cart);
    let at = expired.at.as_micros();
    assert!(at >= deadline(&cart), "expired before its deadline");
    assert!(at - deadline(&cart) <= LATE_MICROS_MAX, "{} µs late", at - deadline(&cart));
    assert_eq!(expired.quantity, 3);
    http.step(cart.id, "commit", json!({})).await.refused(410, "reservation_expired");
    let extend = http.step(cart.id, "extend", json!({"hold_seconds": 9})).await;
    extend.refused(410, "reservation_expired");
    let gone = http.reservation(cart.id).await;
    assert_eq!(
        (gone.status, gone.lines[0].expired, gone.expires_at),
        (ReservationStatus::Expired, 3, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserve_that_falls_short_takes_due_units() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 2).await;
    let cart = held_for(&http, 1, &[("A", "X", 2)]).await;
    let next: Reservation = eventually("the units of a due hold", || async {
        let told = http.reserve(&[("A", "X", 2)]).await;
        if told.status != 201 {
            told.refused(409, "insufficient_stock");
            return None;
        }
        Some(told.with_status(201))
    })
    .await;
    let waited = next.created_at.as_micros().checked_sub(deadline(&cart));
    let waited = waited.expect("units of a hold were promised again before its deadline");
    assert!(waited <= LATE_MICROS_MAX, "{waited} µs late");
    let movements = http.movements("A", "X").await;
    assert!(expiry(&movements, &cart).at <= next.created_at);
    assert!(movements.iter().all(|movement| movement.after.available >= 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_basket_returns_the_units_of_all_its_lines() {
    let engine = Engine::start().await;
    let http = engine.http();
    let skus: Vec<String> = (0..40).map(|number| format!("S{number:02}")).collect();
    for sku in &skus {
        http.receive(sku, "X", 2).await;
    }
    let mut follower = Follower::of_everything(&engine.feed().await).await;
    let lines: Vec<_> = skus.iter().map(|sku| (sku.as_str(), "X", 2)).collect();
    let cart = held_for(&http, 1, &lines).await;
    for sku in &skus {
        follower.until(sku, "X", |level| level.version >= 2 && level.reserved == 0).await;
        let movements = http.movements(sku, "X").await;
        let late = expiry(&movements, &cart).at.as_micros().checked_sub(deadline(&cart));
        assert!(late.is_some_and(|late| late <= LATE_MICROS_MAX), "{sku}: {late:?}");
    }
    http.step(cart.id, "commit", json!({})).await.refused(410, "reservation_expired");
    http.granted(&lines).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_in_time_stays() {
    let engine = Engine::start().await;
    let http = engine.http();
    for sku in ["A", "B"] {
        http.receive(sku, "X", 4).await;
    }
    let cart = held_for(&http, 2, &[("A", "X", 3), ("B", "X", 1)]).await;
    let part = json!({"lines": [line("A", "X", 1)]});
    http.step(cart.id, "commit", part).await.ok::<Value>();
    let mut follower = Follower::of_everything(&engine.feed().await).await;
    let level = follower.until("A", "X", |level| level.reserved == 0).await;
    assert_eq!((level.committed, level.available), (1, 3));
    follower.until("B", "X", |level| level.reserved == 0).await;
    let cart = http.reservation(cart.id).await;
    // Expired units are left aside while others remain.
    assert_eq!(cart.status, ReservationStatus::Committed);
    http.step(cart.id, "fulfil", json!({})).await.ok::<Value>();
}

#[tokio::test(flavor = "multi_thread")]
async fn extend_moves_the_deadline_within_the_longest_life() {
    let settings = [("hold_seconds_max", "1000"), ("hold_lifetime_seconds_max", "1000")];
    let engine = Engine::with(&settings).await;
    let http = engine.http();
    for sku in ["A", "B"] {
        http.receive(sku, "X", 4).await;
    }
    let cart = held_for(&http, 2, &[("A", "X", 1), ("B", "X", 1)]).await;
    let extended = http.step(cart.id, "extend", json!({"hold_seconds": 900})).await;
    let extended: Reservation = extended.ok();
    assert!(deadline(&extended) > deadline(&cart) + 800_000_000);
    let past = http.step(cart.id, "extend", json!({"hold_seconds": 1000})).await;
    past.refused(422, "limit_exceeded");
    let past = http.step(cart.id, "extend", json!({"hold_seconds": 1001})).await;
    past.refused(422, "limit_exceeded");
    a_second_passes(&engine).await;
    a_second_passes(&engine).await;
    assert_eq!(http.reservation(cart.id).await.expires_at, extended.expires_at);
    http.step(cart.id, "commit", json!({})).await.ok::<Value>();
    // The home of the reservation is its first key.
    let movements = http.movements("A", "X").await;
    assert!(movements.iter().any(|movement| movement.kind == MovementKind::Extended));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_gives_grace() {
    let engine = Engine::start().await;
    let http = engine.http();
    for sku in ["A", "B"] {
        http.receive(sku, "X", 4).await;
    }
    let one = held_for(&http, 1, &[("A", "X", 1)]).await;
    let many = held_for(&http, 1, &[("A", "X", 1), ("B", "X", 1)]).await;
    let engine = engine.kill().await.start_with(&[("restart_grace_seconds", "60")]).await;
    a_second_passes(&engine).await;
    let http = engine.http();
    for cart in [one, many] {
        let now = http.reservation(cart.id).await;
        assert!(deadline(&now) > deadline(&cart), "{now:?}");
        let told: Reservation = http.step(cart.id, "commit", json!({})).await.ok();
        assert_eq!(told.status, ReservationStatus::Committed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_grace_a_hold_expires_across_a_restart() {
    let engine = Engine::with(&[("restart_grace_seconds", "0")]).await;
    let http = engine.http();
    for sku in ["A", "B"] {
        http.receive(sku, "X", 4).await;
    }
    let one = held_for(&http, 1, &[("A", "X", 1)]).await;
    let many = held_for(&http, 1, &[("A", "X", 1), ("B", "X", 1)]).await;
    let engine = engine.kill().await.start().await;
    let mut follower = Follower::of_everything(&engine.feed().await).await;
    follower.until("A", "X", |level| level.reserved == 0).await;
    follower.until("B", "X", |level| level.reserved == 0).await;
    for cart in [one, many] {
        let told = engine.http().step(cart.id, "commit", json!({})).await;
        told.refused(410, "reservation_expired");
    }
}
