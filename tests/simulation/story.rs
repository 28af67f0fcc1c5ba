//! A seed's story: lives of an engine one after the other on the same disk, and the checks over all of them.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use saldo::config::Durability;
use saldo::simulation::live;
use saldo_ledger::{ReservationId, Timestamp};

use super::asked::{Answered, Attempt};
use super::book::Book;
use super::broken::{Broken, Held};
use super::client::Clients;
use super::dice::Dice;
use super::disk::{SimDisk, StoreFate};
use super::ends;
use super::figures::Figures;
use super::judge::Judge;
use super::plan::World;

/// How a seed is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Steps of all lives together.
    pub steps: u64,
    /// Whether every step is printed on standard error.
    pub trace: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { steps: 1_500, trace: false }
    }
}

/// A broken promise, and where.
#[derive(Clone, Debug, thiserror::Error)]
#[error("seed {seed}, life {life}, step {step}: {broken}")]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Lives before it, and this one.
    pub life: u64,
    /// The step.
    pub step: u64,
    /// What broke.
    pub broken: Broken,
}

/// What a seed led to.
#[derive(Debug)]
pub struct Told {
    /// What happened how often.
    pub figures: Figures,
    /// A checksum of every byte of the journal at the end of each life, and of every answer in order.
    pub digest: u32,
    /// The first promise that broke.
    pub failure: Option<Failure>,
}

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The process was killed.
    Killed,
    /// The power went.
    PowerCut,
    /// The journal failed, so the process stopped.
    Failed,
    /// A clean stop.
    Stopped,
    /// All steps were done.
    Done,
}

/// An answer on its way to the judge.
pub struct Letter {
    pub attempts: Vec<Attempt>,
    pub tick: u64,
    pub answers: Vec<Answered>,
}

/// Where tasks put answers, and the clock of their order.
#[derive(Clone, Default)]
pub struct Post {
    pub letters: Rc<RefCell<Vec<Letter>>>,
    tick: Rc<Cell<u64>>,
}

impl Post {
    /// The next moment: no two things happen at the same one.
    pub fn tick(&self) -> u64 {
        self.tick.set(self.tick.get() + 1);
        self.tick.get()
    }
}

/// Everything of a seed.
pub struct Story {
    pub seed: u64,
    pub options: Options,
    pub dice: Dice,
    pub world: World,
    pub disk: SimDisk,
    pub book: Book,
    pub judge: Judge,
    pub clients: Clients,
    pub post: Post,
    pub figures: Figures,
    pub crc: u32,
    pub step: u64,
    pub life: u64,
    /// The latest logged time that any life read.
    pub latest: Timestamp,
    /// What the wall clock shows.
    pub wall: Timestamp,
    /// The life in which the journal was last looked at.
    pub looked_in: u64,
    pub checkpoints: Rc<Cell<u64>>,
    /// How far a follower of the events has come.
    pub followed: u64,
    /// Calls whose outcome nobody knows, to be asked again.
    pub unsettled: Vec<usize>,
    /// The error of a disk that was made to fail is no fault of the engine.
    pub disk_fails: bool,
}

/// When every story begins: 2026-01-01T00:00:00Z, in microseconds.
const BEGINNING: u64 = 1_767_225_600_000_000;

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, options: &Options) -> Told {
    let mut story = Story::new(seed, *options);
    // A panic is an answer that nobody promised.
    let told = catch_unwind(AssertUnwindSafe(|| story.run())).unwrap_or_else(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        let what = what.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Broken::new("P7", format!("a panic: {}", what.unwrap_or("without a text"))))
    });
    let failure =
        told.err().map(|broken| Failure { seed, life: story.life, step: story.step, broken });
    story.figures.baselines = story.disk.files().1 as u64;
    story.figures.checkpoints = story.checkpoints.get();
    Told { figures: story.figures, digest: story.crc, failure }
}

impl Story {
    fn new(seed: u64, options: Options) -> Self {
        let mut dice = Dice::new(seed);
        let world = World::new(&mut dice.world);
        let mut book = Book::default();
        book.rules.grace_seconds = world.settings.restart_grace_seconds;
        book.rules.lifetime_seconds = world.settings.hold_lifetime_seconds_max;
        book.rules.window_seconds = world.settings.idempotency_window_seconds;
        Self {
            seed,
            options,
            dice,
            world,
            disk: SimDisk::new(u128::from(seed) + 1),
            book,
            judge: Judge::default(),
            clients: Clients::new(),
            post: Post::default(),
            figures: Figures::default(),
            crc: 0,
            step: 0,
            life: 0,
            latest: Timestamp::default(),
            wall: Timestamp::from_micros(BEGINNING),
            looked_in: 0,
            checkpoints: Rc::default(),
            followed: 0,
            unsettled: Vec::new(),
            disk_fails: false,
        }
    }

    fn run(&mut self) -> Held {
        self.figures.seeds = 1;
        let settings = self.world.settings.check();
        settings.map_err(|error| Broken::new("settings", error.to_string()))?;
        loop {
            self.life += 1;
            self.figures.lives += 1;
            self.maybe_die_while_starting();
            let end = live(self.live())?;
            self.crc = self.disk.checksum(self.crc);
            self.trace(|| format!("life ends: {end:?}"));
            if end == End::Done {
                break;
            }
            self.come_back(end);
            if self.dice.disk.one_in(6) {
                ends::check_recoveries(self)?;
            }
        }
        ends::check_histories(self)
    }

    /// What is left of the disk, and when the next life begins.
    fn come_back(&mut self, end: End) {
        let die = &mut self.dice.disk;
        let is_synced = self.world.settings.durability == Durability::PowerLoss;
        let cut = end == End::PowerCut || (end == End::Failed && die.one_in(2));
        if cut && is_synced {
            // A process may have died before the power went, and what it left be unsynced still.
            let left =
                if die.one_in(4) { self.disk.process_crash() } else { self.disk.power_cut(die) };
            self.disk = left.power_cut(die);
            self.figures.power_cuts += 1;
        } else {
            self.disk = self.disk.process_crash();
            self.figures.kills += u64::from(end != End::Stopped);
            self.figures.stops += u64::from(end == End::Stopped);
        }
        self.disk.make_room();
        let fate = match die.below(12) {
            0 => StoreFate::Lost,
            1 => StoreFate::Damaged,
            _ => StoreFate::Kept,
        };
        self.disk.hurt_store(fate, die);
        self.figures.stores_lost += u64::from(fate == StoreFate::Lost);
        self.figures.stores_damaged += u64::from(fate == StoreFate::Damaged);
        let die = &mut self.dice.time;
        let away = match die.below(6) {
            0 => die.below(200_000_000_000),
            1 => 3_600_000_000,
            _ => die.below(5_000_000),
        };
        let behind = if die.one_in(6) { die.below(7_200_000_000) } else { 0 };
        let wall = (self.wall.as_micros() + away).saturating_sub(behind);
        self.wall = Timestamp::from_micros(wall);
        self.trace(|| format!("store {fate:?}, wall clock {wall}"));
    }

    /// Sometimes the disk dies again while the engine recovers.
    fn maybe_die_while_starting(&mut self) {
        self.disk_fails = self.life > 1 && self.dice.disk.one_in(5);
        if self.disk_fails {
            let after = self.dice.disk.below(30);
            self.disk.dies_after(after, &mut self.dice.disk);
            self.trace(|| format!("the disk dies after {after} changes"));
        }
    }

    /// Whether a reservation may have been forgotten by now.
    pub fn may_be_forgotten(&self, id: ReservationId) -> bool {
        let newest = self.book.carts.get(&id).and_then(|cart| cart.past.last());
        let newest = newest.and_then(|state| self.book.event(state.sequence));
        let kept = self.world.settings.reservation_kept_hours * 3_600;
        newest.is_none_or(|it| it.event.at.plus_seconds(kept) <= self.latest)
    }

    /// Prints a step.
    pub fn trace(&self, told: impl FnOnce() -> String) {
        if self.options.trace {
            eprintln!("{:>3} {:>6} {}", self.life, self.step, told());
        }
    }

    /// A length of time, from microseconds to days; most are short.
    pub fn some_time(&mut self) -> Duration {
        let die = &mut self.dice.time;
        let micros = match die.below(12) {
            0..=4 => die.below(2_000),
            5..=8 => die.below(3_000_000),
            9 => die.below(90_000_000),
            10 => die.below(1_200_000_000),
            _ => die.below(10_000_000_000),
        };
        Duration::from_micros(micros + 1)
    }
}
