//! A hundred thousand holds of one key fall due at about the same moment: every unit comes back, and meanwhile the key and
//! others go on selling. What live callers feel is told, and not judged: the machine has other work.

use std::time::{Duration, Instant};

use saldo_protocol::{Action, Command, HoldSeconds, Location, Quantity, Reply, Sku};
use saldo_tests::{Engine, Http, eventually, uuid};
use tokio::task::JoinSet;

const DUE: usize = 100_000;
const FRAME: usize = 8_000;
const HOLD_SECONDS: u32 = 6;
const LIVE_UNITS: i64 = 100_000;

fn reserve_one() -> Command {
    Command {
        key: None,
        sku: Sku::new("HOT").expect("a SKU"),
        location: Location::new("X").expect("a location"),
        action: Action::Reserve {
            reservation_id: uuid(),
            quantity: Quantity::new(1).expect("a quantity"),
            hold_seconds: Some(HoldSeconds::new(HOLD_SECONDS).expect("a length")),
        },
    }
}

/// Sells one unit after the other until `end`; when each call was sent, and how long it took.
async fn sell(http: Http, sku: &'static str, end: Instant) -> Vec<(Instant, Duration)> {
    let mut calls = Vec::new();
    while Instant::now() < end {
        let sent = Instant::now();
        http.granted(&[(sku, "X", 1)]).await;
        calls.push((sent, sent.elapsed()));
    }
    calls
}

fn p99_and_longest(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort_unstable();
    let at = times.len().saturating_sub(1);
    let place = |percent: usize| times.get(at * percent / 100).copied().unwrap_or_default();
    (place(99), place(100))
}

#[tokio::test(flavor = "multi_thread")]
async fn they_keep_nobody_waiting() {
    let engine = Engine::start().await;
    let http = engine.http();
    let due = i64::try_from(DUE).expect("a stock");
    http.receive("HOT", "X", due + LIVE_UNITS).await;
    http.receive("OTHER", "X", LIVE_UNITS).await;
    let feed = engine.feed().await;
    let mut left = DUE;
    let began = Instant::now();
    while left > 0 {
        let commands = (0..left.min(FRAME)).map(|_| reserve_one()).collect();
        let replies = feed.commands(commands).await.expect("replies");
        assert!(replies.iter().all(|reply| matches!(reply, Reply::Done { .. })));
        left -= replies.len();
    }
    let first_due = began + Duration::from_secs(HOLD_SECONDS.into());
    let over = Instant::now() + Duration::from_secs(u64::from(HOLD_SECONDS) + 2);
    let mut live = JoinSet::new();
    for sku in ["HOT", "OTHER"] {
        let selling = sell(http.clone(), sku, over);
        live.spawn(async move { (sku, selling.await) });
    }
    for (sku, calls) in live.join_all().await {
        let count = i64::try_from(calls.len()).expect("a count");
        let (before, during): (Vec<_>, Vec<_>) =
            calls.into_iter().partition(|(sent, _)| *sent < first_due);
        let took = |calls: Vec<(Instant, Duration)>| calls.into_iter().map(|it| it.1).collect();
        let (quiet, loud) = (p99_and_longest(took(before)), p99_and_longest(took(during)));
        println!(
            "{sku}: p99 {:?} before, {:?} while {DUE} fall due (longest {:?})",
            quiet.0, loud.0, loud.1
        );
        // Nothing is left of what fell due but the live callers' own holds, which are of the default length.
        eventually("every unit that fell due to come back", async || {
            (http.level(sku, "X").await.reserved == count).then_some(())
        })
        .await;
    }
}
