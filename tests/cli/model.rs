//! `saldo-tests model`: cases by the million beside the model.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use clap::{Args, ValueEnum};
use parking_lot::Mutex;
use saldo_tests::model::run::{self, Against};

/// The rules of stock beside a model of them: random cases of up to 60 acts, with crashes, clocks and duplicates.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// How many cases.
    #[arg(long, default_value_t = 10_000)]
    cases: u32,
    /// What they are drawn from; a failing case is found again with the same seed and number of cases.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What the model is held against.
    #[arg(long, value_enum, default_value_t = Which::Both)]
    against: Which,
    /// How many threads work at once.
    #[arg(long, default_value_t = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))]
    jobs: NonZeroUsize,
}

/// What the model is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Which {
    /// The pure ledger of one key.
    Ledger,
    /// A whole engine on one thread.
    Engine,
    /// Each in turn.
    Both,
}

/// Draws and runs the cases, in parts of a thousand, each from a seed of its own. Fails where one did not hold.
pub fn run(args: &ModelArgs) -> ExitCode {
    let against: &[Against] = match args.against {
        Which::Ledger => &[Against::Ledger],
        Which::Engine => &[Against::Engine],
        Which::Both => &[Against::Ledger, Against::Engine],
    };
    println!("| against | cases | seed | cases/s | held |\n|---|---|---|---|---|");
    let mut all_held = true;
    for against in against {
        let told = in_parts(*against, args);
        all_held &= told;
    }
    if all_held { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Cases of one part: each has a seed of its own, whichever thread takes it.
const PART: u32 = 1_000;

fn in_parts(against: Against, args: &ModelArgs) -> bool {
    let bar = indicatif::ProgressBar::new(u64::from(args.cases));
    let next = AtomicU32::new(0);
    let failed = Mutex::new(None);
    let work = || {
        while failed.lock().is_none() {
            let part = next.fetch_add(1, Ordering::Relaxed);
            let Some(left) = args.cases.checked_sub(part * PART).filter(|left| *left > 0) else {
                return;
            };
            let seed = args.seed.wrapping_mul(1_000_003).wrapping_add(u64::from(part));
            if let Err(wrong) = run::run(against, left.min(PART), Some(seed)) {
                *failed.lock() = Some((part, wrong));
            }
            bar.inc(u64::from(left.min(PART)));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.get() {
            scope.spawn(work);
        }
    });
    let per_second = bar.position() / bar.elapsed().as_secs().max(1);
    bar.finish_and_clear();
    let (seed, done, failed) = (args.seed, bar.position(), failed.into_inner());
    let held = if failed.is_none() { "yes" } else { "NO" };
    println!("| {against:?} | {done} | {seed} | {per_second} | {held} |");
    let Some((part, wrong)) = failed else { return true };
    let name = format!("{against:?}").to_lowercase();
    let cases = args.cases.min((part + 1) * PART);
    eprintln!("{wrong}\nreplay: saldo-tests model --seed {seed} --cases {cases} --against {name}");
    false
}
