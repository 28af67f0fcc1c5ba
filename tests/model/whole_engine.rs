//! A whole engine on this thread as a subject, and the lives that crashes part a case into.

use std::sync::Arc;
use std::time::Duration;

use saldo::actor::call::{Call, CallResult, Movement};
use saldo::clock::Clock;
use saldo::config::Settings;
use saldo::simulation::{Simulated, live};
use saldo_ledger::{Level, ReservationId, ReservationView, StockKey, Timestamp};

use super::disks::Disks;
use super::{Act, Case, Crash, Subject, Told};

/// Movements asked for at once.
const PAGE: usize = 1_000;
/// Calls in flight at once, below what the engine admits.
const AT_ONCE_MAX: usize = 1_000;
/// Rounds in which everything that a sweep began has come to its end.
const ROUNDS_AFTER_SWEEP: usize = 6;

/// An engine during one of its lives.
pub struct WholeEngine(pub Simulated);

/// The settings of these engines: the defaults, with small segments.
#[must_use]
pub fn settings() -> Arc<Settings> {
    Arc::new(Settings { segment_bytes: 1 << 20, ..Settings::default() })
}

impl WholeEngine {
    /// Starts an engine, with a wall clock in microseconds.
    ///
    /// # Errors
    /// Why it does not start, as a sentence.
    pub async fn start(
        settings: &Arc<Settings>,
        disks: &Disks,
        wall_us: u64,
    ) -> Result<Self, String> {
        let wall = Timestamp::from_micros(wall_us);
        let started = Simulated::start(settings, disks.data_dir(), wall).await;
        started.map(Self).map_err(|error| format!("the engine does not start: {error}"))
    }

    /// What the wall clock shows, in microseconds.
    #[must_use]
    pub fn wall(&self) -> u64 {
        self.0.clock().wall().as_micros()
    }

    async fn called(&self, call: &Call, key: Option<&str>) -> CallResult {
        let (engine, call, key) = (self.0.engine().clone(), call.clone(), key.map(str::to_owned));
        self.0.finish(async move { engine.call(call, key.as_deref()).await }).await
    }

    /// Begins a call and lets it have so many steps. The answer, where it came.
    pub async fn begin(
        &mut self,
        call: &Call,
        key: Option<&str>,
        steps: u32,
    ) -> Option<CallResult> {
        let (engine, call, key) = (self.0.engine().clone(), call.clone(), key.map(str::to_owned));
        let begun = actix::spawn(async move { engine.call(call, key.as_deref()).await });
        for step in 0..steps {
            self.step(step).await;
        }
        if begun.is_finished() { begun.await.ok() } else { None }
    }

    /// Begins a checkpoint or tidying up, and lets it have so many steps. Whether it came to its end.
    async fn begin_upkeep(&mut self, act: &Act, steps: u32) -> bool {
        let begun = match act {
            Act::Checkpoint => {
                let checkpoint = self.0.checkpoint();
                actix::spawn(async move {
                    // One that cannot be made leaves the last one valid.
                    let _ = checkpoint.await;
                })
            }
            Act::TidyUp => {
                let (retain, forget) = (self.0.retain(), self.0.forget());
                actix::spawn(async move {
                    retain.await;
                    forget.await;
                })
            }
            _ => return true,
        };
        for step in 0..steps {
            self.step(step).await;
        }
        begun.is_finished()
    }

    /// One step of the scheduler: the actors' turn, or the waker's and the journal's.
    pub async fn step(&self, number: u32) {
        match number % 3 {
            0 => self.0.yield_once().await,
            1 => {
                self.0.wake_next();
                self.0.prepare_segment();
            }
            _ => {
                self.0.step_journal();
            }
        }
    }
}

impl Subject for WholeEngine {
    async fn call(&mut self, call: &Call, key: Option<&str>) -> Told {
        let before = self.now();
        let result = self.called(call, key).await;
        Told { result, from: before + 1, until: self.now() }
    }

    async fn call_all(&mut self, calls: &[(Call, Option<String>)]) -> Vec<Told> {
        let from = self.now() + 1;
        let mut told = Vec::with_capacity(calls.len());
        for calls in calls.chunks(AT_ONCE_MAX) {
            let begun: Vec<_> = calls
                .iter()
                .map(|(call, key)| {
                    let (engine, call, key) = (self.0.engine().clone(), call.clone(), key.clone());
                    actix::spawn(async move { engine.call(call, key.as_deref()).await })
                })
                .collect();
            while begun.iter().any(|call| !call.is_finished()) {
                self.0.round().await;
            }
            for call in begun {
                let result = call.await.expect("the call does not panic");
                told.push(Told { result, from, until: from });
            }
        }
        let until = self.now();
        told.iter_mut().for_each(|told| told.until = until);
        told
    }

    async fn level(&mut self, key: &StockKey) -> Option<Level> {
        let (engine, key) = (self.0.engine().clone(), key.clone());
        self.0.finish(async move { engine.level(&key).await }).await.ok()
    }

    async fn order(&mut self, id: ReservationId) -> Option<ReservationView> {
        let engine = self.0.engine().clone();
        self.0.finish(async move { engine.reservation(id).await }).await.ok()
    }

    async fn movements(&mut self, key: &StockKey) -> Option<Vec<Movement>> {
        let mut movements = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let (engine, key, from) = (self.0.engine().clone(), key.clone(), cursor.clone());
            let page = self
                .0
                .finish(async move { engine.movements(&key, from.as_deref(), PAGE).await })
                .await;
            let Ok(page) = page else { return Some(movements) };
            movements.extend(page.items);
            match page.next_cursor {
                None => {
                    movements.reverse();
                    return Some(movements);
                }
                next => cursor = next,
            }
        }
    }

    fn advance(&mut self, by_us: u64) {
        self.0.clock().advance(Duration::from_micros(by_us));
    }

    fn move_wall(&mut self, by_us: i64) {
        let wall_us = self.wall().saturating_add_signed(by_us);
        self.0.clock().set_wall(Timestamp::from_micros(wall_us));
    }

    fn now(&mut self) -> u64 {
        self.0.clock().now().as_micros()
    }

    fn resumed_at(&mut self) -> u64 {
        self.0.clock().resumed_at().as_micros()
    }

    async fn sweep(&mut self) {
        loop {
            let before = self.0.engine().durable_sequence();
            self.0.sweep();
            for _ in 0..ROUNDS_AFTER_SWEEP {
                self.0.round().await;
            }
            if self.0.engine().durable_sequence() == before {
                return;
            }
        }
    }

    async fn passivate(&mut self) {
        self.0.passivate(0);
        self.0.round().await;
    }

    async fn checkpoint(&mut self) {
        // A checkpoint that cannot be made leaves the last one valid.
        let _ = self.0.finish(self.0.checkpoint()).await;
    }

    async fn tidy_up(&mut self) {
        self.0.finish(self.0.retain()).await;
        self.0.finish(self.0.forget()).await;
    }
}

/// A call under way when the engine died.
struct Unanswered {
    call: Call,
    key: Option<String>,
    at: u64,
}

/// How a life ended.
enum End {
    Over,
    Crashed { wall_us: u64, unanswered: Option<Box<Unanswered>>, crash: Crash },
}

/// Runs a whole case. `next` tells the next act as things stand, and none at the end.
///
/// # Errors
/// Where engine and model differ, as sentences.
pub fn play(
    case: &mut Case,
    wall_us: u64,
    mut next: impl FnMut(&Case) -> Option<Act>,
) -> Result<(), String> {
    let settings = settings();
    let mut disks = Disks::new();
    let mut wall_us = wall_us;
    let mut unanswered: Option<Box<Unanswered>> = None;
    loop {
        let end = live(async {
            let mut engine = WholeEngine::start(&settings, &disks, wall_us).await?;
            case.resume(engine.resumed_at());
            match unanswered.take() {
                Some(pending) => find_out(case, &mut engine, &pending).await?,
                None => case.compare_all(&mut engine).await?,
            }
            live_on(case, &mut engine, &mut next).await
        })?;
        match end {
            End::Over => return Ok(()),
            End::Crashed { wall_us: died_at, unanswered: left, crash } => {
                disks = disks.after(&crash);
                wall_us = died_at + crash.outage_us;
                unanswered = left;
            }
        }
    }
}

async fn live_on(
    case: &mut Case,
    engine: &mut WholeEngine,
    next: &mut impl FnMut(&Case) -> Option<Act>,
) -> Result<End, String> {
    while let Some(act) = next(case) {
        let Act::Crash(crash) = act else {
            case.step(engine, &act).await?;
            continue;
        };
        // What is in flight then is one call at most: whatever else was due is done.
        case.step(engine, &Act::Sweep).await?;
        let mut unanswered = None;
        if let Some((act, steps)) = &crash.during {
            unanswered = begin(case, engine, act, *steps).await?;
        }
        return Ok(End::Crashed { wall_us: engine.wall(), unanswered, crash });
    }
    case.compare_all(engine).await?;
    Ok(End::Over)
}

/// Begins a call and lets it have so many steps. What was not answered is to be found out.
async fn begin(
    case: &mut Case,
    engine: &mut WholeEngine,
    act: &Act,
    steps: u32,
) -> Result<Option<Box<Unanswered>>, String> {
    let Some((mut call, key)) = case.call_of(act) else {
        case.was_finished_before_crash = engine.begin_upkeep(act, steps).await;
        return Ok(None);
    };
    if let Call::Reserve { id, .. } = &mut call {
        // Nobody would know what to ask for otherwise.
        id.get_or_insert(case.fresh_id());
    }
    let before = engine.now();
    let answer = engine.begin(&call, key.as_deref(), steps).await;
    case.was_finished_before_crash = answer.is_some();
    case.note_call(&call, key.as_ref());
    match answer {
        None => Ok(Some(Box::new(Unanswered { call, key, at: before + 1 }))),
        Some(answer) => {
            let until = engine.now();
            case.settle(&call, key.as_deref(), &answer, before + 1, until)?;
            Ok(None)
        }
    }
}

/// Finds out whether a call that a crash left unanswered was carried out: wholly, or not at all.
async fn find_out(
    case: &mut Case,
    engine: &mut WholeEngine,
    pending: &Unanswered,
) -> Result<(), String> {
    let untouched = case.model.clone();
    case.carry_out_unheard(&pending.call, pending.key.as_deref(), pending.at);
    let Err(not_done) = case.compare_all(engine).await else { return Ok(()) };
    case.model = untouched;
    case.leave_traces(&pending.call);
    case.compare_all(engine).await.map_err(|not_undone| {
        let call = &pending.call;
        format!("after {call:?}, which was not answered: neither done ({not_done})\nnor not done ({not_undone})")
    })
}
