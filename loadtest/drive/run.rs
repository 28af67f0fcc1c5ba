//! A run: clients on their threads, from the first connection to the last answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use saldo_protocol::Code;
use tokio::task::{JoinSet, LocalSet};

use crate::drive::client::Client;
use crate::drive::error::DriveError;
use crate::drive::shared::Shared;
use crate::drive::thread::{Part, ThreadFigures};
use crate::history::log::ClientLog;
use crate::measure::numbers::ratio;
use crate::measure::recorder::{Interval, Recorder};
use crate::session::Connector;
use crate::workload::script::Workload;

/// How often whoever looks on is told.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A finished run.
#[derive(Debug)]
pub struct Driven {
    /// What each client asked and was told, in order of the clients; empty where no log was kept.
    pub logs: Vec<ClientLog>,
    /// The figures of all threads.
    pub recorder: Recorder,
    /// Refusals by code, the warm-up included.
    pub refusals: BTreeMap<Code, u64>,
    /// Each step of a stair.
    pub steps: Vec<Interval>,
    /// By the number of the interval, the warm-up included; those in which nothing was answered are not there.
    pub series: BTreeMap<u64, Interval>,
    /// When the last unit was granted, since the start.
    pub last_grant: Duration,
    /// When the last answer came, since the start.
    pub ended: Duration,
    /// Connections that were made again.
    pub reconnects: u64,
    /// The processor time of the busiest thread as a share of one core's.
    pub busiest_thread: f64,
    /// The processor time of all threads of clients.
    pub worked: Duration,
}

/// What a thread gives back.
struct Ended {
    logs: Vec<(u32, ClientLog)>,
    figures: ThreadFigures,
    ended: Duration,
    worked: Duration,
}

/// One thread with its part of the clients.
struct Thread<C> {
    clients: Vec<u32>,
    connector: Arc<C>,
    shared: Arc<Shared>,
    workload: Arc<dyn Workload>,
    seed: u64,
    parts: Sender<Part>,
    ready: Sender<()>,
    go: Receiver<()>,
}

/// Runs the workload. Blocks; `look` is called some times a second with what was answered so far, and may end the run
/// through what is shared.
///
/// # Errors
/// [`DriveError`]: the first that a client met; the others end with it.
pub fn drive<C: Connector>(
    connector: &Arc<C>,
    shared: &Arc<Shared>,
    workload: &Arc<dyn Workload>,
    seed: u64,
    mut look: impl FnMut(&Shared, &BTreeMap<u64, Interval>),
) -> Result<Driven, DriveError> {
    let (parts, finished) = mpsc::channel();
    let (ready, waiting) = mpsc::channel();
    let count = shared.load.threads.clamp(1, shared.load.clients.max(1));
    let mut threads = Vec::new();
    let mut starters = Vec::new();
    for number in 0..count {
        let (starter, go) = mpsc::channel();
        starters.push(starter);
        let thread = Thread {
            clients: (number..shared.load.clients).step_by(count as usize).collect(),
            connector: Arc::clone(connector),
            shared: Arc::clone(shared),
            workload: Arc::clone(workload),
            seed,
            parts: parts.clone(),
            ready: ready.clone(),
            go,
        };
        let name = std::thread::Builder::new().name(format!("clients-{number}"));
        let spawned = name.spawn(move || thread.run());
        threads.push(
            spawned.map_err(|source| DriveError::System { what: "starting a thread", source })?,
        );
    }
    drop((parts, ready));
    // Where a thread could not connect, there are fewer: then nobody is told to go, and the error is found below.
    if waiting.iter().take(threads.len()).count() == threads.len() {
        shared.began();
        starters.iter().for_each(|starter| starter.send(()).unwrap_or_default());
    }
    drop(starters);
    let series = looked_on(&finished, shared, &mut look);
    gathered(threads, shared, series)
}

/// Collects finished intervals until no thread is left.
fn looked_on(
    finished: &Receiver<Part>,
    shared: &Shared,
    look: &mut impl FnMut(&Shared, &BTreeMap<u64, Interval>),
) -> BTreeMap<u64, Interval> {
    let mut series: BTreeMap<u64, Interval> = BTreeMap::new();
    loop {
        match finished.recv_timeout(LOOK_EVERY) {
            Ok(Part { interval, figures }) => match series.get_mut(&interval) {
                Some(known) => known.merge(&figures),
                None => {
                    series.insert(interval, figures);
                }
            },
            Err(RecvTimeoutError::Timeout) => look(shared, &series),
            Err(RecvTimeoutError::Disconnected) => return series,
        }
    }
}

fn gathered(
    threads: Vec<JoinHandle<Result<Option<Ended>, DriveError>>>,
    shared: &Shared,
    series: BTreeMap<u64, Interval>,
) -> Result<Driven, DriveError> {
    let mut driven = Driven {
        logs: Vec::new(),
        recorder: Recorder::default(),
        refusals: BTreeMap::new(),
        steps: Vec::new(),
        series,
        last_grant: Duration::ZERO,
        ended: Duration::ZERO,
        reconnects: 0,
        busiest_thread: 0.0,
        worked: Duration::ZERO,
    };
    driven.logs.resize_with(shared.load.clients as usize, ClientLog::default);
    let mut first_error = None;
    for thread in threads {
        match thread.join().unwrap_or(Err(DriveError::Panicked)) {
            Ok(Some(ended)) => driven.take(ended),
            Ok(None) => {}
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    first_error.map_or(Ok(driven), Err)
}

impl Driven {
    fn take(&mut self, ended: Ended) {
        let Ended { logs, figures, ended, worked } = ended;
        for (client, log) in logs {
            self.logs[client as usize] = log;
        }
        self.recorder.merge(&figures.recorder);
        for (code, count) in figures.refusals {
            *self.refusals.entry(code).or_default() += count;
        }
        if self.steps.len() < figures.steps.len() {
            self.steps.resize_with(figures.steps.len(), Interval::default);
        }
        for (own, other) in self.steps.iter_mut().zip(&figures.steps) {
            own.merge(other);
        }
        self.last_grant = self.last_grant.max(figures.last_grant);
        self.ended = self.ended.max(ended);
        self.reconnects += figures.reconnects;
        let busy = ratio(worked.as_secs_f64(), ended.as_secs_f64());
        self.busiest_thread = self.busiest_thread.max(busy);
        self.worked += worked;
    }
}

impl<C: Connector> Thread<C> {
    /// None where the others could not connect.
    fn run(self) -> Result<Option<Ended>, DriveError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|source| DriveError::System { what: "starting a runtime", source })?;
        let shared = Arc::clone(&self.shared);
        let outcome = LocalSet::new().block_on(&runtime, self.clients());
        if outcome.is_err() {
            shared.end();
        }
        outcome
    }

    async fn clients(self) -> Result<Option<Ended>, DriveError> {
        let figures = ThreadFigures::new(Arc::clone(&self.shared), self.parts.clone());
        let figures = Rc::new(RefCell::new(figures));
        let mut clients = Vec::with_capacity(self.clients.len());
        for number in self.clients {
            let client = Client::connect(
                number,
                Arc::clone(&self.connector),
                Arc::clone(&self.shared),
                Rc::clone(&figures),
                self.workload.script(number),
                self.seed,
            );
            clients.push((number, client.await?));
        }
        self.ready.send(()).unwrap_or_default();
        // Blocks the thread: nothing of it runs before all are connected.
        if self.go.recv().is_err() {
            return Ok(None);
        }
        let worked = processor_time();
        let mut tasks = JoinSet::new();
        for (number, client) in clients {
            tasks.spawn_local(async move { (number, client.run().await) });
        }
        let mut logs = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            let (number, log) = ended.map_err(|_| DriveError::Panicked)?;
            logs.push((number, log?));
        }
        let ended = self.shared.now();
        let worked = processor_time().saturating_sub(worked);
        drop(tasks);
        let figures = Rc::try_unwrap(figures).map_err(|_| DriveError::Panicked)?;
        let mut figures = figures.into_inner();
        figures.end();
        Ok(Some(Ended { logs, figures, ended, worked }))
    }
}

/// What this thread has had of a processor.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or_default());
    seconds + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or_default())
}
