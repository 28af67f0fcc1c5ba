//! A reader stops reading for a minute while its keys change as fast as the engine takes it: what memory does the engine
//! need for it, and how soon does it hold the newest levels once it reads again?

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use saldo_benches::{
    BenchError, CaughtUp, ChangeLoad, Common, Engine, Filler, HOT_LOCATION, HOT_SKU, HttpClient,
    LevelReader, LoadShape, Report, ask, count, level, request, sku_of,
};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, MissedTickBehavior, interval};

const QUESTION: &str = "feed_stalled";
const MIB: f64 = 1_048_576.0;
/// How often the engine's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a reader may take to catch up before that is told instead.
const CATCH_UP_MAX: Duration = Duration::from_secs(60);
/// How much longer than it is silent a reader may be: the engine would end the connection otherwise.
const IDLE_SPARE_SECONDS: u64 = 120;

/// One reader, of one hot key and of many keys, that stops reading under load.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// How long it does not read, in seconds [default: 60].
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
    /// How long it reads before and after, in seconds [default: 10].
    #[arg(long, value_name = "SECONDS")]
    around: Option<f64>,
    /// Keys; each of these is asked by itself, 1 is the hot one [default: 1,10000].
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    keys: Option<Vec<u64>>,
    /// Commands of a frame of the load; 2 connections with 4 frames in flight on each send them.
    #[arg(long, value_name = "N", default_value_t = 500)]
    frame: usize,
}

/// The most and the last of some looks at the engine's memory, in bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Resident {
    max: u64,
    last: u64,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let cases = asked.common.size(asked.keys.clone(), vec![1, 10_000], vec![1, 50]);
    report.note(format!("silent for {} s, then reads again", asked.silent().as_secs_f64()));
    for _ in 0..asked.common.runs() {
        for keys in &cases {
            one(&asked, *keys, &mut report).await?;
        }
    }
    Ok(report)
}

impl Asked {
    fn silent(&self) -> Duration {
        Duration::from_secs_f64(self.common.size(self.seconds, 60.0, 0.5))
    }

    fn around(&self) -> Duration {
        Duration::from_secs_f64(self.common.size(self.around, 10.0, 0.3))
    }
}

async fn one(asked: &Asked, keys: u64, report: &mut Report) -> Result<(), BenchError> {
    let idle = asked.silent().as_secs() + IDLE_SPARE_SECONDS;
    let engine = Engine::start(&asked.common, &[("feed_idle_seconds", idle.to_string())]).await?;
    let skus = filled(&engine, keys).await?;
    let shape = LoadShape { connections: 2, frame_commands: asked.frame, in_flight: 4 };
    let load = ChangeLoad::start(engine.authority(), &skus, HOT_LOCATION, shape).await?;
    let (authority, places) = (engine.authority().to_owned(), skus.len());
    let reader = apart(move || LevelReader::connect(&authority, places)).await?;
    let (reader, before, levels) = reading(reader, asked.around(), &engine).await?;
    let read_until = load.changes();
    let began = Instant::now();
    let during = watched(&engine, asked.silent()).await?;
    let changes = load.changes() - read_until;
    let silent_for = began.elapsed();
    // From now on, all that was acknowledged until now.
    let wanted = load.versions();
    let (reader, caught_up) = apart(move || {
        let mut reader = reader;
        let caught_up = reader.catch_up(&wanted, CATCH_UP_MAX)?;
        Ok((reader, caught_up))
    })
    .await?;
    let name = if keys == 1 { "one hot key".to_owned() } else { format!("{keys} keys") };
    if caught_up.ended.is_none() {
        let (_, after, _) = reading(reader, asked.around(), &engine).await?;
        report.add(&format!("{name}: resident, reading again, at the end"), "MiB", mib(after.last));
    }
    report.add(&format!("{name}: changes while silent"), "/s", per_second(changes, silent_for));
    report.add(&format!("{name}: levels read before"), "/s", per_second(levels, asked.around()));
    tell(&name, before, during, &caught_up, report);
    load.stop().await?;
    agrees(&engine, &skus, &name, report).await?;
    engine.stop().await?;
    Ok(())
}

fn tell(name: &str, before: Resident, during: Resident, caught_up: &CaughtUp, report: &mut Report) {
    report.add(&format!("{name}: resident, reading, at the end"), "MiB", mib(before.last));
    report.add(&format!("{name}: resident, silent, at most"), "MiB", mib(during.max));
    report.add(&format!("{name}: resident, silent, at the end"), "MiB", mib(during.last));
    let (levels, stale) = (count(caught_up.levels), count(caught_up.stale));
    report.add(&format!("{name}: levels read to catch up"), "levels", levels);
    report.add(&format!("{name}: … of these stale"), "levels", stale);
    if let Some(after) = caught_up.after {
        report.add(&format!("{name}: newest of all held after"), "ms", after.as_secs_f64() * 1e3);
    }
    let behind = caught_up.behind;
    let ended = caught_up.ended.as_deref().unwrap_or("still open");
    report.check(behind == 0, format!("{name}: behind with {behind} keys; {ended}"));
}

/// The keys, each with its first units; the names by number.
async fn filled(engine: &Engine, keys: u64) -> Result<Vec<String>, BenchError> {
    if keys == 1 {
        let mut http = HttpClient::connect(engine.authority()).await?;
        let path = format!("/v1/stock/{HOT_SKU}/{HOT_LOCATION}/receive");
        http.send(&request("POST", &path, r#"{"quantity":1}"#)).await?.text()?;
        return Ok(vec![HOT_SKU.to_owned()]);
    }
    Filler::connect(engine).await?.receive(0..keys, 1).await?;
    Ok((0..keys).map(sku_of).collect())
}

/// Reads for so long, and looks at the engine's memory meanwhile.
async fn reading(
    reader: LevelReader,
    span: Duration,
    engine: &Engine,
) -> Result<(LevelReader, Resident, u64), BenchError> {
    let reads = apart(move || {
        let mut reader = reader;
        let levels = reader.read_for(span)?;
        Ok((reader, levels))
    });
    let ((reader, levels), resident) = tokio::try_join!(reads, watched(engine, span))?;
    Ok((reader, resident, levels))
}

/// Looks at the engine's memory for so long.
async fn watched(engine: &Engine, span: Duration) -> Result<Resident, BenchError> {
    let until = Instant::now() + span;
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut resident = Resident::default();
    while Instant::now() < until {
        looks.tick().await;
        resident.last = engine.resident_bytes()?;
        resident.max = resident.max.max(resident.last);
    }
    Ok(resident)
}

/// What blocks, on a thread of its own.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BenchError> + Send + 'static,
) -> Result<T, BenchError> {
    spawn_blocking(work).await.map_err(|error| BenchError::Answer(error.to_string()))?
}

/// The engine must answer for the first and the last key what its load was told.
async fn agrees(
    engine: &Engine,
    skus: &[String],
    name: &str,
    report: &mut Report,
) -> Result<(), BenchError> {
    let mut http = HttpClient::connect(engine.authority()).await?;
    for sku in skus.iter().take(1).chain(skus.last()) {
        let level = level(&mut http, sku, HOT_LOCATION).await?;
        // Every change received one unit, from the first version on.
        let fits = u64::try_from(level.on_hand) == Ok(level.version);
        report.check(fits, format!("{name}: {level:?}"));
    }
    Ok(())
}

fn per_second(things: u64, span: Duration) -> f64 {
    count(things) / span.as_secs_f64()
}

fn mib(bytes: u64) -> f64 {
    count(bytes) / MIB
}
