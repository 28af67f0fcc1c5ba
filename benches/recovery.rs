//! How soon does an engine serve again that was killed with ten million reserves behind its last checkpoint?

use std::process::ExitCode;

use clap::Parser;
use saldo_benches::{
    BenchError, Common, Engine, Filler, HttpClient, LOCATION, Report, ask, count, level,
    reserve_of, sku_of,
};

const QUESTION: &str = "recovery";
/// The longest hold: none may fall due while it is asked.
const HOLD_SECONDS: u32 = 604_800;
/// Longer than it takes to fill: no checkpoint of its own comes between.
const CHECKPOINT_SECONDS: u32 = 3_600;

/// Makes reserves, kills the engine (`SIGKILL`), and starts it again.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Keys that the reserves are spread over; each of these is asked by itself.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,100000")]
    keys: Vec<u64>,
    /// Reserves behind the last checkpoint [default: 10,000,000].
    #[arg(long, value_name = "N")]
    reserves: Option<u64>,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let reserves = asked.common.size(asked.reserves, 10_000_000, 5_000);
    report
        .note(format!("{reserves} reserves behind the last checkpoint, then SIGKILL and a start"));
    for _ in 0..asked.common.runs() {
        for keys in &asked.keys {
            let keys = asked.common.size(Some(*keys), *keys, (*keys).min(100)).max(1);
            once(&asked, keys, reserves, &mut report).await?;
        }
    }
    Ok(report)
}

async fn once(
    asked: &Asked,
    keys: u64,
    reserves: u64,
    report: &mut Report,
) -> Result<(), BenchError> {
    let settings = [("checkpoint_seconds", CHECKPOINT_SECONDS.to_string())];
    let engine = Engine::start(&asked.common, &settings).await?;
    let mut filler = Filler::connect(&engine).await?.with_frames_of(8_192);
    let each = u32::try_from(reserves / keys + 1);
    let each = each.map_err(|_| BenchError::Answer("more reserves than units".to_owned()))?;
    filler.receive(0..keys, each).await?;
    let all = (0..reserves).map(|number| reserve_of(number % keys, number + 1, HOLD_SECONDS));
    filler.carry_out(all).await?;
    drop(filler);
    let before = engine.metrics().await?;
    let behind = before.get("saldo_journal_durable_sequence")?
        - before.get("saldo_store_checkpoint_sequence")?;
    let engine = engine.crash_and_restart().await?;
    let ready = engine.ready_after().as_secs_f64();
    let name = |what: &str| format!("{what}, {keys} keys");
    report.add(&name("events behind the last checkpoint"), "events", behind);
    report.add(&name("ready after"), "s", ready);
    report.add(&name("events a second"), "events/s", behind / ready);
    report.add(&name("resident, ready"), "MiB", count(engine.resident_bytes()?) / 1_048_576.0);
    let mut client = HttpClient::connect(engine.authority()).await?;
    let level = level(&mut client, &sku_of(0), LOCATION).await?;
    let reserved = reserves.div_ceil(keys);
    let holds = u64::try_from(level.reserved) == Ok(reserved);
    report.check(holds, format!("{reserved} units of the first key reserved: {level:?}"));
    engine.stop().await?;
    Ok(())
}
