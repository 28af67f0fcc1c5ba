//! Does memory stay flat, and is every balance right, where a hundred times as many keys are touched in turn as may be
//! active?

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use saldo_benches::{
    BenchError, Common, Engine, Filler, HttpClient, LOCATION, Report, ask, count, item, request,
};
use saldo_protocol::{Availability, AvailabilityQuery};

const QUESTION: &str = "passivation";
const MIB: f64 = 1_048_576.0;
/// Looks at memory and actors in each round over all keys.
const LOOKS: u64 = 10;
/// Keys of one availability query: the most that the protocol allows.
const QUERY_ITEMS: u64 = 1_000;

/// Touches many keys in turn with few actors allowed.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// Keys [default: 100,000].
    #[arg(long, value_name = "N")]
    keys: Option<u64>,
    /// Actors that may be active [default: 1,000].
    #[arg(long, value_name = "N")]
    active_max: Option<u64>,
    /// Times that every key is touched.
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,
    /// Keys touched at once.
    #[arg(long, value_name = "N", default_value_t = 100)]
    frame: usize,
}

fn main() -> ExitCode {
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    let keys = asked.common.size(asked.keys, 100_000, 2_000);
    let active_max = asked.common.size(asked.active_max, 1_000, 100);
    report.note(format!(
        "{keys} keys touched in turn {} times, {} at once, active_actors_max {active_max}; \
         the first time makes each, later ones wake it",
        asked.rounds, asked.frame
    ));
    for _ in 0..asked.common.runs() {
        once(&asked, keys, active_max, &mut report).await?;
    }
    Ok(report)
}

async fn once(
    asked: &Asked,
    keys: u64,
    active_max: u64,
    report: &mut Report,
) -> Result<(), BenchError> {
    let settings = [("active_actors_max", active_max.to_string())];
    let engine = Engine::start(&asked.common, &settings).await?;
    report.add("resident, empty", "MiB", mib(&engine)?);
    let mut filler = Filler::connect(&engine).await?.with_frames_of(asked.frame);
    let share = keys.div_ceil(LOOKS);
    for round in 1..=asked.rounds {
        let began = Instant::now();
        let (mut resident_max, mut active_max_seen) = (0.0_f64, 0.0_f64);
        for look in 0..LOOKS {
            filler.receive(look * share..keys.min((look + 1) * share), 1).await?;
            let active = engine.metrics().await?.get("saldo_actors_active")?;
            resident_max = resident_max.max(mib(&engine)?);
            active_max_seen = active_max_seen.max(active);
        }
        let seconds = began.elapsed().as_secs_f64();
        report.add(&format!("round {round}: keys"), "/s", count(keys) / seconds);
        report.add(&format!("round {round}: resident, most of {LOOKS} looks"), "MiB", resident_max);
        report.add(
            &format!("round {round}: active, most of {LOOKS} looks"),
            "actors",
            active_max_seen,
        );
    }
    let metrics = engine.checkpointed().await?;
    report.add("resident, at the end", "MiB", mib(&engine)?);
    report.add("active, at the end", "actors", metrics.get("saldo_actors_active")?);
    report.add("woken", "actors", metrics.get("saldo_actors_woken")?);
    report.add("passivated", "actors", metrics.get("saldo_actors_passivated")?);
    report.add("sent again, too much in flight", "commands", count(filler.repeated()));
    let wrong = wrong_balances(&engine, keys, i64::from(asked.rounds)).await?;
    report.check(
        wrong == 0,
        format!("{wrong} of {keys} keys have another balance than {}", asked.rounds),
    );
    let panicked = metrics.get("saldo_actors_panicked")?;
    report.check(panicked == 0.0, format!("{panicked} actors panicked"));
    engine.stop().await?;
    Ok(())
}

/// Keys whose level is not what they were given.
async fn wrong_balances(engine: &Engine, keys: u64, units: i64) -> Result<u64, BenchError> {
    let mut http = HttpClient::connect(engine.authority()).await?;
    let mut right = 0;
    for first in (0..keys).step_by(usize::try_from(QUERY_ITEMS).unwrap_or(1)) {
        let items = (first..keys.min(first + QUERY_ITEMS)).map(item).collect::<Result<_, _>>()?;
        let query = serde_json::to_string(&AvailabilityQuery { items })
            .map_err(|error| BenchError::Answer(error.to_string()))?;
        let found: Availability =
            http.send(&request("POST", "/v1/availability:query", &query)).await?.json()?;
        let fits = found.levels.iter().filter(|level| {
            level.location == LOCATION && level.on_hand == units && level.available == units
        });
        right += u64::try_from(fits.count()).unwrap_or_default();
    }
    Ok(keys - right)
}

fn mib(engine: &Engine) -> Result<f64, BenchError> {
    Ok(count(engine.resident_bytes()?) / MIB)
}
