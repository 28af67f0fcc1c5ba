//! What lies still when it is damaged: disks that the script left, with what is known of them.

use saldo::journal::Kind;
use saldo::journal::medium::{Fault, Operation};
use saldo::simulation::{Simulated, live};
use saldo_ledger::Timestamp;

use crate::disk::broken::{Broken, Held};
use crate::disk::check::{EIO, State, bounded_state};
use crate::disk::machine::{Machine, Survivors};
use crate::disk::rows::{records, segments};
use crate::disk::run::{Mode, Run, bounded, settings};
use crate::disk::script::Script;
use crate::disk::truth::Truth;

use super::hits::Place;

/// A disk to be damaged.
pub struct Base<'a> {
    pub name: &'static str,
    pub script: &'a Script,
    pub machine: Machine,
    pub truth: Truth,
    /// What an engine tells that recovers on it undamaged.
    pub state: State,
    /// The highest sequence that anyone was told is durable.
    pub known_durable: u64,
    /// The first event of the last batch, where no clean stop vouches for it.
    pub last_batch: Option<u64>,
    pub wall: Timestamp,
    /// Whether the state is that of all that was acknowledged.
    pub is_whole: bool,
}

impl Base<'_> {
    /// A copy of the disk, without what would make a damage at the place harmless.
    pub fn of(&self, place: &Place) -> Machine {
        if place.without_store {
            self.machine.without_store()
        } else {
            self.machine.process_crash()
        }
    }

    /// A copy of all.
    pub fn clone_of(&self) -> Self {
        Self {
            machine: self.machine.process_crash(),
            truth: self.truth.clone(),
            state: self.state.clone(),
            ..*self
        }
    }

    fn new<'a>(
        name: &'static str,
        run: &Run<'a>,
        machine: Machine,
        mut truth: Truth,
    ) -> Held<Base<'a>> {
        let (wall, script) = (run.wall(), run.script);
        truth.read(&machine.journal, run.durable)?;
        let state = live(bounded_state(&machine.process_crash(), script, wall))?;
        let name_of_last = segments(&machine.journal).into_iter().rev().find(|name| {
            machine.journal.pages(name).is_some_and(|pages| !records(&pages).is_empty())
        });
        let last = name_of_last.and_then(|name| machine.journal.pages(&name)).unwrap_or_default();
        let last = records(&last).pop().filter(|record| record.header.kind == Kind::Events);
        let last_batch = last.map(|record| record.header.first_sequence);
        let known_durable = run.durable;
        Ok(Base {
            name,
            script,
            machine,
            truth,
            state,
            known_durable,
            last_batch,
            wall,
            is_whole: true,
        })
    }
}

/// The disk that a script leaves whose engine is killed at the end.
pub fn left_by(script: &Script) -> Held<Base<'_>> {
    let mut run = Run::new(script, Mode::Clean);
    run.go()?;
    let machine = run.machine.power_cut(Survivors::First(0), 0);
    Base::new("killed at the end", &run, machine, run.truth.clone())
}

/// All of them: killed at the end, stopped at the end, and in the midst of the last checkpoint.
pub fn bases(script: &Script) -> Held<Vec<Base<'_>>> {
    let mut run = Run::new(script, Mode::Clean);
    run.go()?;
    let killed = left_by(script)?;
    let (machine, wall) = (run.machine.process_crash(), run.wall());
    let stopped = live(async {
        let sim = Simulated::recover(&settings(), machine.data_dir(), wall);
        let sim = sim.map_err(|error| Broken::new("P2", error.to_string()))?;
        bounded("the start", sim.begin()).await?;
        bounded("a round", sim.round()).await?;
        let durable = sim.engine().durable_sequence();
        bounded("the stop", sim.stop()).await?;
        Ok::<_, Broken>(durable)
    })?;
    run.durable = stopped;
    let stopped = Base::new("stopped at the end", &run, machine, run.truth.clone())?;
    let mut bases = vec![killed, stopped];
    bases.extend(within_a_checkpoint(script, &run)?);
    Ok(bases)
}

/// The last place where the tree stands still with a part of a checkpoint.
fn within_a_checkpoint<'a>(script: &'a Script, whole: &Run<'a>) -> Held<Option<Base<'a>>> {
    let changes = whole.machine.faults.changes();
    for boundary in (0..changes).rev() {
        let mut run = Run::new(script, Mode::UpTo(boundary));
        let operation = Operation::Change;
        let fault =
            Fault { operation, after: boundary, for_ever: true, errno: EIO, short_bytes: 0 };
        run.machine.faults.inject(fault);
        run.go()?;
        if run.machine.tree.unsynced() > 0 {
            let machine = run.machine.power_cut(Survivors::First(0), 1);
            let base = Base::new("within a checkpoint", &run, machine, whole.truth.clone())?;
            return Ok(Some(base));
        }
    }
    Ok(None)
}
