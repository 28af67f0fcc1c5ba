//! Never oversold: however many ask at once, exactly the units that are there are granted.

use saldo_protocol::{Action, Code, Command, Location, MovementKind, Quantity, Reply, Sku};
use saldo_tests::{Engine, Http, scaled, uuid};
use serde_json::json;
use tokio::task::JoinSet;

const CLIENTS: usize = 64;
const SKU: &str = "HOT";
const LOCATION: &str = "OSLO-1";

fn stock() -> i64 {
    i64::try_from(scaled(1_000, 5_000)).expect("a stock")
}

/// Every unit is granted, none twice, and the books say so.
async fn sold_out(http: &Http, stock: i64, granted: usize) {
    assert_eq!(i64::try_from(granted).expect("a count"), stock);
    let level = http.level(SKU, LOCATION).await;
    assert_eq!((level.on_hand, level.reserved, level.available), (stock, stock, 0));
    let movements = http.movements(SKU, LOCATION).await;
    assert_eq!(u64::try_from(movements.len()).expect("a count"), level.version);
    let mut reserved = 0;
    for (version, movement) in (1..).zip(&movements) {
        assert_eq!(movement.version, version);
        assert_eq!(movement.before.reserved, reserved);
        assert!(movement.after.available >= 0, "{movement:?}");
        if movement.kind == MovementKind::Reserved {
            reserved += movement.quantity;
        }
        assert_eq!(movement.after.reserved, reserved);
    }
    assert_eq!(reserved, stock);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_http() {
    let (engine, stock) = (Engine::start().await, stock());
    let http = engine.http();
    http.receive(SKU, LOCATION, stock).await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let http = http.clone();
        clients.spawn(async move {
            for granted in 0.. {
                let told = http.reserve(&[(SKU, LOCATION, 1)]).await;
                if told.status != 201 {
                    let problem = told.refused(409, "insufficient_stock");
                    let line = &problem["lines"][0];
                    assert_eq!((&line["requested"], &line["available"]), (&json!(1), &json!(0)));
                    return granted;
                }
            }
            0_usize
        });
    }
    let granted = clients.join_all().await.iter().sum();
    sold_out(&http, stock, granted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn by_commands_of_the_feed() {
    let (engine, stock) = (Engine::start().await, stock());
    let http = engine.http();
    http.receive(SKU, LOCATION, stock).await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let feed = engine.feed().await;
        clients.spawn(async move {
            for granted in 0.. {
                let replies = feed.commands(vec![reserve_one()]).await.expect("replies");
                match replies.as_slice() {
                    [Reply::Done { available, expires_at: Some(_), replayed: false, .. }] => {
                        assert!(*available >= 0);
                    }
                    [Reply::Refused { code: Code::InsufficientStock, available: Some(0) }] => {
                        return granted;
                    }
                    other => panic!("{other:?}"),
                }
            }
            0_usize
        });
    }
    let granted = clients.join_all().await.iter().sum();
    sold_out(&http, stock, granted).await;
}

/// Frames of many commands over one connection, past what is there.
#[tokio::test(flavor = "multi_thread")]
async fn by_frames_of_many_commands() {
    let (engine, stock) = (Engine::start().await, stock());
    let http = engine.http();
    http.receive(SKU, LOCATION, stock).await;
    let feed = engine.feed().await;
    let mut frames = Vec::new();
    for _ in 0..12 {
        let commands = (0..stock / 10).map(|_| reserve_one()).collect();
        frames.push(feed.send_commands(commands).await.expect("a frame sent"));
    }
    let mut granted = 0;
    for frame in frames {
        let replies = frame.receive().await.expect("replies");
        granted += replies.iter().filter(|reply| matches!(reply, Reply::Done { .. })).count();
    }
    sold_out(&http, stock, granted).await;
}

/// A reserve and a sale of the last unit: one of them gets it; safety stock and oversell limit move the line.
#[tokio::test(flavor = "multi_thread")]
async fn policies_move_the_line() {
    let engine = Engine::start().await;
    let http = engine.http();
    http.receive("A", "X", 10).await;
    let policy = http.put("/v1/stock/A/X/policy", json!({"safety_stock": 4})).await;
    assert_eq!(policy.json()["available"], 6);
    http.granted(&[("A", "X", 5)]).await;
    http.reserve(&[("A", "X", 2)]).await.refused(409, "insufficient_stock");
    let both = tokio::join!(
        http.reserve(&[("A", "X", 1)]),
        http.change("A", "X", "sell", json!({"quantity": 1})),
    );
    let done = [both.0.status == 201, both.1.status == 200];
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{both:?}");
    let policy = http.put("/v1/stock/A/X/policy", json!({"oversell_limit": 3})).await;
    assert_eq!(
        (&policy.json()["safety_stock"], &policy.json()["available"]),
        (&json!(4), &json!(0))
    );
    http.reserve(&[("A", "X", 4)]).await.refused(409, "insufficient_stock");
    http.granted(&[("A", "X", 3)]).await;
    assert_eq!(http.level("A", "X").await.available, -3);
    let fact = http.change("A", "X", "sell", json!({"quantity": 2, "handed_over": true})).await;
    assert_eq!(fact.json()["available"], -5);
    http.change("A", "X", "sell", json!({"quantity": 1})).await.refused(409, "insufficient_stock");
}

fn reserve_one() -> Command {
    Command {
        key: None,
        sku: Sku::new(SKU).expect("a SKU"),
        location: Location::new(LOCATION).expect("a location"),
        action: Action::Reserve {
            reservation_id: uuid(),
            quantity: Quantity::new(1).expect("a quantity"),
            hold_seconds: None,
        },
    }
}
