//! A file of sales becomes the calls that its rows ask for, in order of time, and every row is accounted for.

use crate::support::engine::FakeEngine;
use crate::support::sales::{LOCATION, Sales, month};
use saldo_loadtest::replay::goods::LeftOut;
use saldo_loadtest::replay::stock::Stock;

fn stock_of(engine: &FakeEngine, code: &str) -> Stock {
    let balances = engine.books.lock().balances(&(code.to_owned(), LOCATION.to_owned()));
    Stock { on_hand: balances.on_hand, reserved: balances.reserved, committed: balances.committed }
}

fn on_hand(engine: &FakeEngine, code: &str) -> i64 {
    let stock = stock_of(engine, code);
    assert_eq!((stock.reserved, stock.committed), (0, 0), "{code}");
    stock.on_hand
}

#[tokio::test]
async fn an_invoice_is_one_reservation_of_all_its_lines_and_a_code_on_several_lines_counts_as_their_sum()
 {
    let engine = FakeEngine::default();
    let sales = Sales::new(&[
        ("1", "85123a", 3, "2.5", "17850.0"),
        ("1", "85123A", 2, "2.5", "17850.0"),
        ("1", "22423", 1, "0.0", "17850.0"),
        ("1", "POST", 1, "18.0", "17850.0"),
    ]);
    let report = sales.replay(engine.clone()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!((report.tally.rows, report.tally.invoices, report.tally.granted), (4, 1, 1));
    assert_eq!((report.tally.units_opening, report.tally.units_sold), (6, 6));
    assert_eq!(report.tally.left_out[&LeftOut::Postage], 1);
    assert_eq!(report.tally.left_out_codes["POST"], 1);
    assert_eq!((on_hand(&engine, "85123A"), on_hand(&engine, "22423")), (0, 0));
    let verbs: Vec<_> = engine
        .books
        .lock()
        .calls
        .iter()
        .map(|call| call.split(' ').next().unwrap().to_owned())
        .collect();
    assert_eq!(verbs, ["receive", "receive", "reserve", "commit", "fulfil"]);
    assert_eq!((report.opening.commands, report.replay.commands), (2, 3));
}

#[tokio::test]
async fn the_opening_stock_is_a_share_rounded_up_and_what_falls_short_is_refused_whole() {
    let engine = FakeEngine::default();
    let sales = Sales::new(&[
        ("1", "11111", 3, "1", ""),
        ("2", "11111", 1, "1", ""),
        ("2", "22222", 1, "1", ""),
        ("3", "11111", 1, "1", ""),
    ])
    .opening("0.6");
    let report = sales.replay(engine.clone()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!(report.tally.units_opening, 3 + 1);
    assert_eq!(report.tally.granted, 1);
    assert_eq!(report.tally.refused["insufficient_stock"], 2);
    assert_eq!((report.tally.units_sold, report.tally.units_refused), (3, 3));
    assert_eq!(on_hand(&engine, "22222"), 1, "nothing of a refused invoice is taken");
    assert_eq!(report.audit.negative_by_fact, 0);
}

#[tokio::test]
async fn without_any_stock_everything_is_unknown_and_the_audit_finds_nothing() {
    let sales = Sales::new(&[("1", "11111", 3, "1", "")]).opening("0");
    let report = sales.replay(FakeEngine::default()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!(report.tally.refused["unknown_stock"], 1);
    assert_eq!((report.audit.codes, report.audit.movements), (1, 0));
}

#[tokio::test]
async fn returns_undo_the_customers_earlier_line_and_the_rest_goes_without_an_order() {
    let engine = FakeEngine::default();
    let sales = Sales::new(&[
        ("1", "11111", 5, "1", "7.0"),
        ("C2", "11111", -2, "1", "7.0"),
        ("C3", "11111", -7, "1", "7.0"),
        ("C4", "11111", -1, "1", "8.0"),
        ("C5", "11111", -1, "1", ""),
        ("C5", "NEW1234", -4, "1", ""),
    ]);
    let report = sales.replay(engine.clone()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!(report.tally.returns, 5);
    assert_eq!(report.tally.units_returned_to_order, 2 + 3);
    assert_eq!(report.tally.units_returned_without_order, 4 + 1 + 1 + 4);
    assert_eq!(on_hand(&engine, "11111"), 11);
    assert_eq!(on_hand(&engine, "NEW1234"), 4, "a return may create its key");
}

#[tokio::test]
async fn what_was_refused_was_never_handed_over_and_is_returned_without_an_order() {
    let sales = Sales::new(&[
        ("1", "11111", 5, "1", "7.0"),
        ("2", "11111", 5, "1", "8.0"),
        ("C3", "11111", -5, "1", "8.0"),
    ])
    .opening("0.5");
    let report = sales.replay(FakeEngine::default()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!(report.tally.units_returned_to_order, 0);
    assert_eq!(report.tally.units_returned_without_order, 5);
}

#[tokio::test]
async fn adjustments_are_facts_that_may_create_a_key_and_take_it_below_zero() {
    let engine = FakeEngine::default();
    let sales = Sales::new(&[
        ("1", "11111", 5, "1", ""),
        ("2", "11111", -3, "0", ""),
        ("3", "99999", -4, "0.0", ""),
        ("4", "11111", -4, "2.5", ""),
        ("5", "11111", 0, "2.5", ""),
    ]);
    let report = sales.replay(engine.clone()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!((report.tally.adjustments, report.tally.units_adjusted_down), (2, 7));
    assert_eq!(report.audit.negative_by_fact, 2);
    assert_eq!((on_hand(&engine, "11111"), on_hand(&engine, "99999")), (-3, -4));
    assert_eq!(report.tally.left_out[&LeftOut::NegativeWithPrice], 1);
    assert_eq!(report.tally.left_out[&LeftOut::QuantityZero], 1);
}

#[tokio::test]
async fn an_invoice_over_a_thousand_lines_is_refused_and_counted() {
    let codes: Vec<_> = (0..1_001).map(|n| format!("{}", 10_000 + n)).collect();
    let row = |invoice| move |code: &'static str| (invoice, code, 1, "1", "");
    let codes: Vec<&'static str> = codes.into_iter().map(|code| &*code.leak()).collect();
    let mut rows: Vec<_> = codes.iter().copied().map(row("1")).collect();
    rows.extend(codes.iter().copied().take(1_000).map(row("2")));
    let report = Sales::new(&rows).replay(FakeEngine::default()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!((report.tally.granted, report.tally.refused["over_1000_lines"]), (1, 1));
    assert_eq!((report.tally.units_sold, report.tally.units_refused), (1_000, 1_001));
}

#[tokio::test]
async fn invoices_begin_in_order_of_time() {
    let engine = FakeEngine::default();
    let rows: Vec<(String, i64)> = (0..40).map(|n| (n.to_string(), 1)).collect();
    let rows: Vec<_> = rows.iter().map(|(n, q)| (n.as_str(), "11111", *q, "1", "")).collect();
    Sales::new(&rows).concurrency(8).replay(engine.clone()).await.unwrap();
    let books = engine.books.lock();
    let begun: Vec<u32> =
        books.calls.iter().filter_map(|c| c.strip_prefix("reserve ")?.parse().ok()).collect();
    assert_eq!(begun, (0..40).collect::<Vec<_>>());
}

#[tokio::test]
async fn with_one_in_flight_the_result_is_the_same_each_time() {
    let sales = month(7, 400).opening("0.6");
    let one = sales.replay(FakeEngine::default()).await.unwrap();
    let two = sales.replay(FakeEngine::default()).await.unwrap();
    assert!(one.agrees, "{one}");
    assert_eq!((&one.tally, &one.audit), (&two.tally, &two.audit));
    assert!(one.tally.refused["insufficient_stock"] > 20, "{one}");
    assert!(one.tally.units_returned_to_order > 20, "{one}");
    assert!(one.audit.negative_by_fact > 0, "{one}");
    let tally = &one.tally;
    let left_out: u64 = tally.left_out.values().sum();
    assert_eq!(tally.rows, tally.sales + tally.returns + tally.adjustments + left_out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_many_in_flight_everything_still_agrees_and_no_return_overtakes_its_sale() {
    for seed in 0..4 {
        let engine = FakeEngine { interleaves: true, ..FakeEngine::default() };
        let sales = month(seed, 300).opening("1").concurrency(16);
        let report = sales.replay(engine).await.unwrap();
        assert!(report.agrees, "seed {seed}: {report}");
        // Enough for all, so what returns undo does not depend on who came first.
        let alone = month(seed, 300).opening("1").replay(FakeEngine::default()).await.unwrap();
        let to_order = alone.tally.units_returned_to_order;
        if report.tally.refused.is_empty() && alone.tally.refused.is_empty() {
            assert_eq!(report.tally.units_returned_to_order, to_order, "seed {seed}");
        }
        assert_eq!(report.tally.rows, alone.tally.rows);
    }
}

#[tokio::test]
async fn a_return_waits_for_the_sale_that_it_undoes() {
    let rows = [("1", "11111", 5, "1", "7.0"), ("C2", "11111", -5, "1", "7.0")];
    let engine = FakeEngine { interleaves: true, ..FakeEngine::default() };
    let report = Sales::new(&rows).concurrency(4).replay(engine.clone()).await.unwrap();
    assert!(report.agrees, "{report}");
    assert_eq!(report.tally.units_returned_to_order, 5);
    let calls = engine.books.lock().calls.clone();
    let verbs: Vec<_> = calls.iter().map(|c| c.split(' ').next().unwrap()).collect();
    assert_eq!(verbs, ["receive", "reserve", "commit", "fulfil", "return"]);
}

#[tokio::test]
async fn durability_is_what_the_engine_tells_or_unknown() {
    let sales = Sales::new(&[("1", "11111", 1, "1", "")]);
    let report = sales.replay(FakeEngine::default()).await.unwrap();
    assert_eq!(report.durability, "unknown");
    let engine = FakeEngine::default();
    engine.books.lock().durability = Some("power_loss".to_owned());
    let report = sales.replay(engine).await.unwrap();
    assert_eq!(report.durability, "power_loss");
    assert!(report.to_string().contains("durability power_loss"));
}

#[tokio::test]
async fn the_report_is_json_too() {
    let sales = Sales::new(&[("1", "11111", 2, "1", ""), ("1", "POST", 1, "1", "")]);
    let report = sales.replay(FakeEngine::default()).await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    for (pointer, expected) in [
        ("/file", serde_json::json!("sales.csv")),
        ("/agrees", serde_json::json!(true)),
        ("/tally/units_sold", serde_json::json!(2)),
        ("/tally/left_out/postage", serde_json::json!(1)),
        ("/audit/drift", serde_json::json!(0)),
        ("/audit/disagreements/count", serde_json::json!(0)),
        ("/replay/commands", serde_json::json!(3)),
    ] {
        assert_eq!(json.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert!(json.pointer("/latency/p99_9_us").is_some());
}
