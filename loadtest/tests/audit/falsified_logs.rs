//! One answer that is not what was told, one time that is not when it was: the audit of a real run fails.

use saldo_loadtest::history::log::{ClientLog, Entry};
use saldo_loadtest::measure::figures::AuditFigures;
use saldo_loadtest::workload::outcome::Verdict;
use saldo_protocol::Code;
use saldo_protocol::client::FeedForm;

use crate::support::{STOCK, Stage, hot_over_feed};

/// What is falsified, how, and which count must not be zero.
type Case = (&'static str, fn(&mut [ClientLog]), fn(&AuditFigures) -> u64);

/// The first grants of a client that are told together.
fn grant(logs: &mut [ClientLog], client: usize) -> &mut Entry {
    logs[client].entries.iter_mut().find(|entry| entry.is_grant()).unwrap()
}

/// The last refusals that are told together, of whoever was sent away.
fn refusal(logs: &mut [ClientLog]) -> (&mut Entry, &mut saldo_loadtest::history::log::Span) {
    let log = logs.iter_mut().find(|log| log.entries.iter().any(Entry::is_sold_out)).unwrap();
    let entry = log.entries.iter_mut().rfind(|entry| entry.is_sold_out()).unwrap();
    let span = &mut log.spans[entry.batch as usize];
    (entry, span)
}

const CASES: [Case; 11] = [
    (
        "a grant told as a refusal",
        |logs| {
            let entry = grant(logs, 0);
            (entry.verdict, entry.version) = (Verdict::Refused(Code::InsufficientStock), 0);
        },
        |figures| figures.disagreements,
    ),
    ("a refusal told as a grant: lost", told_as_grant, |figures| figures.lost),
    ("a refusal told as a grant: oversold", told_as_grant, |figures| figures.oversold),
    ("another version", |logs| grant(logs, 0).version += 1, |figures| figures.lost),
    (
        "the version of another",
        |logs| grant(logs, 0).version = grant(logs, 1).version,
        |figures| figures.not_linearizable,
    ),
    ("another available", |logs| grant(logs, 0).available += 1, |figures| figures.lost),
    ("another quantity", |logs| grant(logs, 0).quantity += 1, |figures| figures.drift),
    (
        "an operation that nobody logged",
        |logs| {
            logs[0].entries.remove(0);
        },
        |figures| figures.disagreements,
    ),
    (
        "a refusal before anything was sold",
        |logs| {
            let (_, span) = refusal(logs);
            (span.sent_ns, span.answered_ns) = (1, 2);
        },
        |figures| figures.not_linearizable,
    ),
    (
        "a refusal that tells what never was",
        |logs| refusal(logs).0.available = -1,
        |figures| figures.not_linearizable,
    ),
    (
        "a grant that was sent after all was sold",
        |logs| {
            let last = logs.iter().flat_map(|log| &log.spans).map(|span| span.answered_ns).max();
            let batch = grant(logs, 0).batch as usize;
            let last = last.unwrap();
            let span = &mut logs[0].spans[batch];
            (span.sent_ns, span.answered_ns) = (last + 1, last + 2);
        },
        |figures| figures.not_linearizable,
    ),
];

fn told_as_grant(logs: &mut [ClientLog]) {
    let (entry, _) = refusal(logs);
    entry.verdict = Verdict::Done;
    entry.available = saldo_loadtest::workload::outcome::NOT_TOLD;
}

#[tokio::test]
async fn each_is_caught() {
    for (what, falsify, count) in CASES {
        let stage = Stage::new(1, STOCK).await;
        let url = stage.engine.url();
        let mut logs = hot_over_feed(&stage, url, FeedForm::Binary).await;
        falsify(&mut logs);
        let figures = stage.audit(url, &logs, true).await;
        assert!(count(&figures) > 0, "{what}: {figures:#?}");
    }
}
