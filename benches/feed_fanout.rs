//! How long after its acknowledgement is a change told to those who listen, with 1, 1,000 and 10,000 readers of one key
//! and 10,000 of as many keys, and how does that compare with a bare loop of as many writes?

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use saldo_benches::{
    Bare, BareChange, BenchError, Change, Common, Engine, Filler, Group, HOT_LOCATION, HOT_SKU,
    HttpClient, LOCATION, Readers, Report, STOCK_ENOUGH, Selection, Times, What, ask, count,
    has_room_for, level, monotonic_ns, request, reserve_body, serve_readers_if_asked, sku_of,
};
use tokio::task::spawn_blocking;
use tokio::time::{Interval, MissedTickBehavior, interval};

const QUESTION: &str = "feed_fanout";
const NS_OF_MS: f64 = 1_000_000.0;

/// Changes a key now and then, and asks readers in a process of their own when they heard of it.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Readers of one hot key; each of these is asked by itself [default: 1,1000,10000].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    hot: Option<Vec<u64>>,
    /// Readers of a key of their own each; each of these is asked by itself [default: 10000].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    own: Option<Vec<u64>>,
    /// Changes that many readers hear of [default: 20].
    #[arg(long, value_name = "N")]
    changes: Option<u64>,
    /// Changes that one reader hears of; a p99 of few is their slowest [default: 60].
    #[arg(long, value_name = "N")]
    changes_to_one: Option<u64>,
    /// Changes a second.
    #[arg(long, value_name = "N", default_value_t = 2.0)]
    rate: f64,
}

/// One row of questions.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    readers: u64,
    selection: Selection,
    changes: u64,
    between: Duration,
}

fn main() -> ExitCode {
    if let Some(ended) = serve_readers_if_asked() {
        return ended;
    }
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let cases: Vec<Case> = cases(&asked)
        .into_iter()
        .filter(|case| has_room_for(case.readers, &case.name, &mut report))
        .collect();
    for case in &cases {
        let (name, changes) = (&case.name, case.changes);
        let rate = 1.0 / case.between.as_secs_f64();
        report.note(format!("{name}: {changes} changes, {rate:.1} a second"));
    }
    for _ in 0..asked.common.runs() {
        for case in &cases {
            let mut readers = Readers::start()?;
            let ours = fed(&asked, case, &mut readers).await?;
            let bare = bare(case, &mut readers, &ours.sample).await?;
            tell(&case.name, &ours, &bare, &mut report);
        }
    }
    Ok(report)
}

fn cases(asked: &Asked) -> Vec<Case> {
    let common = &asked.common;
    let hot = common.size(asked.hot.clone(), vec![1, 1_000, 10_000], vec![1, 20]);
    let own = common.size(asked.own.clone(), vec![10_000], vec![20]);
    let rate = if common.quick { asked.rate * 10.0 } else { asked.rate };
    let case = |name: String, readers, selection| {
        let to_one = selection == Selection::Own || readers == 1;
        let changes = if to_one {
            common.size(asked.changes_to_one, 60, 5)
        } else {
            common.size(asked.changes, 20, 5)
        };
        let between = Duration::from_secs_f64(1.0 / rate.max(0.001));
        Case { name, readers, selection, changes, between }
    };
    let hot = hot.into_iter().map(|n| case(format!("{n} of one key"), n, Selection::Hot));
    let own = own.into_iter().map(|n| case(format!("{n} of own keys"), n, Selection::Own));
    hot.chain(own).collect()
}

fn tell(name: &str, ours: &Times, bare: &Times, report: &mut Report) {
    for (whose, times) in [("the feed", ours), ("bare writes", bare)] {
        for (what, ns) in [("p50", times.p50_ns), ("p99", times.p99_ns), ("max", times.max_ns)] {
            report.add(&format!("{name}: {whose}, {what}"), "ms", count(ns) / NS_OF_MS);
        }
        let (heard, expected) = (times.heard, times.expected);
        report.check(
            heard == expected,
            format!("{name}: {whose}: {heard} of {expected} were told; {:?}", times.lost),
        );
    }
    let ratio = count(ours.p99_ns) / count(bare.p99_ns.max(1));
    report.add(&format!("{name}: p99 against bare writes"), "times", ratio);
}

/// The engine tells them.
async fn fed(asked: &Asked, case: &Case, readers: &mut Readers) -> Result<Times, BenchError> {
    let engine = Engine::start(&asked.common, &[]).await?;
    let mut http = HttpClient::connect(engine.authority()).await?;
    match case.selection {
        Selection::Own => {
            Filler::connect(&engine).await?.receive(0..case.readers, 1_000_000).await?;
        }
        Selection::Hot | Selection::All => {
            let path = format!("/v1/stock/{HOT_SKU}/{HOT_LOCATION}/receive");
            let body = format!(r#"{{"quantity":{STOCK_ENOUGH}}}"#);
            http.send(&request("POST", &path, &body)).await?.text()?;
        }
    }
    let authority = engine.authority().to_owned();
    let (count, selection) = (case.readers, case.selection);
    let group = Group { authority, readers: count, selection, is_bare: false, reads_on: true };
    readers.open(group).await?;
    readers.mark(What::Arrivals).await?;
    let mut changes = Vec::new();
    let mut ticks = ticks(case);
    for number in 0..case.changes {
        ticks.tick().await;
        changes.push(reserve(&mut http, case, number).await?);
    }
    let times = readers.times(changes).await?;
    readers.close().await?;
    engine.stop().await?;
    Ok(times)
}

/// Reserves one unit; the moment of the change is the one in which its answer is here.
async fn reserve(http: &mut HttpClient, case: &Case, number: u64) -> Result<Change, BenchError> {
    let (key, _) = key_of(case, number);
    let (sku, location) = match case.selection {
        Selection::Own => (sku_of(key), LOCATION),
        Selection::Hot | Selection::All => (HOT_SKU.to_owned(), HOT_LOCATION),
    };
    // Nobody else changes the key, so the next version is this change's.
    let version = level(http, &sku, location).await?.version + 1;
    let body = reserve_body([sku.as_str()], location);
    let reserve = request("POST", "/v1/reservations", &body);
    let status = http.send(&reserve).await?.status;
    let at_ns = monotonic_ns();
    if status != 201 {
        return Err(BenchError::Answer(format!("{status} to a reserve")));
    }
    Ok(Change { key, version, at_ns })
}

/// A bare loop writes to them.
async fn bare(case: &Case, readers: &mut Readers, sample: &str) -> Result<Times, BenchError> {
    let mut bare = Bare::open(readers, case.readers, case.selection, sample).await?;
    readers.mark(What::Arrivals).await?;
    let mut changes = Vec::new();
    let mut ticks = ticks(case);
    for number in 0..case.changes {
        ticks.tick().await;
        let (key, version) = key_of(case, number);
        let told = spawn_blocking(move || {
            let change = bare.tell(BareChange { key, version })?;
            Ok::<_, BenchError>((bare, change))
        });
        let (back, change) =
            told.await.map_err(|error| BenchError::Answer(error.to_string()))??;
        bare = back;
        changes.push(change);
    }
    let times = readers.times(changes).await?;
    readers.close().await?;
    Ok(times)
}

/// Which key the n-th change is of, and which version a bare loop gives it: spread over all keys, then again.
fn key_of(case: &Case, number: u64) -> (u64, u64) {
    match case.selection {
        Selection::Own => {
            let step = (case.readers / case.changes.max(1)).max(1);
            let key = number * step % case.readers.max(1);
            (key, 1 + number * step / case.readers.max(1))
        }
        Selection::Hot | Selection::All => (0, 1 + number),
    }
}

/// The first one after the readers have come to rest.
fn ticks(case: &Case) -> Interval {
    let mut ticks = interval(case.between);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.reset();
    ticks
}
