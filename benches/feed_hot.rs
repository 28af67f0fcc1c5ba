//! How many reserves a second does one SKU take over the WebSocket feed, in frames of 1, 100 and 8,192 commands, and
//! is a stock that runs out sold to the unit?

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use saldo_benches::{
    BenchError, Common, FeedSocket, HOT_LOCATION, HOT_SKU, Latencies, Replies, Report,
    ReserveFrame, STOCK_ENOUGH, Span, ask, check_level, count, stocked,
};
use tokio::task::JoinSet;

const QUESTION: &str = "feed_hot";

/// Reserves one unit of one SKU, again and again, by frames of commands.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Commands of a frame; each of these is asked by itself.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,100,8192")]
    frames: Vec<usize>,
    /// Connections [default: 2].
    #[arg(long, value_name = "N")]
    connections: Option<u32>,
    /// Frames in flight on each connection; with larger frames no more than the engine's `commands_in_flight_max` admits.
    #[arg(long, value_name = "N", default_value_t = 4)]
    in_flight: usize,
    /// How long, in seconds [default: 5].
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// Ends earlier after this many commands: open holds take memory.
    #[arg(long, value_name = "N", default_value_t = 4_000_000)]
    commands_max: u64,
    /// Instead, this many units until every connection is refused: exactly as many must be granted.
    #[arg(long, value_name = "STOCK")]
    until_sold_out: Option<u64>,
}

/// How one connection sends.
#[derive(Clone, Copy, Debug)]
struct Pace {
    in_flight: usize,
    /// None: until something is refused for want of stock.
    until: Option<Instant>,
    commands_max: u64,
}

/// What a connection was told.
#[derive(Debug, Default)]
struct Done {
    replies: Replies,
    latencies: Latencies,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let stock = asked.until_sold_out.or(asked.common.quick.then_some(500));
    let connections = asked.common.size(asked.connections, 2, 2);
    report.note(format!("{connections} connections, {} frames in flight on each", asked.in_flight));
    for _ in 0..asked.common.runs() {
        for commands in &asked.frames {
            if asked.until_sold_out.is_none() {
                timed(&asked, connections, *commands, &mut report).await?;
            }
            if let Some(stock) = stock {
                sold_out(&asked, connections, *commands, stock, &mut report).await?;
            }
        }
    }
    Ok(report)
}

async fn timed(
    asked: &Asked,
    connections: u32,
    commands: usize,
    report: &mut Report,
) -> Result<(), BenchError> {
    let seconds = Duration::from_secs_f64(asked.common.size(asked.seconds, 5.0, 0.2));
    let engine = stocked(&asked.common, STOCK_ENOUGH).await?;
    let before = engine.metrics().await?;
    let began = Instant::now();
    let commands_max = asked.commands_max / u64::from(connections);
    let pace = Pace { in_flight: asked.in_flight, until: Some(began + seconds), commands_max };
    let done = all(engine.authority(), connections, commands, pace).await?;
    let took = began.elapsed();
    let after = engine.metrics().await?;
    let name = format!("frames of {commands}");
    report.add(
        &format!("{name}: reserves"),
        "/s",
        count(done.replies.granted) / took.as_secs_f64(),
    );
    done.latencies.tell(report, &format!("{name}, each frame"));
    Span::between(&before, &after, took)?.tell(report, &name);
    let refused = done.replies.short + done.replies.refused;
    report.check(refused == 0, format!("{name}: {refused} refused with stock enough"));
    check_level(&engine, done.replies.granted, &name, report).await?;
    engine.stop().await?;
    Ok(())
}

async fn sold_out(
    asked: &Asked,
    connections: u32,
    commands: usize,
    stock: u64,
    report: &mut Report,
) -> Result<(), BenchError> {
    let engine = stocked(&asked.common, stock).await?;
    let began = Instant::now();
    let pace = Pace { in_flight: asked.in_flight, until: None, commands_max: u64::MAX };
    let done = all(engine.authority(), connections, commands, pace).await?;
    let granted = done.replies.granted;
    let name = format!("frames of {commands} until sold out");
    report.add(&format!("{name}: granted"), "units", count(granted));
    report.add(&format!("{name}: reserves"), "/s", count(granted) / began.elapsed().as_secs_f64());
    report.check(granted == stock, format!("{name}: {granted} granted of a stock of {stock}"));
    let other = done.replies.refused;
    report.check(other == 0, format!("{name}: {other} refused for another reason than stock"));
    check_level(&engine, granted, &name, report).await?;
    engine.stop().await?;
    Ok(())
}

async fn all(
    authority: &str,
    connections: u32,
    commands: usize,
    pace: Pace,
) -> Result<Done, BenchError> {
    let mut tasks = JoinSet::new();
    for connection in 1..=connections {
        let socket = FeedSocket::connect(authority).await?;
        let frame = ReserveFrame::new(connection, commands, HOT_SKU, HOT_LOCATION);
        tasks.spawn(one(socket, frame, pace));
    }
    let mut sum = Done::default();
    while let Some(done) = tasks.join_next().await {
        let done = done.map_err(|error| BenchError::Answer(error.to_string()))??;
        sum.replies.add(done.replies);
        sum.latencies.merge(&done.latencies);
    }
    Ok(sum)
}

/// One connection: as many frames as allowed are under way until time is up, then their replies are read.
async fn one(
    mut socket: FeedSocket,
    mut frame: ReserveFrame,
    pace: Pace,
) -> Result<Done, BenchError> {
    let mut done = Done::default();
    let mut sent_at = std::collections::VecDeque::new();
    loop {
        let goes_on = match pace.until {
            Some(until) => Instant::now() < until && done.replies.all() < pace.commands_max,
            None => done.replies.short == 0 && done.replies.refused == 0,
        };
        while goes_on && sent_at.len() < pace.in_flight {
            let text = frame.renewed()?;
            sent_at.push_back(Instant::now());
            socket.send(text).await?;
        }
        // Replies come in the order of the frames where all are of one key.
        let Some(sent) = sent_at.pop_front() else { return Ok(done) };
        let text = socket.next().await?;
        done.latencies.record(sent.elapsed());
        let replies = Replies::read(&text);
        if replies.all() == 0 {
            return Err(BenchError::Answer(text.to_string()));
        }
        done.replies.add(replies);
    }
}
