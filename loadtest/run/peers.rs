//! Targets side by side: each in turn, on a fresh directory, with the same workload and the same guarantee, audited
//! for oversell; one table with ratios within the run.

use std::sync::Arc;

use crate::audit::{self, KeyTotals, TotalsAudit};
use crate::cli::PeersArgs;
use crate::cli::peers_args::{Guarantee, PeerTarget};
use crate::cli::target_args::{Durability, TargetArgs};
use crate::drive::run::Driven;
use crate::measure::cpu::CpuWatch;
use crate::measure::figures::{ClientFigures, RunFigures};
use crate::peers::table::table;
use crate::peers::{self, Peer, Target};
use crate::report::{Report, Setting, html, json};
use crate::run::engine::Engine;
use crate::run::error::RunError;
use crate::run::one::{OneRun, drive_beside, nonce};
use crate::run::progress::Progress;
use crate::run::say::say;
use crate::run::workload::{INTERRUPTED, can_write};
use crate::run::{figures, interrupt, setting, warnings};
use crate::session::postgres::PostgresConnector;
use crate::session::redis::RedisConnector;
use crate::targets::books::BookTotals;
use crate::targets::guarantee::Guarantee as StoreGuarantee;
use crate::targets::peer_process::PeerError;
use crate::workload::kind::Kind;
use crate::workload::script::Workload;
use crate::workload::settings::WorkloadSettings;
use crate::workload::settings_error::SettingsError;
use crate::workload::transport::Transport;

/// One line of the table: a target with its way to speak.
#[derive(Clone, Copy, Debug)]
struct Contender {
    target: PeerTarget,
    /// Of Saldo: how operations travel.
    transport: Transport,
}

/// Measures all that the arguments name. True where every audit is clean.
///
/// # Errors
/// [`RunError`]: a target is not there, or something was not measured.
pub async fn run(arguments: &PeersArgs) -> Result<bool, RunError> {
    for target in &arguments.targets {
        installed(*target)?;
    }
    for path in [&arguments.json, &arguments.html].into_iter().flatten() {
        can_write(path)?;
    }
    let mut reports: Vec<Report> = Vec::new();
    for guarantee in &arguments.guarantee {
        for kind in &arguments.workloads {
            for batch in &arguments.batch {
                if !interrupt::has_come() {
                    reports.extend(cell(arguments, *guarantee, *kind, *batch).await?);
                }
            }
        }
    }
    say(table(&reports));
    if interrupt::has_come() {
        say(INTERRUPTED);
    }
    if let Some(path) = &arguments.json {
        json::write(path, &reports)?;
    }
    if let Some(path) = &arguments.html {
        html::write(path, "saldo-loadtest peers", &reports)?;
    }
    let all_runs = || reports.iter().flat_map(|report| &report.runs);
    Ok(!interrupt::has_come() && all_runs().all(|run| run.audit.is_clean()))
}

/// Before anything is started: a target that is missing is told at once.
fn installed(target: PeerTarget) -> Result<(), RunError> {
    let (target, package) = match target {
        PeerTarget::Saldo => return Ok(()),
        PeerTarget::Redis => (Target::Redis, "redis-server"),
        PeerTarget::Postgres => (Target::Postgres, "postgresql"),
    };
    if target.is_installed() {
        return Ok(());
    }
    let name = target.name();
    Err(RunError::Usage(format!(
        "{name} is not there. Install it: sudo apt-get install {package}; or leave it out of --targets"
    )))
}

fn peer(error: PeerError) -> RunError {
    RunError::Peer(error.to_string())
}

/// One workload in batches of one size, every target in turn; with several runs the targets take turns within each.
async fn cell(
    arguments: &PeersArgs,
    guarantee: Guarantee,
    kind: Kind,
    batch: u32,
) -> Result<Vec<Report>, RunError> {
    let contenders = contenders(&arguments.targets, batch);
    let mut reports = Vec::new();
    for number in 0..arguments.runs {
        for (place, contender) in contenders.iter().enumerate() {
            let settings = settings(arguments, *contender, kind, batch)?;
            let name = format!("{kind} x{batch} {}", contender.target.name());
            let measured = match contender.target {
                PeerTarget::Saldo => saldo(arguments, guarantee, &settings, name).await?,
                PeerTarget::Redis => {
                    other(arguments, Target::Redis, guarantee, &settings, name).await?
                }
                PeerTarget::Postgres => {
                    other(arguments, Target::Postgres, guarantee, &settings, name).await?
                }
            };
            let (setting, mut all, run) = measured;
            if number == 0 {
                all.extend(warnings::of_runs(std::slice::from_ref(&run), &settings.load()));
                reports.push(Report { setting, warnings: all, ..Report::default() });
            }
            let report: &mut Report = &mut reports[place];
            report.runs.push(run);
            if interrupt::has_come() {
                return Ok(reports);
            }
        }
    }
    Ok(reports)
}

fn contenders(targets: &[PeerTarget], batch: u32) -> Vec<Contender> {
    let mut all = Vec::new();
    for target in targets {
        let with = |transport| Contender { target: *target, transport };
        if *target == PeerTarget::Saldo && batch == 1 {
            all.push(with(Transport::Http));
        }
        all.push(with(Transport::WsBinary));
    }
    all
}

fn settings(
    arguments: &PeersArgs,
    contender: Contender,
    kind: Kind,
    batch: u32,
) -> Result<WorkloadSettings, SettingsError> {
    let mut settings = arguments.settings(kind, batch)?;
    settings.load.transport = contender.transport;
    Ok(settings)
}

/// What a measurement comes to.
type Measured = (Setting, Vec<String>, RunFigures);

async fn saldo(
    arguments: &PeersArgs,
    guarantee: Guarantee,
    settings: &WorkloadSettings,
    name: String,
) -> Result<Measured, RunError> {
    let durability = match guarantee {
        Guarantee::PowerLoss => Durability::PowerLoss,
        Guarantee::Relaxed => Durability::ProcessCrash,
    };
    let target = TargetArgs {
        engine: arguments.engine.clone(),
        durability: Some(durability),
        ..TargetArgs::default()
    };
    let (engine, saldo) = Engine::start(&target, settings.transport()).await?;
    let about = saldo.about().await?;
    let one = OneRun {
        settings,
        engine: &engine,
        saldo: &saldo,
        no_audit: false,
        is_quiet: arguments.quiet,
        subscribers: None,
        name,
    };
    let finished = one.run().await;
    let stopped = engine.stop().await;
    let finished = finished?;
    stopped?;
    Ok((setting::of(settings, &about), warnings::of_builds(&about), finished.figures))
}

async fn other(
    arguments: &PeersArgs,
    target: Target,
    guarantee: Guarantee,
    settings: &WorkloadSettings,
    name: String,
) -> Result<Measured, RunError> {
    let guarantee = match guarantee {
        Guarantee::PowerLoss => StoreGuarantee::PowerLoss,
        Guarantee::Relaxed => StoreGuarantee::Relaxed,
    };
    let server = peers::start(target, guarantee).await.map_err(peer)?;
    let measured = beside(&server, guarantee, settings, arguments.quiet, name).await;
    let setting = Setting {
        target: target.name().to_owned(),
        target_version: server.version().to_owned(),
        transport: target.name().to_owned(),
        durability: target.durability(guarantee).to_owned(),
        ..setting::beside_the_target(settings)
    };
    let stopped = server.stop().await.map_err(peer);
    let figures = measured?;
    stopped?;
    Ok((setting, Vec::new(), figures))
}

/// One run against another target.
async fn beside(
    server: &Peer,
    guarantee: StoreGuarantee,
    settings: &WorkloadSettings,
    is_quiet: bool,
    name: String,
) -> Result<RunFigures, RunError> {
    let workload: Arc<dyn Workload> = Arc::from(settings.prepare(nonce()?));
    let names = workload.names();
    server.open(names, workload.opening()).await.map_err(peer)?;
    let load = settings.load();
    let progress = Progress::new(&name, workload.operations(), is_quiet);
    let cpu = CpuWatch::start(watched(server));
    let seed = (settings.seed(), false);
    let (driven, progress) = match server {
        Peer::Redis(redis) => {
            let connector = RedisConnector::new(redis.address(), Arc::clone(names));
            drive_beside(connector, &workload, load.clone(), seed, progress).await?
        }
        Peer::Postgres(postgres) => {
            let connector =
                PostgresConnector::new(postgres.address(), guarantee, Arc::clone(names));
            drive_beside(connector, &workload, load.clone(), seed, progress).await?
        }
    };
    progress.end();
    let shares = cpu.shares();
    let opening = workload.opening();
    let mut figures = figures::of(&driven, &load, opening.iter().copied().map(u64::from).sum());
    figures.client = ClientFigures {
        threads: load.threads,
        machine_share: shares.own,
        busiest_thread: driven.busiest_thread,
        target_share: shares.target,
        lateness: None,
    };
    let books = server.books(names).await.map_err(peer)?;
    figures.audit = audited(workload.as_ref(), &driven, &books);
    Ok(figures)
}

/// PostgreSQL works in a process for each connection: the time of the one that was started says nothing.
fn watched(server: &Peer) -> Option<u32> {
    match server {
        Peer::Redis(redis) => redis.process_id(),
        Peer::Postgres(_) => None,
    }
}

fn audited(
    workload: &dyn Workload,
    driven: &Driven,
    books: &[BookTotals],
) -> crate::measure::figures::AuditFigures {
    let totals: Vec<KeyTotals> = books
        .iter()
        .map(|book| KeyTotals {
            key: book.key,
            opening: workload.opening().get(book.key as usize).copied().unwrap_or_default().into(),
            left: book.left,
            reservations: book.reservations,
            units: i64::try_from(book.units).unwrap_or(i64::MAX),
        })
        .collect();
    let run = audit::Run {
        names: workload.names(),
        opening: workload.opening(),
        logs: &driven.logs,
        expected: workload.expected(),
    };
    TotalsAudit { run, totals: &totals }.audit()
}
