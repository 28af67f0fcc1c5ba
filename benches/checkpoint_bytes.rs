//! How many bytes does a checkpoint write where a hundred things changed, with a million holds open?

use std::process::ExitCode;

use clap::Parser;
use saldo_benches::{BenchError, Common, Engine, Filler, Metrics, Report, ask, count, reserve_of};

const QUESTION: &str = "checkpoint_bytes";
/// The longest hold: none may fall due while it is asked.
const HOLD_SECONDS: u32 = 604_800;
/// Times that the changes are made anew where a checkpoint fell between them.
const TRIES: u32 = 5;

/// Opens holds, waits for the checkpoint, changes a few, and reads what the next checkpoint wrote.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Keys that the holds are spread over; each of these is asked by itself.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "100,1")]
    keys: Vec<u64>,
    /// Open holds over all keys [default: 1,000,000].
    #[arg(long, value_name = "N")]
    holds: Option<u64>,
    /// Further reserves before the checkpoint in question, in turn over the keys.
    #[arg(long, value_name = "N", default_value_t = 100)]
    changes: u64,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let holds = asked.common.size(asked.holds, 1_000_000, 5_000);
    report.note(format!(
        "{holds} open holds, then {} changes; each run on a new store",
        asked.changes
    ));
    for _ in 0..asked.common.runs() {
        for keys in &asked.keys {
            once(&asked, (*keys).max(1), holds, &mut report).await?;
        }
    }
    Ok(report)
}

async fn once(asked: &Asked, keys: u64, holds: u64, report: &mut Report) -> Result<(), BenchError> {
    let settings = [("checkpoint_seconds", "2".to_owned())];
    let engine = Engine::start(&asked.common, &settings).await?;
    let mut filler = Filler::connect(&engine).await?;
    let units = u32::try_from(holds / keys + asked.changes * u64::from(TRIES) + 1);
    let units = units.map_err(|_| BenchError::Answer("more holds than units".to_owned()))?;
    filler.receive(0..keys, units).await?;
    filler
        .carry_out((0..holds).map(|number| reserve_of(number % keys, number + 1, HOLD_SECONDS)))
        .await?;
    let mut next = holds;
    for _ in 0..TRIES {
        let before = engine.checkpointed().await?;
        let changes = next..next + asked.changes;
        filler
            .carry_out(changes.map(|number| reserve_of(number % keys, number + 1, HOLD_SECONDS)))
            .await?;
        next += asked.changes;
        let after = engine.checkpointed().await?;
        // More than one would tell of a part of the changes alone.
        if checkpoints(&after)? - checkpoints(&before)? == 1.0 {
            tell(&after, keys, next, report)?;
            engine.stop().await?;
            return Ok(());
        }
    }
    report.check(false, format!("{TRIES} times a checkpoint fell between the changes"));
    engine.stop().await?;
    Ok(())
}

fn tell(after: &Metrics, keys: u64, holds: u64, report: &mut Report) -> Result<(), BenchError> {
    let name = format!("holds over {keys} keys");
    let open = after.get("saldo_reservations_open")?;
    report.add(&format!("{name}: open reservations"), "holds", open);
    let bytes = after.get("saldo_store_checkpoint_bytes_last")?;
    report.add(&format!("{name}: checkpoint"), "bytes", bytes);
    let entries = after.get("saldo_store_checkpoint_entries_last")?;
    report.add(&format!("{name}: checkpoint"), "entries", entries);
    report.check(open == count(holds), format!("{name}: {holds} made, {open} open"));
    Ok(())
}

fn checkpoints(metrics: &Metrics) -> Result<f64, BenchError> {
    metrics.get("saldo_store_checkpoints")
}
