//! A stock take never wipes what was sold while it was under way.

use saldo_protocol::Level;
use saldo_tests::{Engine, Http};
use serde_json::json;

async fn counted(http: &Http, counted: i64, at_version: u64) -> Level {
    let body = json!({"counted": counted, "at_version": at_version});
    http.change("A", "X", "count", body).await.ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_since_the_shelf_was_counted_are_applied_on_top() {
    let engine = Engine::start().await;
    let http = engine.http();
    let shelf = http.receive("A", "X", 20).await;
    http.change("A", "X", "sell", json!({"quantity": 3})).await.ok::<Level>();
    http.receive("A", "X", 5).await;
    let order = http.granted(&[("A", "X", 4)]).await;
    http.step(order.id, "commit", json!({})).await.ok::<serde_json::Value>();
    http.step(order.id, "fulfil", json!({})).await.ok::<serde_json::Value>();
    let cart = http.granted(&[("A", "X", 2)]).await;
    // Two units were missing on the shelf: 18 − 3 + 5 − 4.
    let level = counted(&http, 18, shelf.version).await;
    assert_eq!((level.on_hand, level.reserved, level.available), (16, 2, 14));
    // At the newest version nothing is on top, and without one what was counted is what there is.
    assert_eq!(counted(&http, 15, level.version).await.on_hand, 15);
    let level: Level = http.change("A", "X", "count", json!({"counted": 1})).await.ok();
    assert_eq!((level.on_hand, level.reserved, level.available), (1, 2, -1));
    http.step(cart.id, "commit", json!({})).await.ok::<serde_json::Value>();
    let last = http.movements("A", "X").await.pop().expect("a movement");
    assert_eq!(last.version, http.level("A", "X").await.version);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_before_a_restart_still_counts() {
    let engine = Engine::start().await;
    let http = engine.http();
    let shelf = http.receive("A", "X", 20).await;
    http.change("A", "X", "sell", json!({"quantity": 3})).await.ok::<Level>();
    let engine = engine.kill().await.start().await;
    let http = engine.http();
    http.change("A", "X", "sell", json!({"quantity": 1})).await.ok::<Level>();
    assert_eq!(counted(&http, 20, shelf.version).await.on_hand, 16);
    let engine = engine.stop().await.start().await;
    let http = engine.http();
    assert_eq!(counted(&http, 20, shelf.version).await.on_hand, 16);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_in_the_future_is_refused() {
    let engine = Engine::start().await;
    let http = engine.http();
    let now = http.receive("A", "X", 20).await;
    let future = json!({"counted": 1, "at_version": now.version + 1});
    http.change("A", "X", "count", future).await.refused(412, "version_mismatch");
    assert_eq!(http.level("A", "X").await, now);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_creates_a_key() {
    let engine = Engine::start().await;
    let http = engine.http();
    let level: Level = http.change("NEW", "X", "count", json!({"counted": 7})).await.ok();
    assert_eq!((level.on_hand, level.version), (7, 1));
}
