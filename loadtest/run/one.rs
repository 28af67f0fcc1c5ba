//! One run against an engine: opening stock, subscribers, load, audit.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use saldo_protocol::client::FeedForm;

use crate::audit::{self, SaldoAudit};
use crate::drive::load::Load;
use crate::drive::run::{Driven, drive};
use crate::drive::shared::Shared;
use crate::feed::{Fleet, FleetFigures, open_files};
use crate::measure::cpu::{self, CpuWatch};
use crate::measure::engine_metrics::EngineWatch;
use crate::measure::figures::{AuditFigures, ClientFigures, LatencyFigures, RunFigures};
use crate::measure::numbers::{float, ratio};
use crate::report::hdr_log::LogInterval;
use crate::run::engine::Engine;
use crate::run::error::RunError;
use crate::run::figures;
use crate::run::interrupt::{self, Driving};
use crate::run::progress::Progress;
use crate::session::Connector;
use crate::session::http::HttpConnector;
use crate::session::inproc::InprocConnector;
use crate::session::websocket::WebSocketConnector;
use crate::targets::saldo::{Saldo, SaldoError};
use crate::workload::script::Workload;
use crate::workload::settings::WorkloadSettings;
use crate::workload::transport::Transport;

/// What one run is made of.
pub struct OneRun<'a> {
    /// The workload and its load.
    pub settings: &'a WorkloadSettings,
    /// The engine.
    pub engine: &'a Engine,
    /// How to speak to it.
    pub saldo: &'a Saldo,
    /// Whether the audit is left out.
    pub no_audit: bool,
    /// Whether nothing is drawn.
    pub is_quiet: bool,
    /// Subscribers, where there are any.
    pub subscribers: Option<crate::feed::FeedSettings>,
    /// What the live line is headed with.
    pub name: String,
}

/// What came of it.
#[derive(Debug)]
pub struct Finished {
    /// What the SKUs of this run begin with.
    pub sku_prefix: String,
    /// The figures.
    pub figures: RunFigures,
    /// Latencies by interval.
    pub intervals: Vec<LogInterval>,
    /// When the load began.
    pub began: SystemTime,
    /// Sentences of the subscribers on what contradicts.
    pub shown: Vec<String>,
}

impl OneRun<'_> {
    /// Runs.
    ///
    /// # Errors
    /// [`RunError`]: nothing was measured.
    pub async fn run(self) -> Result<Finished, RunError> {
        let workload: Arc<dyn Workload> = Arc::from(self.settings.prepare(nonce()?));
        let names = workload.names();
        let load = self.settings.load();
        open_files::make_room(u64::from(load.clients)).map_err(RunError::Usage)?;
        let before = self.saldo.cursor(names).await?;
        let opening_units = self.saldo.open_stock(names, workload.opening()).await?;
        let fleet = match &self.subscribers {
            None => None,
            Some(settings) => {
                let token = self.saldo.token.as_deref();
                let mut fleet = Fleet::start(settings, &self.saldo.url, token, names)?;
                fleet.ready().await?;
                Some(fleet)
            }
        };
        let unreachable = |source| SaldoError::Call { what: "the engine's figures", source };
        let client = self.saldo.client().clone();
        let cpu = CpuWatch::start(self.saldo.pid);
        let began = SystemTime::now();
        let engine =
            EngineWatch::start(client, self.saldo.pid, Instant::now(), load.interval).await;
        let engine = engine.map_err(unreachable)?;
        let progress = Progress::new(&self.name, workload.operations(), self.is_quiet);
        let (driven, progress) = self.driven(&workload, &load, progress).await?;
        let shares = cpu.shares();
        let mut figures = figures::of(&driven, &load, opening_units);
        figures.engine = engine.finish().await;
        figures.client = ClientFigures {
            threads: load.threads,
            machine_share: match self.engine {
                // The engine's threads are this process's too.
                Engine::Within(_) => own_share(&driven),
                Engine::Own(_) | Engine::Running => shares.own,
            },
            busiest_thread: driven.busiest_thread,
            target_share: match self.engine {
                Engine::Within(_) => Some((shares.own - own_share(&driven)).max(0.0)),
                Engine::Own(_) | Engine::Running => shares.target,
            },
            lateness: lateness(&driven),
        };
        let heard = match fleet {
            None => FleetFigures::default(),
            Some(fleet) => fleet.finish(&self.saldo.levels(names).await?).await?,
        };
        figures.feed = heard.figures;
        let intervals = intervals(&driven, &load);
        figures.audit = self.audited(&workload, driven, &before, &progress).await?;
        figures.audit.disagreements += heard.disagreements;
        progress.end();
        let sku_prefix = names.sku_prefix();
        Ok(Finished { sku_prefix, figures, intervals, began, shown: heard.shown })
    }

    /// Drives the load with the connector of its transport.
    async fn driven(
        &self,
        workload: &Arc<dyn Workload>,
        load: &Load,
        progress: Progress,
    ) -> Result<(Driven, Progress), RunError> {
        let names = Arc::clone(workload.names());
        let (url, token) = (&self.saldo.url, self.saldo.token.as_deref());
        let feed = |form| WebSocketConnector::new(Arc::clone(&names), url, token, form);
        let seed = self.settings.seed();
        let run = Load::clone(load);
        let no_log = self.no_audit;
        match (self.settings.transport(), self.engine) {
            (Transport::Http, _) => {
                let connector = HttpConnector::new(names, url, token)?;
                drive_beside(connector, workload, run, (seed, no_log), progress).await
            }
            (Transport::WsJson, _) => {
                drive_beside(feed(FeedForm::Json)?, workload, run, (seed, no_log), progress).await
            }
            (Transport::WsBinary, _) => {
                drive_beside(feed(FeedForm::Binary)?, workload, run, (seed, no_log), progress).await
            }
            (Transport::Inproc, Engine::Within(within)) => {
                let connector = InprocConnector::new(within.handle(), names)?;
                drive_beside(connector, workload, run, (seed, no_log), progress).await
            }
            (Transport::Inproc, Engine::Own(_) | Engine::Running) => Err(RunError::Usage(
                "inproc runs the engine within this program: leave --url and --engine out"
                    .to_owned(),
            )),
        }
    }

    async fn audited(
        &self,
        workload: &Arc<dyn Workload>,
        driven: Driven,
        before: &str,
        progress: &Progress,
    ) -> Result<AuditFigures, RunError> {
        if self.no_audit {
            let why = "left out by --no-audit".to_owned();
            return Ok(AuditFigures { left_out: Some(why), ..AuditFigures::default() });
        }
        progress.part("audit");
        let audit = SaldoAudit {
            url: &self.saldo.url,
            token: self.saldo.token.as_deref(),
            cursor: before,
            seed: self.settings.seed(),
            run: audit::Run {
                names: workload.names(),
                opening: workload.opening(),
                logs: &driven.logs,
                expected: workload.expected(),
            },
        };
        Ok(audit.audit(|done, of| progress.at(done, of)).await)
    }
}

/// Drives on a thread that may block. The first Ctrl-C or `SIGTERM` ends the load.
pub(crate) async fn drive_beside<C: Connector>(
    connector: C,
    workload: &Arc<dyn Workload>,
    load: Load,
    (seed, no_log): (u64, bool),
    mut progress: Progress,
) -> Result<(Driven, Progress), RunError> {
    let operations = workload.operations();
    let shared = Arc::new(Shared::new(load, operations, !no_log));
    let (theirs, workload) = (Arc::clone(&shared), Arc::clone(workload));
    let mut driving = tokio::task::spawn_blocking(move || {
        let connector = Arc::new(connector);
        let look = |shared: &Shared, series: &_| progress.look(shared, series);
        let driven = drive(&connector, &theirs, &workload, seed, look);
        (driven, progress)
    });
    let _driving = Driving::begin();
    let ended = tokio::select! {
        ended = &mut driving => ended,
        () = interrupt::first() => {
            shared.end();
            driving.await
        }
    };
    let (driven, progress) = ended.map_err(|_| RunError::Panicked)?;
    Ok((driven?, progress))
}

/// Of the whole machine, by the threads of clients alone.
fn own_share(driven: &Driven) -> f64 {
    let machine = driven.ended.as_secs_f64() * f64::from(cpu::cores());
    ratio(driven.worked.as_secs_f64(), machine)
}

fn lateness(driven: &Driven) -> Option<LatencyFigures> {
    let lateness = &driven.recorder.lateness;
    (!lateness.is_empty()).then(|| LatencyFigures::of(lateness))
}

fn intervals(driven: &Driven, load: &Load) -> Vec<LogInterval> {
    let length_s = load.interval.as_secs_f64();
    let log = |(place, interval): (&u64, &crate::measure::recorder::Interval)| LogInterval {
        start_s: float(*place) * length_s,
        length_s,
        latencies: interval.latencies.clone(),
    };
    let measured = driven.series.iter().map(log);
    // Of the measured part, as every other figure.
    measured.filter(|it| it.start_s >= load.warm_up.as_secs_f64()).collect()
}

/// Another run's names are others.
pub(crate) fn nonce() -> Result<u64, RunError> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(RunError::Random)?;
    Ok(u64::from_le_bytes(bytes))
}
