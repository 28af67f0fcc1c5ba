//! What do readers cost: how many bytes is an idle subscriber, how many levels a second are delivered, and how many
//! fewer reserves a second does a hot SKU take while thousands read?

mod idle;
mod levels;
mod sales;

use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use saldo_benches::{
    BenchError, Common, Engine, Filler, HOT_LOCATION, HOT_SKU, HttpClient, Report, STOCK_ENOUGH,
    Settings, ask, request, serve_readers_if_asked,
};

const QUESTION: &str = "feed_cheap";

/// Readers in a process of their own, and what they cost the engine.
#[derive(Parser, Debug)]
struct Asked {
    #[command(flatten)]
    common: Common,
    /// What is asked.
    #[arg(
        long,
        value_enum,
        value_name = "WHAT,…",
        value_delimiter = ',',
        default_value = "idle,levels,sales"
    )]
    ask: Vec<Cost>,
    /// Connections of `idle`, and the many readers of `sales` [default: 10000].
    #[arg(long, value_name = "N")]
    many: Option<u64>,
    /// Readers of the hot key in `sales` of which one in ten never reads [default: 1000].
    #[arg(long, value_name = "N")]
    some: Option<u64>,
    /// Readers of all keys in `levels`; each of these is asked by itself.
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,8")]
    readers: Vec<u64>,
    /// Keys in `levels` [default: 10000].
    #[arg(long, value_name = "N")]
    keys: Option<u64>,
    /// Commands of a frame of the load in `levels`; 2 connections with 4 frames in flight on each send them.
    #[arg(long, value_name = "N", default_value_t = 2_500)]
    frame: usize,
    /// HTTP clients in `sales` [default: 64].
    #[arg(long, value_name = "N")]
    clients: Option<u32>,
    /// How long each load of `levels` and `sales` is measured, in seconds, after a second that does not count [default: 5].
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
}

/// A cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cost {
    /// Bytes resident for an idle subscriber.
    Idle,
    /// Levels delivered a second, many keys to a frame.
    Levels,
    /// Reserves a second of a hot SKU, alone and with readers.
    Sales,
}

fn main() -> ExitCode {
    if let Some(ended) = serve_readers_if_asked() {
        return ended;
    }
    ask(QUESTION, |asked: &Asked| &asked.common, run)
}

async fn run(asked: Asked) -> Result<Report, BenchError> {
    let mut report = Report::new(QUESTION, &asked.common);
    for number in 0..asked.common.runs() {
        for cost in &asked.ask {
            match cost {
                Cost::Idle => idle::run(&asked, &mut report).await?,
                Cost::Levels => levels::run(&asked, &mut report).await?,
                Cost::Sales => sales::run(&asked, number, &mut report).await?,
            }
        }
    }
    Ok(report)
}

impl Asked {
    fn many(&self) -> u64 {
        self.common.size(self.many, 10_000, 20)
    }

    fn seconds(&self) -> f64 {
        self.common.size(self.seconds, 5.0, 0.3)
    }

    /// Before a load is measured.
    fn warm_up_seconds(&self) -> f64 {
        if self.common.quick { 0.1 } else { 1.0 }
    }
}

/// An engine with so many keys and, besides, the hot one.
async fn filled(asked: &Asked, keys: u64, settings: Settings<'_>) -> Result<Engine, BenchError> {
    let engine = Engine::start(&asked.common, settings).await?;
    let mut http = HttpClient::connect(engine.authority()).await?;
    let path = format!("/v1/stock/{HOT_SKU}/{HOT_LOCATION}/receive");
    let body = format!(r#"{{"quantity":{STOCK_ENOUGH}}}"#);
    http.send(&request("POST", &path, &body)).await?.text()?;
    Filler::connect(&engine).await?.receive(0..keys, 1_000).await?;
    Ok(engine)
}
