//! Memory follows the keys in use, not the catalogue: actors leave and come back, and nobody can tell.

use saldo_protocol::{Reservation, ReservationStatus};
use saldo_tests::{Engine, Follower, eventually, reserve_body, scaled};
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// Actors that may be awake: the least that the setting takes.
const ACTIVE_MAX: usize = 16;
/// Keys whose hold ends while its actor is away.
const EXPIRING: usize = 20;

fn sku(number: usize) -> String {
    format!("SKU-{number:06}")
}

/// Hands every number to `task`, some at a time, and gathers what comes of it.
async fn each<T: Send + 'static, F>(numbers: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    for number in 0..numbers {
        if running.len() >= 32 {
            done.extend(running.join_next().await.map(|it| it.expect("a task that ends")));
        }
        running.spawn(task(number));
    }
    done.extend(running.join_all().await);
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_tell() {
    let engine = Engine::with(&[("active_actors_max", "16"), ("actor_idle_seconds", "1")]).await;
    let http = engine.http();
    let keys = scaled(1_000, 100_000);
    each(keys, |number| {
        let http = http.clone();
        async move { http.receive(&sku(number), "X", 10).await }
    })
    .await;
    let carts = each(keys, |number| {
        let http = http.clone();
        async move {
            let mut body = reserve_body(&[(&sku(number), "X", 3)]);
            body["hold_seconds"] = json!(if number < EXPIRING { 1 } else { 900 });
            let cart: Reservation = http.post("/v1/reservations", body).await.with_status(201);
            (number, cart.id)
        }
    })
    .await;
    let active = eventually("as few actors as are allowed", || async {
        let active = http.metric("saldo_actors_active ").await;
        (active <= 16.0).then_some(active)
    })
    .await;
    assert!(active <= 16.0, "{ACTIVE_MAX} may be awake, {active} are");
    let mut follower = Follower::of_everything(&engine.feed().await).await;
    assert_eq!(follower.keys(), keys);
    for number in 0..EXPIRING {
        follower.until(&sku(number), "X", |level| level.version == 3 && level.reserved == 0).await;
    }
    each(carts.len(), |place| {
        let (http, (number, id)) = (http.clone(), carts[place]);
        async move {
            let told = http.step(id, "commit", json!({})).await;
            if number < EXPIRING {
                told.refused(410, "reservation_expired");
            } else {
                assert_eq!(told.ok::<Reservation>().status, ReservationStatus::Committed);
            }
        }
    })
    .await;
    assert!(http.metric("saldo_actors_woken ").await > 0.0);
    let engine = engine.kill().await.start().await;
    let http = engine.http();
    each(keys, |number| {
        let http = http.clone();
        async move {
            let level = http.level(&sku(number), "X").await;
            let committed = if number < EXPIRING { 0 } else { 3 };
            let told = (level.on_hand, level.reserved, level.committed, level.version);
            assert_eq!(told, (10, 0, committed, 3), "{}", level.sku);
        }
    })
    .await;
    let stopped = engine.stop().await;
    assert!(stopped.verify().await.contains("drift     0"));
}

/// Baskets over more keys than may be awake.
#[tokio::test(flavor = "multi_thread")]
async fn baskets_larger_than_the_limit() {
    let engine = Engine::with(&[("active_actors_max", "16")]).await;
    let http = engine.http();
    let skus: Vec<String> = (0..100).map(sku).collect();
    for sku in &skus {
        http.receive(sku, "X", 8).await;
    }
    let forth: Vec<_> = skus.iter().map(|sku| (sku.as_str(), "X", 1)).collect();
    let back: Vec<_> = forth.iter().rev().copied().collect();
    let bodies = [reserve_body(&forth), reserve_body(&back)];
    let carts = each(8, |number| {
        let (http, body) = (http.clone(), bodies[number % 2].clone());
        async move { http.post("/v1/reservations", body).await.with_status::<Reservation>(201).id }
    })
    .await;
    http.reserve(&[(&skus[50], "X", 1)]).await.refused(409, "insufficient_stock");
    for id in carts {
        http.step(id, "commit", json!({})).await.ok::<Value>();
        http.step(id, "fulfil", json!({})).await.ok::<Value>();
    }
    for sku in &skus {
        let level = http.level(sku, "X").await;
        assert_eq!((level.on_hand, level.reserved, level.committed), (0, 0, 0), "{sku}");
    }
}
