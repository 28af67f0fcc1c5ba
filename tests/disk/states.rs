//! Every state that a crash can leave: the script is run up to each operation of its disk, and every set of survivors
//! of what is unsynced there is recovered.

use std::collections::HashSet;

use saldo::journal::medium::{Fault, Operation};

use super::broken::Held;
use super::check::{EIO, Known, check};
use super::machine::{Machine, Survivors};
use super::run::{Mode, Run};
use super::script::Script;
use super::truth::Truth;

/// So many unsynced changes are each lost, alone and torn in turn; of more, some at either end and in the middle.
const ALL_OF_MAX: usize = 12;
/// Sectors of a page that survive, as bits: its first half, all but the first, and the first alone.
const TORN: [u8; 3] = [0x0F, 0xFE, 0x01];

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct StateFigures {
    /// Moments of the run: before each operation that changes the disk, and at the end.
    pub boundaries: u64,
    /// Images of the disk after a crash there.
    pub images: u64,
    /// Those that differ in content, or in what was known by then.
    pub distinct: u64,
    /// Events that the run decided.
    pub events: u64,
}

/// Checks the crash states of a script: every one where `full`, otherwise those of long writes at places.
///
/// # Errors
/// [`super::Broken`] names the boundary and the survivors.
pub fn states_of(
    script: &Script,
    full: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Held<StateFigures> {
    let mut whole = Run::new(script, Mode::Clean);
    whole.go()?;
    let changes = whole.machine.faults.changes();
    let events = whole.truth.settled.len() as u64;
    let mut states = States {
        full,
        truth: &whole.truth,
        seen: HashSet::new(),
        figures: StateFigures { events, ..StateFigures::default() },
    };
    for boundary in 0..=changes {
        progress(boundary, changes);
        let mut run = Run::new(script, Mode::UpTo(boundary));
        let operation = Operation::Change;
        let fault =
            Fault { operation, after: boundary, for_ever: true, errno: EIO, short_bytes: 0 };
        run.machine.faults.inject(fault);
        run.go()?;
        let place = format!("boundary {boundary}, {}", run.place());
        states.of_boundary(&run).map_err(|broken| broken.at(place))?;
    }
    Ok(states.figures)
}

struct States<'a> {
    full: bool,
    truth: &'a Truth,
    seen: HashSet<(u64, u64, usize)>,
    figures: StateFigures,
}

impl States<'_> {
    fn of_boundary(&mut self, run: &Run<'_>) -> Held {
        self.figures.boundaries += 1;
        self.image("a kill", &run.machine.process_crash(), run)?;
        let (pages, batches) = (run.machine.unsynced(), run.machine.tree.unsynced());
        for (survivors, batches) in survivors(pages, batches, self.full) {
            let image = run.machine.power_cut(survivors, batches);
            self.image(&format!("{survivors:?} of {pages}, {batches} batches"), &image, run)?;
        }
        Ok(())
    }

    fn image(&mut self, what: &str, image: &Machine, run: &Run<'_>) -> Held {
        self.figures.images += 1;
        let digest = image.digest(image.tree.digest());
        if !self.seen.insert((digest, run.durable, run.acks.len())) {
            return Ok(());
        }
        self.figures.distinct += 1;
        let known = Known::of(run, self.truth);
        check(image, &known, digest, self.full).map_err(|broken| broken.at(what))
    }
}

/// The sets of survivors among so many unsynced pages and names, and so many batches of the tree.
fn survivors(pages: usize, batches: usize, full: bool) -> Vec<(Survivors, usize)> {
    let mut sets = Vec::new();
    for batches in 0..=batches {
        sets.push((Survivors::First(0), batches));
        sets.push((Survivors::First(pages), batches));
    }
    for place in places(pages, full) {
        let batches = if place.is_multiple_of(2) { batches } else { 0 };
        sets.push((Survivors::First(place), batches));
        sets.push((Survivors::AllBut(place), batches));
        sets.push((Survivors::Only(place), batches));
        for sectors in TORN {
            sets.push((Survivors::Torn(place, sectors), batches));
            sets.push((Survivors::TornEnd(place, sectors), batches));
        }
    }
    sets
}

fn places(pages: usize, full: bool) -> Vec<usize> {
    if full || pages <= ALL_OF_MAX {
        return (0..pages).collect();
    }
    vec![0, 1, 2, pages / 2, pages - 2, pages - 1]
}
