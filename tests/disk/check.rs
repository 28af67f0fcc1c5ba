//! Recovers an image of a disk and holds what comes up against what was told, written and answered.

use saldo::journal::medium::{Fault, Operation};
use saldo::simulation::{Simulated, live};
use saldo_ledger::{Change, Level, ReservationView, Timestamp};

use super::book::Book;
use super::broken::{Broken, Held};
use super::machine::{Machine, Survivors};
use super::rows::{Row, last_run, rows};
use super::run::{Ack, Run, bounded, settings};
use super::script::Script;
use super::truth::Truth;

/// Levels that are asked for at once: more than the script has.
const LEVELS_MAX: usize = 100;
/// Errno of an input or output error.
pub const EIO: i32 = 5;

/// What is known of the run that left an image.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub script: &'a Script,
    pub truth: &'a Truth,
    /// Granted calls.
    pub acks: &'a [Ack],
    /// The highest sequence that anyone was told is durable.
    pub durable: u64,
    pub wall: Timestamp,
    /// The last run that wrote to the image; later ones are recoveries.
    pub run: u64,
}

impl<'a> Known<'a> {
    /// What a run knows, where `truth` is what it would have come to.
    pub fn of(run: &'a Run<'_>, truth: &'a Truth) -> Self {
        let (script, acks, durable, wall) = (run.script, &run.acks, run.durable, run.wall());
        Self { script, truth, acks, durable, wall, run: last_run(&run.machine.journal) }
    }
}

/// What an engine tells of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub levels: Vec<Level>,
    pub views: Vec<Option<ReservationView>>,
}

/// Checks an image: it recovers, with all that was acknowledged and nothing that was not decided; and again; and where
/// the first recovery is cut short, at a place that `chance` chooses, or `everywhere`.
///
/// # Errors
/// [`Broken`].
pub fn check(image: &Machine, known: &Known<'_>, chance: u64, everywhere: bool) -> Held {
    let known = &Known { run: last_run(&image.journal), ..*known };
    let first = image.process_crash();
    let state = recover(&first, known, true).map_err(|broken| broken.at("recovered"))?;
    let changes = first.faults.changes();
    let again = first.power_cut(Survivors::First(0), 0);
    same(&state, &recover(&again, known, true)?, "the second recovery, after a loss of power")?;
    let again = first.process_crash();
    same(&state, &recover(&again, known, true)?, "the second recovery, after a kill")?;
    let one = chance % (changes + 1);
    for after in if everywhere { 0..=changes } else { one..=one } {
        let left = cut_short(image, known, after)?;
        let place = format!("a recovery after one that was cut short behind {after} changes");
        let found = recover(&left, known, true).map_err(|broken| broken.at(&place))?;
        // What a recovery that was cut short had found need not have been durable.
        if image.unsynced() == 0 {
            same(&state, &found, &place)?;
        }
    }
    Ok(())
}

/// Two recoveries tell the same.
///
/// # Errors
/// [`Broken`].
pub fn same(one: &State, other: &State, place: &str) -> Held {
    if one == other {
        return Ok(());
    }
    let levels: Vec<_> = one.levels.iter().zip(&other.levels).filter(|(a, b)| a != b).collect();
    let views: Vec<_> = one.views.iter().zip(&other.views).filter(|(a, b)| a != b).collect();
    Err(Broken::new("P2", format!("{place}: {levels:?} {views:?}")))
}

/// What a recovery leaves whose disk stands still after so many changes.
fn cut_short(image: &Machine, known: &Known<'_>, after: u64) -> Held<Machine> {
    let machine = image.process_crash();
    let operation = Operation::Change;
    machine.faults.inject(Fault { operation, after, for_ever: true, errno: EIO, short_bytes: 0 });
    live(async {
        if let Ok(sim) = Simulated::recover(&settings(), machine.data_dir(), known.wall) {
            bounded("a start that is cut short", sim.begin()).await?;
        }
        Ok(())
    })?;
    let (pages, batches) = (machine.unsynced(), machine.tree.unsynced());
    let survivors = match after % 4 {
        0 => Survivors::First(0),
        1 => Survivors::First(pages),
        2 => Survivors::First(pages / 2),
        _ => Survivors::AllBut(0),
    };
    Ok(machine.power_cut(survivors, if after.is_multiple_of(2) { 0 } else { batches }))
}

/// Recovers on a machine; with `asks`, every granted call is asked again.
///
/// # Errors
/// [`Broken`].
pub fn recover(machine: &Machine, known: &Known<'_>, asks: bool) -> Held<State> {
    live(async {
        let sim = Simulated::recover(&settings(), machine.data_dir(), known.wall);
        let failed = |error| Broken::new("P2", format!("the engine does not start: {error}"));
        let sim = sim.map_err(failed)?;
        bounded("the start", sim.begin()).await?;
        bounded("a round", sim.round()).await?;
        if sim.is_failed() {
            return Err(Broken::new("P2", "the journal failed on a whole disk"));
        }
        let state = state(&sim, known.script).await?;
        if asks {
            let book = check_rows(machine, known)?;
            check_state(&book, &state, known.script)?;
            ask_again(&sim, known).await?;
        }
        Ok(state)
    })
}

/// All that an engine tells, but for times that a start moves.
///
/// # Errors
/// [`Broken`] where it does not answer.
pub async fn state(sim: &Simulated, script: &Script) -> Held<State> {
    let (engine, ids) = (sim.engine().clone(), script.ids.clone());
    let told = sim.finish(async move {
        let placed = engine.levels(None, "", LEVELS_MAX).await?;
        let mut levels: Vec<Level> = placed.into_iter().map(|placed| placed.level).collect();
        levels.iter_mut().for_each(|level| level.as_of = Timestamp::default());
        let mut views = Vec::new();
        for id in ids {
            views.push(engine.reservation(id).await.ok());
        }
        views.iter_mut().flatten().for_each(|view| view.expires_at = None);
        Ok(State { levels, views })
    });
    let told: Result<State, saldo_ledger::Refusal> = bounded("reading", told).await?;
    told.map_err(|refusal| Broken::new("P7", format!("nothing can be read: {refusal:?}")))
}

/// What an engine tells that recovers on a machine.
///
/// # Errors
/// [`Broken`] where it does not start or answer.
pub async fn bounded_state(machine: &Machine, script: &Script, wall: Timestamp) -> Held<State> {
    let sim = Simulated::recover(&settings(), machine.data_dir(), wall);
    let sim = sim.map_err(|error| Broken::new("P2", format!("it does not start: {error}")))?;
    bounded("the start", sim.begin()).await?;
    state(&sim, script).await
}

/// The journal after a recovery: all that was durable, of the rest a beginning of what was written, then what the
/// recovery itself added.
fn check_rows(machine: &Machine, known: &Known<'_>) -> Held<Book> {
    let rows = rows(&machine.journal)?;
    let first = rows.first().map_or(1, |(_, row)| row.sequence);
    let mut last = first - 1;
    let mut decided = last;
    for (of_run, row) in &rows {
        if row.sequence != last + 1 {
            return Err(Broken::new("P2", format!("event {last} is followed by {row:?}")));
        }
        last = row.sequence;
        if *of_run > known.run {
            if !ends_an_operation(row) {
                return Err(Broken::new("P7", format!("recovery decided {row:?}")));
            }
            continue;
        }
        decided = last;
        let settled = known.truth.settled.get(&last).filter(|_| last <= known.durable);
        if settled.map_or_else(|| !known.truth.knows(row), |settled| settled != row) {
            let written = known.truth.written.get(&last);
            return Err(Broken::new("P2", format!("{row:?} was never decided, but {written:?}")));
        }
    }
    if decided < known.durable {
        let seen = format!("event {} was durable, the journal ends with {decided}", known.durable);
        return Err(Broken::new("P2", seen));
    }
    let before = known.truth.settled.range(..first).map(|(_, row)| row);
    let book = Book::of(before.chain(rows.iter().map(|(_, row)| row)))?;
    book.check_whole()?;
    Ok(book)
}

fn ends_an_operation(row: &Row) -> bool {
    row.told.as_ref().is_none_or(|told| {
        matches!(
            told.event.change,
            Change::Withdrawn { .. }
                | Change::Unpended { .. }
                | Change::Carried { .. }
                | Change::Returned { .. }
        )
    })
}

/// What the engine tells is what the events come to.
fn check_state(book: &Book, state: &State, script: &Script) -> Held {
    let told = state.levels.iter().map(|level| (&level.key, (level.balances, level.version)));
    if !told.eq(book.keys.iter().map(|(key, it)| (key, *it))) {
        let seen = format!("the engine tells {:?}, events come to {:?}", state.levels, book.keys);
        return Err(Broken::new("P5", seen));
    }
    for (id, view) in script.ids.iter().zip(&state.views) {
        let mut told = std::collections::BTreeMap::new();
        for line in view.iter().flat_map(|view| &view.lines) {
            let it = line.units;
            let moved =
                [it.held, it.committed, it.fulfilled + it.returned, it.released, it.expired];
            told.insert(line.key.clone(), moved.map(i64::from));
        }
        let of_id = book.units.iter().filter(|((of, _), _)| of == id);
        let meant = of_id.map(|((_, key), moved)| (key.clone(), *moved)).collect();
        told.retain(|_, moved| moved.iter().any(|units| *units != 0));
        let mut meant: std::collections::BTreeMap<_, _> = meant;
        meant.retain(|_, moved| moved.iter().any(|units| *units != 0));
        if told != meant {
            let seen = format!("{id:?} is {view:?}, events come to {meant:?}");
            return Err(Broken::new("P9", seen));
        }
    }
    Ok(())
}

/// Every granted call asked again is answered as a repeat and changes nothing.
async fn ask_again(sim: &Simulated, known: &Known<'_>) -> Held {
    let before = sim.engine().durable_sequence();
    let asks: Vec<_> = known.script.asks().collect();
    for ack in known.acks {
        let Some(ask) = asks.get(ack.ask) else { continue };
        let (engine, call, once) = (sim.engine().clone(), ask.call.clone(), ask.once.clone());
        let answer = async move { engine.call(call, Some(&once)).await };
        let answer = bounded(&ask.once, sim.finish(answer)).await?;
        if !answer.as_ref().is_ok_and(|answer| answer.replayed) {
            let seen = format!("{}, granted before, is answered {answer:?} now", ask.once);
            return Err(Broken::new("P4", seen));
        }
    }
    bounded("a round", sim.round()).await?;
    let after = sim.engine().durable_sequence();
    if after == before {
        return Ok(());
    }
    Err(Broken::new("P4", format!("repeats were journalled as events {} to {after}", before + 1)))
}
