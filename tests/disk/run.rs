//! A run of the script on a machine: life after life, with a list of what was answered.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use saldo::actor::call::CallResult;
use saldo::config::Settings;
use saldo::journal::Phase;
use saldo::simulation::{Simulated, live};
use saldo_ledger::Timestamp;

use super::broken::{Broken, Held};
use super::machine::{Machine, Survivors};
use super::script::{Ask, Script, Step};
use super::truth::Truth;

/// When every run begins, in microseconds since 1970.
const BEGINNING: u64 = 1_800_000_000_000_000;
/// Polls within which everything ends that is under way. An engine that needs more hangs.
const POLLS_MAX: u32 = 2_000;

/// What happens when something is not as the script expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The run is over: nothing fails here.
    Clean,
    /// The disk stands still after so many changes, and the run ends there.
    UpTo(u64),
    /// Operations fail, and the run goes on as a shop would: it restarts what died, and asks again.
    Faulty,
}

/// A call that was granted.
#[derive(Clone, Copy, Debug)]
pub struct Ack {
    /// The call, by its place among the script's.
    pub ask: usize,
}

/// A run, under way or over.
pub struct Run<'a> {
    pub script: &'a Script,
    pub machine: Machine,
    pub mode: Mode,
    /// Granted calls.
    pub acks: Vec<Ack>,
    /// The highest sequence that anyone was told is durable.
    pub durable: u64,
    pub truth: Truth,
    /// What the wall clock shows, in microseconds since 1970.
    pub wall: u64,
    /// Starts that failed, with what they said.
    pub refused_starts: Vec<String>,
    /// Lives that ended because the journal failed.
    pub deaths: u64,
    /// Whether nothing can fail any more.
    is_healed: bool,
    next: usize,
    asked: usize,
}

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Over,
    Stopped,
    Killed,
    PowerCut,
    Torn,
    Frozen,
    Failed,
}

/// The settings of every engine here: as small as they go.
pub fn settings() -> Arc<Settings> {
    Arc::new(Settings {
        segment_bytes: 1 << 20,
        journal_bytes_max: 4 << 20,
        journal_retention_hours: 0,
        disk_free_bytes_min: 2 << 20,
        arbiters: 1,
        ..Settings::default()
    })
}

/// Runs something to its end, unless it takes too many turns.
pub async fn bounded<T>(what: &str, future: impl Future<Output = T>) -> Held<T> {
    let mut future = std::pin::pin!(future);
    let mut polls = 0;
    std::future::poll_fn(|context| {
        polls += 1;
        if polls > POLLS_MAX {
            return Poll::Ready(Err(Broken::new("P7", format!("{what} does not end"))));
        }
        future.as_mut().poll(context).map(Ok)
    })
    .await
}

impl<'a> Run<'a> {
    /// A run that has not begun.
    pub fn new(script: &'a Script, mode: Mode) -> Self {
        Self {
            script,
            machine: Machine::new(),
            mode,
            acks: Vec::new(),
            durable: 0,
            truth: Truth::default(),
            wall: BEGINNING,
            refused_starts: Vec::new(),
            deaths: 0,
            is_healed: false,
            next: 0,
            asked: 0,
        }
    }

    /// What the wall clock shows.
    pub const fn wall(&self) -> Timestamp {
        Timestamp::from_micros(self.wall)
    }

    /// Whether the disk stands still.
    fn is_frozen(&self) -> bool {
        matches!(self.mode, Mode::UpTo(changes) if self.machine.faults.changes() > changes)
    }

    /// Runs the script to its end, or to where the disk stands still.
    ///
    /// # Errors
    /// [`Broken`].
    pub fn go(&mut self) -> Held {
        loop {
            let end = live(self.life()).map_err(|broken| broken.at(self.place()))?;
            if self.mode != Mode::Clean && self.is_frozen() {
                return Ok(());
            }
            match end {
                End::Over | End::Frozen => return self.note_truth(),
                _ => self.come_back(end)?,
            }
        }
    }

    /// Where in the script the run is.
    pub fn place(&self) -> String {
        let asks = self.script.asks().take(self.asked);
        let line = asks.last().map_or(0, |ask| ask.line);
        format!("behind line {line} of the script, step {}", self.next)
    }

    /// Takes in what was decided. A run up to a point decides what the whole run does.
    fn note_truth(&mut self) -> Held {
        match self.mode {
            Mode::UpTo(_) => Ok(()),
            _ => self.truth.read(&self.machine.journal, self.durable),
        }
    }

    fn come_back(&mut self, end: End) -> Held {
        self.note_truth()?;
        self.machine = match end {
            End::PowerCut => self.machine.power_cut_with_faults(Survivors::First(0), 0),
            End::Torn => self.machine.power_cut_with_faults(Survivors::AllBut(0), 1),
            End::Failed => {
                self.deaths += 1;
                self.is_healed = true;
                self.machine.faults.heal();
                if self.deaths.is_multiple_of(2) {
                    self.machine.power_cut_with_faults(Survivors::First(0), 0)
                } else {
                    self.machine.process_crash_with_faults()
                }
            }
            _ => self.machine.process_crash_with_faults(),
        };
        Ok(())
    }

    async fn life(&mut self) -> Held<End> {
        let settings = settings();
        let sim = match Simulated::recover(&settings, self.machine.data_dir(), self.wall()) {
            Ok(sim) => sim,
            Err(error) if self.mode == Mode::Clean || self.is_healed => {
                return Err(Broken::new("P2", format!("the engine does not start: {error}")));
            }
            Err(error) => {
                self.refused_starts.push(error.to_string());
                return Ok(End::Failed);
            }
        };
        bounded("the start", sim.begin()).await?;
        self.hear(&sim);
        while let Some(step) = self.script.steps.get(self.next) {
            if self.is_frozen() {
                return Ok(End::Frozen);
            }
            if sim.is_failed() {
                if self.mode == Mode::Clean || self.is_healed {
                    return Err(Broken::new("P7", "the journal failed on a whole disk"));
                }
                return Ok(End::Failed);
            }
            self.next += 1;
            let end = self.step(&sim, step).await?;
            self.hear(&sim);
            if end == Some(End::Stopped) {
                bounded("the stop", sim.stop()).await?;
                return Ok(End::Stopped);
            }
            if let Some(end) = end {
                return Ok(end);
            }
        }
        if self.mode != Mode::Faulty {
            return Ok(End::Over);
        }
        if sim.is_failed() { Ok(End::Failed) } else { self.after_faults(&sim).await }
    }

    /// There is nothing wrong with the disk any more: everything works, without a restart.
    async fn after_faults(&mut self, sim: &Simulated) -> Held<End> {
        self.is_healed = true;
        self.machine.faults.heal();
        bounded("a round", sim.round()).await?;
        let key = saldo_ledger::StockKey::new("a", "x").expect("a short name");
        let note = saldo_ledger::Note::default();
        let call =
            saldo::actor::call::Call::Receive { key, quantity: 1, from_incoming: false, note };
        let engine = sim.engine().clone();
        let answer = async move { engine.call(call, Some("after the faults")).await };
        let answer = bounded("a call after the faults", sim.finish(answer)).await?;
        self.hear(sim);
        match answer {
            Ok(_) => Ok(End::Over),
            Err(_) if sim.is_failed() => Ok(End::Failed),
            Err(refusal) => {
                Err(Broken::new("P7", format!("refused after the disk is whole: {refusal:?}")))
            }
        }
    }

    fn hear(&mut self, sim: &Simulated) {
        self.durable = self.durable.max(sim.engine().durable_sequence());
    }

    async fn step(&mut self, sim: &Simulated, step: &Step) -> Held<Option<End>> {
        match step {
            Step::Ask(asks) => self.ask(sim, asks).await?,
            Step::Checkpoint => {
                let made = bounded("a checkpoint", sim.finish(sim.checkpoint())).await?;
                if let (Mode::Clean, Err(error)) = (self.mode, made) {
                    return Err(Broken::new("P7", format!("no checkpoint: {error}")));
                }
            }
            Step::Retain => {
                // Segments may go.
                self.note_truth()?;
                bounded("a baseline", sim.finish(sim.retain())).await?;
            }
            Step::Tick(seconds) => {
                self.wall += seconds * 1_000_000;
                sim.clock().advance(Duration::from_secs(*seconds));
            }
            Step::Sweep => {
                sim.sweep();
                for _ in 0..8 {
                    bounded("a sweep", sim.round()).await?;
                }
            }
            Step::Sleep => {
                sim.passivate(0);
                for _ in 0..4 {
                    bounded("falling asleep", sim.round()).await?;
                }
            }
            Step::Stop => return Ok(Some(End::Stopped)),
            Step::Crash => return Ok(Some(End::Killed)),
            Step::Power => return Ok(Some(End::PowerCut)),
            Step::Torn(ask) => return self.tear(sim, ask).await,
        }
        Ok(None)
    }

    async fn ask(&mut self, sim: &Simulated, asks: &[Ask]) -> Held {
        let place = self.asked;
        self.asked += asks.len();
        let calls: Vec<_> = asks
            .iter()
            .map(|ask| {
                let (engine, ask) = (sim.engine().clone(), ask.clone());
                actix::spawn(async move { engine.call(ask.call, Some(&ask.once)).await })
            })
            .collect();
        for (place, (ask, call)) in (place..).zip(asks.iter().zip(calls)) {
            let answer = bounded(&ask.once, sim.finish(call)).await?;
            let answer =
                answer.map_err(|error| Broken::new("P7", format!("{}: {error}", ask.once)))?;
            self.take(place, ask, &answer)?;
        }
        Ok(())
    }

    fn take(&mut self, place: usize, ask: &Ask, answer: &CallResult) -> Held {
        let expected = match (answer, &ask.refused) {
            (Ok(_), None) => true,
            (_, Some(code)) if code == "*" => true,
            (Err(refusal), Some(code)) => format!("{:?}", refusal.code) == *code,
            _ => false,
        };
        if self.mode == Mode::Clean && !expected {
            let (line, once) = (ask.line, &ask.once);
            return Err(Broken::new("P1", format!("line {line}, {once}: {answer:?}")));
        }
        if answer.is_ok() {
            self.acks.push(Ack { ask: place });
        }
        Ok(())
    }

    /// Writes a call without syncing it.
    async fn tear(&mut self, sim: &Simulated, ask: &Ask) -> Held<Option<End>> {
        self.asked += 1;
        let (engine, ask) = (sim.engine().clone(), ask.clone());
        let call = actix::spawn(async move { engine.call(ask.call, Some(&ask.once)).await });
        for _ in 0..8 {
            bounded("a call", sim.yield_once()).await?;
            while sim.wake_next() {}
        }
        while !matches!(sim.step_journal(), Phase::Idle | Phase::Written | Phase::Ended) {}
        if call.is_finished() && self.mode == Mode::Clean {
            return Err(Broken::new("P2", "a call was answered before it was synced"));
        }
        Ok(Some(if sim.is_failed() { End::Failed } else { End::Torn }))
    }
}
