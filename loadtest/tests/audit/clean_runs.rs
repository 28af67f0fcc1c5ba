//! Where nothing is wrong the audit finds nothing, and reads everything.

use std::sync::Arc;

use saldo_loadtest::history::log::ClientLog;
use saldo_loadtest::measure::figures::AuditFigures;
use saldo_loadtest::workload::op::{Line, Op, Verb};
use saldo_protocol::client::FeedForm;

use crate::proxy::{Fault, Proxy};
use crate::support::{SHOPPERS, STOCK, Shopper, Stage, TRIES, hot_over_feed, hot_over_http};

fn is_clean(figures: &AuditFigures) {
    assert!(figures.is_clean(), "{}\n{figures:#?}", figures.shown.join("\n"));
}

fn granted(logs: &[ClientLog]) -> u32 {
    let grants = logs.iter().flat_map(|log| &log.entries).filter(|entry| entry.is_grant());
    grants.map(|entry| entry.count).sum()
}

#[tokio::test]
async fn a_hot_article_over_http_and_through_a_proxy_that_does_nothing() {
    let stage = Stage::new(1, STOCK).await;
    let proxy = Proxy::start(stage.engine.url(), Fault::None).await;
    let logs = hot_over_http(&stage, proxy.url()).await;
    let figures = stage.audit(proxy.url(), &logs, true).await;
    is_clean(&figures);
    assert_eq!(granted(&logs), STOCK);
    assert_eq!(figures.events, u64::from(STOCK) + 1, "the opening, and each grant");
    assert_eq!(figures.operations, u64::from(SHOPPERS * TRIES));
    assert_eq!((figures.keys, figures.read_back), (1, u64::from(STOCK)));
}

#[tokio::test]
async fn a_hot_article_over_the_websocket_in_both_forms() {
    for form in [FeedForm::Json, FeedForm::Binary] {
        let stage = Stage::new(1, STOCK).await;
        let proxy = Proxy::start(stage.engine.url(), Fault::None).await;
        let logs = hot_over_feed(&stage, proxy.url(), form).await;
        is_clean(&stage.audit(proxy.url(), &logs, true).await);
        assert_eq!(granted(&logs), STOCK);
    }
}

#[tokio::test]
async fn what_was_never_answered_is_settled_from_the_books() {
    let stage = Stage::new(1, STOCK).await;
    let mut logs = hot_over_http(&stage, stage.engine.url()).await;
    for log in &mut logs {
        let last = log.entries.iter_mut().find(|entry| entry.is_grant()).unwrap();
        last.verdict = saldo_loadtest::workload::outcome::Verdict::Unknown;
        let batch = last.batch as usize;
        log.spans[batch].answered_ns = u64::MAX;
    }
    let figures = stage.audit(stage.engine.url(), &logs, true).await;
    is_clean(&figures);
    assert_eq!(figures.unknown_happened, u64::from(SHOPPERS));
}

/// Everything that can become of a reservation, of one line or several.
async fn lives(shopper: &mut Shopper, reserve: impl Fn(&mut Shopper) -> Op) {
    let courses: [&[Verb]; 5] = [
        &[Verb::Extend, Verb::Commit, Verb::Fulfil, Verb::Return],
        &[Verb::Commit, Verb::Cancel],
        &[Verb::Release],
        &[Verb::Commit, Verb::Fulfil],
        &[Verb::Extend],
    ];
    for course in courses {
        let op = reserve(shopper);
        assert!(shopper.ask(&op).await.verdict.is_done());
        for &verb in course {
            let step = shopper.on(verb, &op);
            assert!(shopper.ask(&step).await.verdict.is_done(), "{step:?}");
        }
        let again = shopper.on(Verb::Commit, &op);
        shopper.ask(&again).await;
    }
}

#[tokio::test]
async fn the_whole_life_of_reservations_beside_sales_receipts_and_reads() {
    let stage = Stage::new(2, STOCK).await;
    let mut shopper = stage.shopper(stage.engine.url(), 0);
    let mut till =
        stage.shopper(stage.engine.url(), 1).over_feed(stage.engine.url(), FeedForm::Binary).await;
    lives(&mut shopper, |shopper| shopper.op(Verb::Reserve, 1, 3)).await;
    for verb in [Verb::Receive, Verb::Sell, Verb::Read, Verb::Sell] {
        let op = shopper.op(verb, 1, 2);
        assert!(shopper.ask(&op).await.verdict.is_done());
        let ops: Vec<Op> = (0..3).map(|_| till.op(Verb::Sell, 1, 1)).collect();
        till.ask_all(&ops).await;
    }
    let too_much = shopper.op(Verb::Sell, 1, 1_000);
    assert!(shopper.ask(&too_much).await.verdict.is_sold_out());
    let logs = [shopper.log, till.log];
    is_clean(&stage.audit(stage.engine.url(), &logs, false).await);
}

#[tokio::test]
async fn baskets() {
    let stage = Stage::new(3, STOCK).await;
    let mut shopper = stage.shopper(stage.engine.url(), 0);
    let basket = |quantity: u32| {
        move |shopper: &mut Shopper| {
            let lines: Arc<[Line]> = [2, 0, 1].map(|key| Line { key, quantity }).into();
            Op { lines: Some(lines), ..shopper.op(Verb::Reserve, 2, 3 * quantity) }
        }
    };
    lives(&mut shopper, basket(2)).await;
    let all = shopper.op(Verb::Reserve, 1, 30);
    assert!(shopper.ask(&all).await.verdict.is_done());
    let refused = basket(20)(&mut shopper);
    assert!(shopper.ask(&refused).await.verdict.is_sold_out());
    let logs = [shopper.log];
    is_clean(&stage.audit(stage.engine.url(), &logs, false).await);
}
