//! A million holds of one key: how many a second are made, committed, fulfilled, and released, in frames of 8,192 commands?

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use saldo_benches::{
    BenchError, BinaryFeed, Common, Engine, HOT_LOCATION, HOT_SKU, HttpClient, Latencies, Report,
    STOCK_ENOUGH, ask, count, frames_of, level, stocked,
};
use saldo_protocol::binary::ActionRecord;
use tokio::task::JoinSet;
use uuid::Uuid;

const QUESTION: &str = "settle";
const HOLD_SECONDS: u32 = 86_400;
/// Frames of each connection that are on their way.
const IN_FLIGHT: usize = 2;

/// Makes holds, then does the same to all of them.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Holds, of each kind [default: 1,000,000].
    #[arg(long, value_name = "N")]
    holds: Option<u64>,
    /// Commands of a frame.
    #[arg(long, value_name = "N", default_value_t = 8_192)]
    frame: usize,
    /// Connections that share the holds.
    #[arg(long, value_name = "N", default_value_t = 2)]
    connections: usize,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let holds = asked.common.size(asked.holds, 1_000_000, 5_000);
    report.note(format!(
        "{holds} holds of one key, {} connections, {IN_FLIGHT} frames of {} on their way on each",
        asked.connections, asked.frame
    ));
    for _ in 0..asked.common.runs() {
        once(&asked, holds, &mut report).await?;
    }
    Ok(report)
}

async fn once(asked: &Asked, holds: u64, report: &mut Report) -> Result<(), BenchError> {
    let engine = stocked(&asked.common, STOCK_ENOUGH).await?;
    let ids = || (0..holds).map(|_| Uuid::new_v4().as_u128()).collect::<Vec<_>>();
    let (sold, left) = (ids(), ids());
    let reserve = |reservation_id| ActionRecord::Reserve {
        reservation_id,
        quantity: 1,
        hold_seconds: Some(HOLD_SECONDS),
    };
    let release = |reservation_id| ActionRecord::Release {
        reservation_id,
        quantity: None,
        from_committed: false,
    };
    let commit = |reservation_id| ActionRecord::Commit { reservation_id, quantity: None };
    let fulfil = |reservation_id| ActionRecord::Fulfil { reservation_id, quantity: None };
    let empty = engine.resident_bytes()?;
    all(asked, &engine, "reserve", frames_of(&sold, asked.frame, reserve), holds, report).await?;
    engine.checkpointed().await?;
    let full = engine.resident_bytes()?;
    report.add("resident, holds open", "MiB", count(full) / 1_048_576.0);
    report.add("of it each hold", "bytes", count(full.saturating_sub(empty)) / count(holds));
    all(asked, &engine, "commit", frames_of(&sold, asked.frame, commit), holds, report).await?;
    all(asked, &engine, "fulfil", frames_of(&sold, asked.frame, fulfil), holds, report).await?;
    all(asked, &engine, "reserve more", frames_of(&left, asked.frame, reserve), holds, report)
        .await?;
    all(asked, &engine, "release", frames_of(&left, asked.frame, release), holds, report).await?;
    let mut client = HttpClient::connect(engine.authority()).await?;
    let level = level(&mut client, HOT_SKU, HOT_LOCATION).await?;
    let on_hand = i64::try_from(STOCK_ENOUGH - holds).unwrap_or_default();
    let holds_true = (level.on_hand, level.reserved, level.committed) == (on_hand, 0, 0);
    report.check(holds_true, format!("all fulfilled or released: {level:?}"));
    engine.stop().await?;
    Ok(())
}

async fn all(
    asked: &Asked,
    engine: &Engine,
    what: &str,
    frames: Vec<Vec<u8>>,
    holds: u64,
    report: &mut Report,
) -> Result<(), BenchError> {
    let mut shares = vec![Vec::new(); asked.connections.max(1)];
    let turns = (0..shares.len()).cycle();
    for (turn, frame) in turns.zip(frames) {
        shares[turn].push(frame);
    }
    let mut tasks = JoinSet::new();
    let mut feeds = Vec::new();
    for _ in &shares {
        feeds.push(BinaryFeed::connect(engine.authority()).await?);
    }
    let began = Instant::now();
    for (mut feed, frames) in feeds.into_iter().zip(shares) {
        tasks.spawn(async move { feed.carry_out(frames, IN_FLIGHT).await });
    }
    let mut latencies = Latencies::default();
    while let Some(took) = tasks.join_next().await {
        let took = took.map_err(|error| BenchError::Answer(error.to_string()))??;
        took.into_iter().for_each(|frame| latencies.record(frame));
    }
    let seconds = began.elapsed().as_secs_f64();
    report.add(what, "commands/s", count(holds) / seconds);
    latencies.tell(report, &format!("{what}, a frame"));
    Ok(())
}
