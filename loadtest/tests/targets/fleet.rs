//! Subscribers of a real engine hear what happens, and a fleet sees where they do not.

use std::sync::Arc;
use std::time::Duration;

use saldo_loadtest::feed::{FeedSettings, Fleet, FleetFault, Selection};
use saldo_loadtest::session::Connector;
use saldo_loadtest::session::inproc::InprocConnector;
use saldo_loadtest::workload::op::{Op, Verb};
use saldo_protocol::client::FeedForm;

use crate::support::{Stocked, ask, op};

fn settings(form: FeedForm, selection: Selection) -> FeedSettings {
    FeedSettings {
        subscribers: 20,
        stalled: 2,
        paced: 3,
        pace: Duration::from_millis(5),
        form,
        selection,
        threads: 2,
        patience: Duration::from_secs(30),
    }
}

async fn fleet(stocked: &Stocked, settings: &FeedSettings) -> Fleet {
    let mut fleet = Fleet::start(settings, &stocked.saldo.url, None, &stocked.names).unwrap();
    fleet.ready().await.unwrap();
    fleet
}

/// Sells 20 units of each of six keys, one by one; so many batches from `first` on were not used yet.
async fn sell(stocked: &Stocked, first: u64) {
    let connector =
        InprocConnector::new(stocked.process.handle(), Arc::clone(&stocked.names)).unwrap();
    let mut session = connector.connect(0).await.unwrap();
    for batch in first..first + 20 {
        let ops: Vec<Op> =
            (0..6).map(|key| op(Verb::Sell, batch * 6 + u64::from(key), 0, key, 1)).collect();
        ask(&mut session, batch, &ops).await;
    }
}

#[tokio::test]
async fn every_reader_ends_with_the_newest_levels_in_either_form() {
    let stocked = Stocked::start(3, 2).await;
    let mut first = 0;
    for form in [FeedForm::Json, FeedForm::Binary] {
        for (selection, keys) in [(Selection::Run, 6.0), (Selection::OneSku, 2.0)] {
            let fleet = fleet(&stocked, &settings(form, selection)).await;
            sell(&stocked, first).await;
            first += 20;
            let levels = stocked.saldo.levels(&stocked.names).await.unwrap();
            let heard = fleet.finish(&levels).await.unwrap();
            assert_eq!((heard.disagreements, &heard.shown), (0, &Vec::new()), "{form:?}");
            let figure = |name: &str| heard.figures.get(name).copied().unwrap_or(f64::NAN);
            assert!((figure("keys_compared") - 18.0 * keys).abs() < 0.5, "{heard:?}");
            assert!((figure("subscribers_reading") - 15.0).abs() < 0.5, "{heard:?}");
            assert!(figure("levels") >= 15.0 * keys, "{heard:?}");
            assert!(figure("paced_levels") >= 3.0 * keys, "{heard:?}");
            assert!(figure("delay_p99_ms") < 30_000.0, "{heard:?}");
            assert!(figure("levels_per_second") > 0.0, "{heard:?}");
        }
    }
    stocked.stop().await;
}

#[tokio::test]
async fn a_level_that_is_not_the_engines_is_told() {
    let stocked = Stocked::start(2, 1).await;
    let fleet = fleet(
        &stocked,
        &FeedSettings { stalled: 0, paced: 0, ..settings(FeedForm::Json, Selection::Run) },
    )
    .await;
    let mut levels = stocked.saldo.levels(&stocked.names).await.unwrap();
    levels[1].as_mut().unwrap().available -= 1;
    let heard = fleet.finish(&levels).await.unwrap();
    assert_eq!(heard.disagreements, 20);
    let sku = &stocked.names.stock(1).sku;
    assert!(heard.shown[0].contains(&**sku), "{:?}", heard.shown);
    stocked.stop().await;
}

#[tokio::test]
async fn a_reader_that_never_gets_there_is_told_when_patience_ends() {
    let stocked = Stocked::start(1, 1).await;
    let impatient = FeedSettings {
        subscribers: 4,
        stalled: 0,
        paced: 1,
        patience: Duration::from_secs(2),
        ..settings(FeedForm::Binary, Selection::OneSku)
    };
    let fleet = fleet(&stocked, &impatient).await;
    let mut levels = stocked.saldo.levels(&stocked.names).await.unwrap();
    levels[0].as_mut().unwrap().version += 1;
    let heard = fleet.finish(&levels).await.unwrap();
    assert_eq!(heard.disagreements, 4, "{heard:?}");
    stocked.stop().await;
}

#[tokio::test]
async fn a_connection_that_ends_is_told() {
    let stocked = Stocked::start(1, 1).await;
    let Stocked { process, saldo, names } = stocked;
    let all_read = FeedSettings {
        subscribers: 3,
        stalled: 0,
        paced: 0,
        ..settings(FeedForm::Json, Selection::Run)
    };
    let mut fleet = Fleet::start(&all_read, &saldo.url, None, &names).unwrap();
    fleet.ready().await.unwrap();
    let levels = saldo.levels(&names).await.unwrap();
    process.stop().await.unwrap();
    let heard = fleet.finish(&levels).await.unwrap();
    assert_eq!(heard.disagreements, 3, "{heard:?}");
    assert!(heard.shown[0].contains("lost its connection"), "{:?}", heard.shown);
}

#[tokio::test]
async fn a_fleet_that_cannot_be_says_why() {
    let stocked = Stocked::start(1, 1).await;
    let start =
        |settings: &FeedSettings, url: &str| Fleet::start(settings, url, None, &stocked.names);
    let all = settings(FeedForm::Json, Selection::Run);
    let too_many = FeedSettings { stalled: 15, paced: 10, ..all.clone() };
    let url = &stocked.saldo.url;
    assert!(matches!(start(&too_many, url), Err(FleetFault::Settings { .. })));
    let endless = FeedSettings { subscribers: u32::MAX, ..all.clone() };
    assert!(matches!(start(&endless, url), Err(FleetFault::Files(_))));
    assert!(matches!(start(&all, "ftp://x"), Err(FleetFault::Address(_))));
    // Nothing listens on port 1.
    let mut fleet = start(&all, "http://127.0.0.1:1").unwrap();
    let fault = fleet.ready().await.unwrap_err();
    assert!(matches!(fault, FleetFault::Subscriber { .. }), "{fault}");
    stocked.stop().await;
}
