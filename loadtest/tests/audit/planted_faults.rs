//! Faults of an engine, planted by a proxy in front of a real one: each is caught, and counted as what it is.

use saldo_loadtest::history::log::ClientLog;
use saldo_loadtest::measure::figures::AuditFigures;
use saldo_protocol::client::FeedForm;

use crate::proxy::{Fault, Proxy};
use crate::support::{STOCK, Stage, hot_over_feed, hot_over_http};

/// The counts of faults that a fault must leave above zero.
type Counts = &'static [(&'static str, fn(&AuditFigures) -> u64)];

const OVERSOLD: (&str, fn(&AuditFigures) -> u64) = ("oversold", |figures| figures.oversold);
const DRIFT: (&str, fn(&AuditFigures) -> u64) = ("drift", |figures| figures.drift);
const LOST: (&str, fn(&AuditFigures) -> u64) = ("lost", |figures| figures.lost);
const ORDER: (&str, fn(&AuditFigures) -> u64) =
    ("not_linearizable", |figures| figures.not_linearizable);
const OTHER: (&str, fn(&AuditFigures) -> u64) = ("disagreements", |figures| figures.disagreements);

/// How the shoppers reach the engine: none is HTTP.
const HTTP: Option<FeedForm> = None;
const JSON: Option<FeedForm> = Some(FeedForm::Json);
const BINARY: Option<FeedForm> = Some(FeedForm::Binary);

const CASES: [(Fault, Option<FeedForm>, Counts); 9] = [
    (Fault::OversellsInTheBooks, HTTP, &[OVERSOLD, OTHER]),
    (Fault::OversellsInTheAnswer, HTTP, &[OVERSOLD, LOST, DRIFT]),
    (Fault::OversellsInTheAnswer, BINARY, &[OVERSOLD, LOST, DRIFT, ORDER]),
    (Fault::AnswersBeforeItStores, HTTP, &[ORDER]),
    (Fault::LosesAReservation, HTTP, &[LOST, DRIFT]),
    (Fault::RepeatsAVersion, JSON, &[LOST, ORDER]),
    (Fault::RepeatsAVersion, BINARY, &[LOST, ORDER]),
    (Fault::SkipsAnEvent, HTTP, &[LOST, DRIFT, OTHER]),
    (Fault::SkipsAnEvent, JSON, &[LOST, DRIFT, OTHER]),
];

async fn run(stage: &Stage, url: &str, form: Option<FeedForm>) -> Vec<ClientLog> {
    match form {
        None => hot_over_http(stage, url).await,
        Some(form) => hot_over_feed(stage, url, form).await,
    }
}

#[tokio::test]
async fn each_is_caught() {
    for (fault, form, counts) in CASES {
        let stage = Stage::new(1, STOCK).await;
        let proxy = Proxy::start(stage.engine.url(), fault).await;
        let logs = run(&stage, proxy.url(), form).await;
        let figures = stage.audit(proxy.url(), &logs, true).await;
        assert!(proxy.has_struck(), "{fault:?} found no occasion");
        assert!(!figures.is_clean(), "{fault:?} over {form:?} went unnoticed");
        for (name, count) in counts {
            assert!(count(&figures) > 0, "{fault:?} over {form:?}: {name} is 0: {figures:#?}");
        }
        let story = figures.shown.first().unwrap();
        assert!(story.contains("version") || story.contains("client"), "{story}");
    }
}
