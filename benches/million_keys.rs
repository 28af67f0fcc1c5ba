//! How long does a start take with a million keys in the store, how much memory with 1,000 of them active, and how many
//! bytes is an active actor?

use std::process::ExitCode;

use clap::Parser;
use saldo_benches::{BenchError, Common, Engine, Filler, Report, ask, count};

const QUESTION: &str = "million_keys";
const MIB: f64 = 1_048_576.0;

/// Fills a store, then starts an engine on it again and again.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Keys [default: 1,000,000].
    #[arg(long, value_name = "N")]
    keys: Option<u64>,
    /// Of these are touched after each start [default: 1,000].
    #[arg(long, value_name = "N")]
    touched: Option<u64>,
    /// Also wakes every key's actor, keeps all of them, and tells the bytes of each.
    #[arg(long)]
    active: bool,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let keys = asked.common.size(asked.keys, 1_000_000, 5_000);
    let touched = asked.common.size(asked.touched, 1_000, 100).min(keys);
    report
        .note(format!("{keys} keys, filled once; each run is a start, then {touched} are touched"));
    // Nobody leaves but by a restart, so that what is awake is known.
    let settings = [
        ("actor_idle_seconds", "86400".to_owned()),
        ("active_actors_max", (keys + 1_000).to_string()),
    ];
    let mut engine = Engine::start(&asked.common, &settings).await?;
    Filler::connect(&engine).await?.receive(0..keys, 1_000).await?;
    engine.checkpointed().await?;
    for _ in 0..asked.common.runs() {
        engine = engine.restart().await?;
        started(&engine, keys, touched, &mut report).await?;
        if asked.active || asked.common.quick {
            all_active(&engine, keys, touched, &mut report).await?;
        }
    }
    engine.stop().await?;
    Ok(report)
}

async fn started(
    engine: &Engine,
    keys: u64,
    touched: u64,
    report: &mut Report,
) -> Result<(), BenchError> {
    report.add("ready after", "s", engine.ready_after().as_secs_f64());
    report.add("resident, ready", "MiB", mib(engine)?);
    // Spread over all keys, as customers are.
    let step = (keys / touched.max(1)).max(1);
    let some = (0..touched).map(|number| number * step);
    Filler::connect(engine).await?.receive(some, 1).await?;
    let metrics = engine.checkpointed().await?;
    report.add(&format!("resident, {touched} touched"), "MiB", mib(engine)?);
    let active = metrics.get("saldo_actors_active")?;
    report.add("actors active", "actors", active);
    report.check(active == count(touched), format!("{touched} touched, {active} active"));
    Ok(())
}

async fn all_active(
    engine: &Engine,
    keys: u64,
    touched: u64,
    report: &mut Report,
) -> Result<(), BenchError> {
    let before = engine.resident_bytes()?;
    Filler::connect(engine).await?.receive(0..keys, 1).await?;
    // What waited for the checkpoint is no actor's, and is gone with it.
    let metrics = engine.checkpointed().await?;
    let grown = engine.resident_bytes()?.saturating_sub(before);
    report.add("resident, all active", "MiB", mib(engine)?);
    let woken = keys.saturating_sub(touched).max(1);
    report.add("each actor", "bytes", count(grown) / count(woken));
    let active = metrics.get("saldo_actors_active")?;
    report.check(active == count(keys), format!("{keys} keys, {active} active"));
    Ok(())
}

fn mib(engine: &Engine) -> Result<f64, BenchError> {
    Ok(count(engine.resident_bytes()?) / MIB)
}
