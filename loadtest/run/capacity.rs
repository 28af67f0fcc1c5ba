//! How much this program can send: the same load against a server that only echoes and against the engine, form by
//! form. An instrument should be able to do several times what it measures.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use saldo_protocol::client::FeedForm;
use toml::Value;

use crate::cli::CapacityArgs;
use crate::cli::target_args::TargetArgs;
use crate::drive::load::Load;
use crate::drive::run::Driven;
use crate::measure::numbers::ratio;
use crate::report::words::{percent, thousands, times};
use crate::report::{Report, Setting, json};
use crate::run::engine::Engine;
use crate::run::error::RunError;
use crate::run::one::{OneRun, drive_beside, nonce};
use crate::run::progress::Progress;
use crate::run::say::say;
use crate::run::workload::can_write;
use crate::run::{figures, interrupt, setting, warnings};
use crate::session::http::HttpConnector;
use crate::session::websocket::WebSocketConnector;
use crate::targets::echo_process::EchoProcess;
use crate::workload::kind::Kind;
use crate::workload::script::Workload;
use crate::workload::settings::WorkloadSettings;
use crate::workload::tables::Given;
use crate::workload::transport::Transport;

/// What `hot` opens with, so that it never runs out within the time.
const STOCK: i64 = 2_000_000_000;
/// An instrument that can do so many times what it measures is not what is measured.
const ENOUGH: f64 = 3.0;
/// Time before the measured part.
const WARM_UP: Duration = Duration::from_millis(500);
/// Clients where a frame holds more than one: more would wait for each other.
const FRAME_CLIENTS: u32 = 2;

/// Measures every form. Always true: what it finds is told, not judged.
///
/// # Errors
/// [`RunError`]: nothing was measured.
pub async fn run(arguments: &CapacityArgs) -> Result<bool, RunError> {
    if let Some(path) = &arguments.json {
        can_write(path)?;
    }
    let mut reports = Vec::new();
    say(format!(
        "{:<12}{:>7}{:>9}{:>16}{:>14}{:>8}  client's share: echo, engine",
        "transport", "frame", "clients", "tester alone/s", "engine/s", "times"
    ));
    for transport in &arguments.transports {
        let frames: &[u32] = if *transport == Transport::Http { &[1] } else { &arguments.frames };
        for frame in frames {
            let settings = settings(arguments, *transport, *frame)?;
            let echo = against_echo(&settings).await?;
            let engine = against_engine(&settings).await?;
            say(row(&echo, &engine));
            reports.extend([echo, engine]);
            if interrupt::has_come() {
                return Err(RunError::Interrupted);
            }
        }
    }
    say(closing(&reports));
    if let Some(path) = &arguments.json {
        json::write(path, &reports)?;
    }
    Ok(true)
}

fn settings(
    arguments: &CapacityArgs,
    transport: Transport,
    frame: u32,
) -> Result<WorkloadSettings, RunError> {
    let text = |value: &str| Value::String(value.to_owned());
    let millis = |time: Duration| text(&format!("{}ms", time.as_millis()));
    let clients = if frame == 1 { arguments.clients } else { arguments.clients.min(FRAME_CLIENTS) };
    let in_flight: i64 = if frame == 1 { 1 } else { 4 };
    let given = [
        ("transport", text(transport.name())),
        ("frame", Value::Integer(frame.into())),
        ("clients", Value::Integer(clients.into())),
        ("in_flight", Value::Integer(in_flight)),
        ("stock", Value::Integer(STOCK)),
        ("duration", millis(arguments.seconds)),
        ("warm_up", millis(WARM_UP)),
    ];
    let given: Vec<_> = given
        .into_iter()
        .map(|(name, value)| Given { place: format!("--{name}"), name: name.to_owned(), value })
        .collect();
    Ok(WorkloadSettings::read(Kind::Hot, None, &given)?)
}

async fn against_echo(settings: &WorkloadSettings) -> Result<Report, RunError> {
    let echo = EchoProcess::start().await?;
    let driven = echoed(settings, echo.url()).await;
    let stopped = echo.stop().await;
    let (driven, cpu) = driven?;
    stopped?;
    let mut run = figures::of(&driven, &settings.load(), 0);
    run.client.machine_share = cpu;
    run.client.busiest_thread = driven.busiest_thread;
    let setting = Setting {
        target: "echo".to_owned(),
        transport: settings.transport().name().to_owned(),
        durability: "nothing is stored".to_owned(),
        ..setting::beside_the_target(settings)
    };
    Ok(Report { setting, runs: vec![run], ..Report::default() })
}

async fn echoed(settings: &WorkloadSettings, url: &str) -> Result<(Driven, f64), RunError> {
    let workload: Arc<dyn Workload> = Arc::from(settings.prepare(nonce()?));
    let names = Arc::clone(workload.names());
    let load: Load = settings.load();
    let progress = Progress::new("echo", None, false);
    let cpu = crate::measure::cpu::CpuWatch::start(None);
    // The log is kept: remembering answers is part of what the tester does.
    let seed = (settings.seed(), false);
    let feed = |form| WebSocketConnector::new(Arc::clone(&names), url, None, form);
    let (driven, progress) = match settings.transport() {
        Transport::WsJson => {
            drive_beside(feed(FeedForm::Json)?, &workload, load, seed, progress).await?
        }
        Transport::WsBinary => {
            drive_beside(feed(FeedForm::Binary)?, &workload, load, seed, progress).await?
        }
        Transport::Http | Transport::Inproc => {
            let connector = HttpConnector::new(Arc::clone(&names), url, None)?;
            drive_beside(connector, &workload, load, seed, progress).await?
        }
    };
    progress.end();
    Ok((driven, cpu.shares().own))
}

async fn against_engine(settings: &WorkloadSettings) -> Result<Report, RunError> {
    let (engine, saldo) = Engine::start(&TargetArgs::default(), settings.transport()).await?;
    let about = saldo.about().await?;
    let one = OneRun {
        settings,
        engine: &engine,
        saldo: &saldo,
        no_audit: true,
        is_quiet: false,
        subscribers: None,
        name: "engine".to_owned(),
    };
    let finished = one.run().await;
    let stopped = engine.stop().await;
    let finished = finished?;
    stopped?;
    Ok(Report {
        setting: setting::of(settings, &about),
        warnings: warnings::of_builds(&about),
        runs: vec![finished.figures],
        unmet: Vec::new(),
    })
}

fn per_second(report: &Report) -> f64 {
    report.runs.first().map_or(0.0, |run| run.per_second)
}

fn share(report: &Report) -> f64 {
    report.runs.first().map_or(0.0, |run| run.client.machine_share)
}

fn row(echo: &Report, engine: &Report) -> String {
    let setting = &echo.setting;
    let number = |report: &Report| thousands(crate::peers::table::rounded(per_second(report)));
    format!(
        "{:<12}{:>7}{:>9}{:>16}{:>14}{:>8}  {}, {}",
        setting.transport,
        thousands(setting.frame.into()),
        setting.clients,
        number(echo),
        number(engine),
        times(per_second(echo), per_second(engine)),
        percent(share(echo)),
        percent(share(engine))
    )
}

fn closing(reports: &[Report]) -> String {
    let mut out = String::new();
    for pair in reports.chunks_exact(2) {
        let times = ratio(per_second(&pair[0]), per_second(&pair[1]));
        if times < ENOUGH {
            let setting = &pair[0].setting;
            // A String takes everything.
            let _ = writeln!(
                out,
                "{} in frames of {}: the tester alone does only {times:.1} times what the engine does. Rates of this \
                 form are of client and engine together; the engine alone can do more.",
                setting.transport, setting.frame
            );
        }
    }
    let sentences: std::collections::BTreeSet<&String> =
        reports.iter().flat_map(|report| &report.warnings).collect();
    for warning in sentences {
        let _ = writeln!(out, "warning: {warning}");
    }
    if out.is_empty() {
        let _ = write!(
            out,
            "in every form the tester alone does at least {ENOUGH} times what the engine does"
        );
    }
    out.trim_end().to_owned()
}
