//! Are 8 clients with disjoint baskets of 50 keys at least as fast as one? And do two baskets of the same keys in
//! opposite order, a thousand times at once, neither wait for each other nor leave a part behind?

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use saldo_benches::{
    BenchError, Common, Engine, Filler, HttpClient, LOCATION, Latencies, Report, Span, ask, count,
    level, request, reserve_body, sku_of,
};
use saldo_protocol::Reservation;
use tokio::task::JoinSet;
use tokio::time::timeout;

const QUESTION: &str = "baskets";
/// Units of each key of the disjoint baskets: more than any run can reserve.
const ENOUGH: u32 = 1 << 30;
/// Longer than all opposite baskets take by far; a deadlock would last for ever.
const DEADLOCK_AFTER: Duration = Duration::from_secs(120);

/// Reserves baskets of many keys over HTTP, by clients with one request in flight each.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Keys of a basket.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    keys: u64,
    /// Clients with disjoint baskets, against one.
    #[arg(long, value_name = "N", default_value_t = 8)]
    clients: u64,
    /// How long each, in seconds [default: 10].
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Baskets in each of the two opposite orders [default: 1,000].
    #[arg(long, value_name = "N")]
    opposite: Option<u64>,
    /// Clients that send the opposite baskets at once, half of them in each order.
    #[arg(long, value_name = "N", default_value_t = 64)]
    opposite_clients: u64,
    /// Units of each key of the opposite baskets: so many baskets fit at a time.
    #[arg(long, value_name = "N", default_value_t = 7)]
    opposite_stock: u32,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    report.note(format!("baskets of {} keys", asked.keys));
    for _ in 0..asked.common.runs() {
        let one = disjoint(&asked, 1, &mut report).await?;
        let many = disjoint(&asked, asked.clients, &mut report).await?;
        report.add(&format!("clients {} against one", asked.clients), "times", many / one);
        opposite(&asked, &mut report).await?;
    }
    Ok(report)
}

/// Baskets a second.
async fn disjoint(asked: &Asked, clients: u64, report: &mut Report) -> Result<f64, BenchError> {
    let engine = Engine::start(&asked.common, &[]).await?;
    Filler::connect(&engine).await?.receive(0..clients * asked.keys, ENOUGH).await?;
    let before = engine.metrics().await?;
    let seconds = Duration::from_secs_f64(asked.common.size(asked.seconds, 10.0, 0.2));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let http = HttpClient::connect(engine.authority()).await?;
        let skus: Vec<String> =
            (client * asked.keys..(client + 1) * asked.keys).map(sku_of).collect();
        tasks.spawn(reserving(http, basket(skus.iter()), began + seconds));
    }
    let (mut baskets, mut latencies) = (0, Latencies::default());
    while let Some(done) = tasks.join_next().await {
        let (granted, times) = done.map_err(panicked)??;
        baskets += granted;
        latencies.merge(&times);
    }
    let took = began.elapsed();
    let rate = count(baskets) / took.as_secs_f64();
    let name = format!("clients {clients}, disjoint");
    report.add(&format!("{name}: baskets"), "/s", rate);
    latencies.tell(report, &name);
    Span::between(&before, &engine.metrics().await?, took)?.tell(report, &name);
    engine.stop().await?;
    Ok(rate)
}

async fn reserving(
    mut http: HttpClient,
    basket: Vec<u8>,
    until: Instant,
) -> Result<(u64, Latencies), BenchError> {
    let (mut granted, mut latencies) = (0, Latencies::default());
    let mut began = Instant::now();
    while began < until {
        let answer = http.send(&basket).await?;
        if answer.status != 201 {
            answer.text()?;
        }
        let ended = Instant::now();
        latencies.record(ended - began);
        granted += 1;
        began = ended;
    }
    Ok((granted, latencies))
}

async fn opposite(asked: &Asked, report: &mut Report) -> Result<(), BenchError> {
    let engine = Engine::start(&asked.common, &[]).await?;
    Filler::connect(&engine).await?.receive(0..asked.keys, asked.opposite_stock).await?;
    let skus: Vec<String> = (0..asked.keys).map(sku_of).collect();
    let orders = [basket(skus.iter()), basket(skus.iter().rev())];
    let each = asked.common.size(asked.opposite, 1_000, 20);
    let clients = asked.opposite_clients.max(2);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let http = HttpClient::connect(engine.authority()).await?;
        // Clients of one order share its baskets: the first ones take what is left over.
        let (order, place, sharing) = (client % 2, client / 2, (clients + 1 - client % 2) / 2);
        let own = each / sharing + u64::from(place < each % sharing);
        let body = orders[usize::from(order == 1)].clone();
        tasks.spawn(taking_turns(http, body, own, asked.keys));
    }
    let all = async {
        let mut sum = Opposite::default();
        while let Some(done) = tasks.join_next().await {
            sum.add(done.map_err(panicked)??);
        }
        Ok::<_, BenchError>(sum)
    };
    let done = timeout(DEADLOCK_AFTER, all).await.map_err(|_| BenchError::Late {
        what: "opposite baskets: do they wait for each other?".to_owned(),
        seconds: DEADLOCK_AFTER.as_secs(),
    })??;
    let seconds = began.elapsed().as_secs_f64();
    report.add("opposite orders: baskets", "/s", count(done.granted + done.refused) / seconds);
    report.add("opposite orders: granted", "baskets", count(done.granted));
    report.add("opposite orders: refused", "baskets", count(done.refused));
    report.add("opposite orders: partial", "baskets", count(done.partial));
    report.check(done.partial == 0, format!("{} baskets were granted in part", done.partial));
    let answered = done.granted + done.refused;
    report.check(answered == 2 * each, format!("{answered} answers to {} baskets", 2 * each));
    report.check(done.granted > 0, "not one of the opposite baskets was granted");
    let mut http = HttpClient::connect(engine.authority()).await?;
    for sku in &skus {
        let level = level(&mut http, sku, LOCATION).await?;
        let right = level.reserved == 0 && level.available == i64::from(asked.opposite_stock);
        report.check(right, format!("all was released, and the level says {level:?}"));
    }
    engine.stop().await?;
    Ok(())
}

/// What became of opposite baskets.
#[derive(Clone, Copy, Debug, Default)]
struct Opposite {
    granted: u64,
    refused: u64,
    partial: u64,
}

impl Opposite {
    fn add(&mut self, other: Self) {
        self.granted += other.granted;
        self.refused += other.refused;
        self.partial += other.partial;
    }
}

/// Reserves and, where it was granted, releases: so baskets are granted and withdrawn all the time.
async fn taking_turns(
    mut http: HttpClient,
    basket: Vec<u8>,
    times: u64,
    keys: u64,
) -> Result<Opposite, BenchError> {
    let mut done = Opposite::default();
    for _ in 0..times {
        let answer = http.send(&basket).await?;
        if answer.status == 409 {
            done.refused += 1;
            continue;
        }
        let cart: Reservation = answer.json()?;
        let whole = u64::try_from(cart.lines.len()) == Ok(keys)
            && cart.lines.iter().all(|line| line.held == 1 && line.quantity == 1);
        done.granted += 1;
        done.partial += u64::from(!whole);
        let release = request("POST", &format!("/v1/reservations/{}/release", cart.id), "{}");
        http.send(&release).await?.text()?;
    }
    Ok(done)
}

fn basket<'a>(skus: impl Iterator<Item = &'a String>) -> Vec<u8> {
    request("POST", "/v1/reservations", &reserve_body(skus.map(String::as_str), LOCATION))
}

fn panicked(error: tokio::task::JoinError) -> BenchError {
    BenchError::Answer(error.to_string())
}
