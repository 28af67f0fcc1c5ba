//! Lost answers, silent engines and interrupted runs change nothing: what was acknowledged is there once.

use crate::support::broken::silent_after;
use crate::support::engine::FakeEngine;
use crate::support::sales::{Sales, month};
use saldo_loadtest::replay::error::ReplayError;

#[tokio::test]
async fn answers_that_get_lost_and_are_asked_for_again_change_nothing() {
    let sales = month(3, 300).opening("0.6");
    let whole = sales.replay(FakeEngine::default()).await.unwrap();
    for one_in in [2, 7] {
        let engine = FakeEngine::default();
        engine.books.lock().loses_one_in = Some(one_in);
        let lossy = sales.replay(engine).await.unwrap();
        assert!(lossy.agrees, "{lossy}");
        assert_eq!((&lossy.tally, lossy.audit.movements), (&whole.tally, whole.audit.movements));
    }
}

/// Kills an engine in one of so many calls, in the middle of baskets too, and sends the call again.
fn killed(one_in: usize, interleaves: bool) -> FakeEngine {
    let engine = FakeEngine { interleaves, ..FakeEngine::default() };
    engine.books.lock().killed_one_in = Some(one_in);
    engine
}

#[tokio::test]
async fn an_engine_that_is_killed_in_the_middle_of_baskets_comes_to_the_same_unit() {
    let sales = month(3, 300).opening("0.6");
    let calm = FakeEngine::default();
    let whole = sales.replay(calm.clone()).await.unwrap();
    assert_eq!(whole.sent_again, 0);
    for one_in in [2, 3, 7] {
        let engine = killed(one_in, false);
        let report = sales.replay(engine.clone()).await.unwrap();
        assert!(report.agrees, "{report}");
        assert!(report.sent_again > 20, "{report}");
        assert_eq!(report.tally, whole.tally, "one in {one_in}");
        assert_eq!(report.audit.stock_crc, whole.audit.stock_crc, "one in {one_in}");
        assert!(report.audit.withdrawn > whole.audit.withdrawn, "{report}");
        let (calm, engine) = (calm.books.lock(), engine.books.lock());
        for key in calm.keys.keys() {
            assert_eq!(calm.balances(key), engine.balances(key), "{key:?}, one in {one_in}");
        }
    }
}

#[tokio::test]
async fn with_many_in_flight_an_engine_that_is_killed_still_agrees() {
    for (seed, one_in) in [(3, 2), (4, 5)] {
        let sales = month(seed, 300).opening("0.6").concurrency(16);
        let report = sales.replay(killed(one_in, true)).await.unwrap();
        assert!(report.agrees, "{report}");
        assert!(report.sent_again > 20, "{report}");
    }
}

#[tokio::test]
async fn a_silent_engine_ends_the_run_with_what_to_do() {
    let engine = FakeEngine::default();
    let error = month(3, 50).replay(silent_after(engine, 60)).await.unwrap_err();
    assert!(matches!(error, ReplayError::NoAnswer { .. }));
    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().contains("repeat the same command"), "{error}");
}

#[tokio::test]
async fn an_interrupted_run_is_carried_on_to_the_same_unit() {
    let sales = month(5, 300).opening("0.6");
    let whole = sales.replay(FakeEngine::default()).await.unwrap();
    for calls in [3, 40, 333, 700] {
        let engine = FakeEngine::default();
        let sales = month(5, 300).opening("0.6").carried_on();
        sales.replay(silent_after(engine.clone(), calls)).await.unwrap_err();
        let carried = sales.replay(engine.clone()).await.unwrap();
        assert!(carried.agrees, "after {calls} calls: {carried}");
        assert_eq!(carried.tally, whole.tally, "after {calls} calls");
        let again = sales.replay(engine).await.unwrap();
        assert!(again.agrees, "{again}");
        assert_eq!((&again.tally, &again.audit), (&carried.tally, &carried.audit));
    }
}

#[tokio::test]
async fn with_many_in_flight_a_run_that_is_carried_on_still_agrees() {
    for calls in [50, 500] {
        let engine = FakeEngine { interleaves: true, ..FakeEngine::default() };
        let sales = month(9, 300).opening("0.6").concurrency(16).carried_on();
        sales.replay(silent_after(engine.clone(), calls)).await.unwrap_err();
        let carried = sales.replay(engine).await.unwrap();
        assert!(carried.agrees, "after {calls} calls: {carried}");
    }
}

#[tokio::test]
async fn stock_of_another_run_is_not_taken_for_our_own() {
    let engine = FakeEngine::default();
    let sales = Sales::new(&[("1", "11111", 5, "1", "")]);
    sales.replay(engine.clone()).await.unwrap();
    let other = Sales::new(&[("1", "11111", 5, "1", "")]).opening("0.5");
    let error = other.replay(engine).await.unwrap_err();
    assert!(matches!(error, ReplayError::Occupied { events: 4, .. }), "{error}");
    assert_eq!(error.exit_code(), 1);
}

#[tokio::test]
async fn a_run_that_nobody_remembers_the_refusals_of_is_not_repeated() {
    let engine = FakeEngine::default();
    let sales = month(5, 300).opening("0.6");
    sales.replay(engine.clone()).await.unwrap();
    let error = sales.replay(engine.clone()).await.unwrap_err();
    assert!(matches!(error, ReplayError::SeenBefore), "{error}");
    let sales = month(5, 300).opening("0.6").carried_on();
    for _ in 0..2 {
        let error = sales.replay(engine.clone()).await.unwrap_err();
        assert!(matches!(error, ReplayError::SeenBefore), "{error}");
    }
}
