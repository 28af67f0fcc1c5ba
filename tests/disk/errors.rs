//! The script with one operation of its disk failing, for each operation of each kind, once and for ever: nothing that
//! was answered is lost, the engine says that it cannot go on where it cannot, and on a whole disk everything works.

use saldo::journal::medium::{Fault, Operation};

use super::broken::Held;
use super::check::{Known, recover};
use super::machine::Survivors;
use super::run::{Mode, Run};
use super::script::Script;

/// What fails.
const KINDS: [Operation; 10] = [
    Operation::Write,
    Operation::Sync,
    Operation::Allocate,
    Operation::Rename,
    Operation::Open,
    Operation::Remove,
    Operation::SyncDir,
    Operation::Apply,
    Operation::SyncTree,
    Operation::Read,
];
/// How it fails: errno (input or output error, no space, interrupted), and of a write how many bytes went before.
const HOW: [(i32, usize); 4] = [(5, 0), (28, 0), (4, 0), (5, 1_000)];
/// In the short form every so many reads one fails.
const READS_STEP: u64 = 7;

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorFigures {
    /// Runs of the script, each with a failing operation.
    pub runs: u64,
    /// Of them, those in which the journal failed and the engine said so, or did not start.
    pub deaths: u64,
    /// Starts that were refused while the disk failed.
    pub refused_starts: u64,
    /// Calls that were granted in all runs, all found again.
    pub granted: u64,
}

/// Fails each operation of a script in turn: in every way where `full`, otherwise in one way each.
///
/// # Errors
/// [`super::Broken`] names the operation.
pub fn errors_of(
    script: &Script,
    full: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Held<ErrorFigures> {
    let mut whole = Run::new(script, Mode::Clean);
    whole.go()?;
    let of_tree = whole.machine.faults.changes() - whole.machine.order.count_changes();
    let mut figures = ErrorFigures::default();
    for (place, kind) in (0..).zip(KINDS) {
        progress(place, KINDS.len() as u64);
        let count = match kind {
            Operation::Apply | Operation::SyncTree => of_tree,
            kind => whole.machine.order.count(kind),
        };
        let step = if kind == Operation::Read && !full { READS_STEP } else { 1 };
        for after in (0..count).step_by(usize::try_from(step).unwrap_or(1)) {
            for for_ever in [false, true] {
                for (number, (errno, short_bytes)) in (0..).zip(HOW) {
                    let is_short = short_bytes > 0;
                    let wanted = full || (after + u64::from(for_ever)) % 4 == number;
                    if wanted && (!is_short || kind == Operation::Write || !full) {
                        let fault = Fault { operation: kind, after, for_ever, errno, short_bytes };
                        one(script, fault, &mut figures)
                            .map_err(|broken| broken.at(format!("{fault:?}")))?;
                    }
                }
            }
        }
    }
    Ok(figures)
}

fn one(script: &Script, fault: Fault, figures: &mut ErrorFigures) -> Held {
    let mut run = Run::new(script, Mode::Faulty);
    run.machine.faults.inject(fault);
    run.go()?;
    figures.runs += 1;
    figures.deaths += run.deaths;
    figures.refused_starts += run.refused_starts.len() as u64;
    figures.granted += run.acks.len() as u64;
    let known = Known::of(&run, &run.truth);
    let killed = recover(&run.machine.process_crash(), &known, true)
        .map_err(|broken| broken.at("after a kill at the end"))?;
    let cut = run.machine.power_cut(Survivors::First(0), 0);
    let cut = recover(&cut, &known, true)
        .map_err(|broken| broken.at("after a loss of power at the end"))?;
    super::check::same(&killed, &cut, "a kill and a loss of power at the end differ")
}
