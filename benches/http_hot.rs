//! How many reserves a second does one SKU take over HTTP/1.1, with 1, 8 and 64 clients that each wait for their answer,
//! how large do the journal's batches become, and is a stock that runs out sold to the unit?

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use saldo_benches::{
    BenchError, Common, HOT_LOCATION, HOT_SKU, HttpClient, Latencies, Report, STOCK_ENOUGH, Span,
    ask, check_level, count, request, reserve_body, stocked,
};
use tokio::task::JoinSet;

const QUESTION: &str = "http_hot";
const WARM_UP: Duration = Duration::from_secs(1);

/// Reserves one unit of one SKU, again and again, by clients with one request in flight each.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Clients at a time; each of these is asked by itself.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,8,64")]
    clients: Vec<u32>,
    /// How long, in seconds, after a second that does not count [default: 10].
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Instead, this many units until every client is refused: exactly as many must be granted.
    #[arg(long, value_name = "STOCK")]
    until_sold_out: Option<u64>,
}

/// What one client did.
#[derive(Debug, Default)]
struct Done {
    granted: u64,
    refused: u64,
    counted: u64,
    latencies: Latencies,
}

/// When a client begins to count and when it stops; None: when it is refused.
#[derive(Clone, Copy, Debug)]
struct Times {
    counts_from: Instant,
    until: Option<Instant>,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    // The smallest size also shows that a stock sells out to the unit.
    let stock = asked.until_sold_out.or(asked.common.quick.then_some(50));
    let seconds = asked.common.size(asked.seconds, 10.0, 0.2);
    for _ in 0..asked.common.runs() {
        for clients in &asked.clients {
            if asked.until_sold_out.is_none() {
                timed(&asked, *clients, seconds, &mut report).await?;
            }
            if let Some(stock) = stock {
                sold_out(&asked, *clients, stock, &mut report).await?;
            }
        }
    }
    Ok(report)
}

async fn timed(
    asked: &Asked,
    clients: u32,
    seconds: f64,
    report: &mut Report,
) -> Result<(), BenchError> {
    let engine = stocked(&asked.common, STOCK_ENOUGH).await?;
    let warm_up = if asked.common.quick { Duration::ZERO } else { WARM_UP };
    let counts_from = Instant::now() + warm_up;
    let until = counts_from + Duration::from_secs_f64(seconds);
    let running = tokio::spawn(all(
        engine.authority().to_owned(),
        clients,
        Times { counts_from, until: Some(until) },
    ));
    tokio::time::sleep_until(counts_from.into()).await;
    let before = (engine.metrics().await?, Instant::now());
    tokio::time::sleep_until(until.into()).await;
    let after = (engine.metrics().await?, Instant::now());
    let done = joined(running).await?;
    let name = format!("clients {clients}");
    report.add(&format!("{name}: reserves"), "/s", per_second(done.counted, until - counts_from));
    done.latencies.tell(report, &name);
    Span::between(&before.0, &after.0, after.1 - before.1)?.tell(report, &name);
    report.check(done.refused == 0, format!("{name}: {} refused with stock enough", done.refused));
    check_level(&engine, done.granted, &name, report).await?;
    engine.stop().await?;
    Ok(())
}

async fn sold_out(
    asked: &Asked,
    clients: u32,
    stock: u64,
    report: &mut Report,
) -> Result<(), BenchError> {
    let engine = stocked(&asked.common, stock).await?;
    let began = Instant::now();
    let times = Times { counts_from: began, until: None };
    let done = all(engine.authority().to_owned(), clients, times).await?;
    let name = format!("clients {clients} until sold out");
    report.add(&format!("{name}: granted"), "units", count(done.granted));
    report.add(&format!("{name}: reserves"), "/s", per_second(done.granted, began.elapsed()));
    let granted = done.granted;
    report.check(granted == stock, format!("{name}: {granted} granted of a stock of {stock}"));
    check_level(&engine, granted, &name, report).await?;
    engine.stop().await?;
    Ok(())
}

async fn all(authority: String, clients: u32, times: Times) -> Result<Done, BenchError> {
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let http = HttpClient::connect(&authority).await?;
        tasks.spawn(one(http, times));
    }
    let mut sum = Done::default();
    while let Some(done) = tasks.join_next().await {
        let done = done.map_err(|error| BenchError::Answer(error.to_string()))??;
        sum.granted += done.granted;
        sum.refused += done.refused;
        sum.counted += done.counted;
        sum.latencies.merge(&done.latencies);
    }
    Ok(sum)
}

/// One client: the next request goes out when the answer to the last one is there.
async fn one(mut http: HttpClient, times: Times) -> Result<Done, BenchError> {
    let reserve = request("POST", "/v1/reservations", &reserve_body([HOT_SKU], HOT_LOCATION));
    let mut done = Done::default();
    let mut began = Instant::now();
    while times.until.is_none_or(|until| began < until) {
        let answer = http.send(&reserve).await?;
        match answer.status {
            201 => done.granted += 1,
            409 => done.refused += 1,
            _ => answer.text().map(drop)?,
        }
        let refused = answer.status != 201;
        let ended = Instant::now();
        if began >= times.counts_from && times.until.is_none_or(|until| ended <= until) {
            done.counted += 1;
            done.latencies.record(ended - began);
        }
        if refused && times.until.is_none() {
            break;
        }
        began = ended;
    }
    Ok(done)
}

async fn joined(
    running: tokio::task::JoinHandle<Result<Done, BenchError>>,
) -> Result<Done, BenchError> {
    running.await.map_err(|error| BenchError::Answer(error.to_string()))?
}

fn per_second(requests: u64, took: Duration) -> f64 {
    count(requests) / took.as_secs_f64()
}
