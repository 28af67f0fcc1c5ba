//! `saldo-tests simulate`: whole engines on one thread, from seeds, with crashes at every step.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use parking_lot::Mutex;
use saldo_tests::simulation::{Figures, Options, kept_seeds, run};

/// Failures after which no further seed is begun.
const FAILURES_MAX: usize = 10;

/// Runs whole engines on a simulated clock, scheduler and disk; the same seed tells the same story.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Seeds, as `7` or `1..1000` (both ends are run).
    #[arg(long, default_value = "1..1000", value_parser = seeds)]
    seeds: (u64, u64),
    /// Goes on behind the last seed until so many minutes are over.
    #[arg(long)]
    minutes: Option<u64>,
    /// Steps of each seed.
    #[arg(long, default_value_t = Options::default().steps)]
    steps: u64,
    /// Runs each seed twice and compares the digests.
    #[arg(long)]
    twice: bool,
    /// Prints every step on standard error; for one seed.
    #[arg(long)]
    trace: bool,
    /// Threads, each with a seed of its own; 0 is one a core.
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// Leaves out the seeds that broke a promise once.
    #[arg(long)]
    skip_kept: bool,
}

fn seeds(text: &str) -> Result<(u64, u64), String> {
    let number =
        |text: &str| text.parse::<u64>().map_err(|error| format!("`{text}` is no seed: {error}"));
    let (first, last) = match text.split_once("..") {
        Some((first, last)) => (number(first)?, number(last.trim_start_matches('='))?),
        None => (number(text)?, number(text)?),
    };
    if first > last { Err(format!("{first} lies behind {last}")) } else { Ok((first, last)) }
}

/// What the threads share.
struct Work {
    kept: Mutex<VecDeque<u64>>,
    next: Mutex<u64>,
    last: u64,
    until: Option<Instant>,
    outcome: Mutex<(Figures, Vec<String>)>,
    ended: AtomicBool,
}

impl Work {
    fn take(&self) -> Option<u64> {
        let over = self.until.is_some_and(|until| Instant::now() >= until);
        if over || self.ended.load(Ordering::Relaxed) {
            return None;
        }
        if let Some(seed) = self.kept.lock().pop_front() {
            return Some(seed);
        }
        let mut next = self.next.lock();
        if *next > self.last && self.until.is_none() {
            return None;
        }
        *next += 1;
        Some(*next - 1)
    }

    fn run(&self, args: &SimulateArgs) {
        let options = Options { steps: args.steps, trace: args.trace };
        while let Some(seed) = self.take() {
            let told = run(seed, &options);
            let mut failures: Vec<String> = told.failure.iter().map(ToString::to_string).collect();
            if args.twice {
                let again = run(seed, &options).digest;
                if again != told.digest {
                    failures.push(format!(
                        "seed {seed}: its digest is {:08x}, and {again:08x} the second time",
                        told.digest
                    ));
                }
            }
            let mut outcome = self.outcome.lock();
            outcome.0.add(&told.figures);
            for failure in failures {
                eprintln!("\n{failure}");
                eprintln!(
                    "  replay: saldo-tests simulate --seeds {seed} --steps {} --skip-kept --trace",
                    args.steps
                );
                outcome.1.push(failure);
            }
            if outcome.1.len() >= FAILURES_MAX {
                self.ended.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Runs the seeds.
pub fn simulate(args: &SimulateArgs) -> ExitCode {
    let began = Instant::now();
    let work = Work {
        kept: Mutex::new(if args.skip_kept { VecDeque::new() } else { kept_seeds().collect() }),
        next: Mutex::new(args.seeds.0),
        last: args.seeds.1,
        until: args.minutes.map(|minutes| began + Duration::from_secs(60 * minutes)),
        outcome: Mutex::default(),
        ended: AtomicBool::new(false),
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = if args.threads == 0 { cores } else { args.threads };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| work.run(args))).collect();
        while running.iter().any(|thread| !thread.is_finished()) {
            std::thread::park_timeout(Duration::from_secs(1));
            let outcome = work.outcome.lock();
            progress(&outcome.0, began.elapsed());
        }
    });
    eprintln!();
    let (figures, failures) = work.outcome.into_inner();
    println!("{figures}{:<32} {:>12.1}", "seconds", began.elapsed().as_secs_f64());
    println!("{:<32} {:>12}", "promises broken", failures.len());
    for failure in &failures {
        println!("{failure}");
    }
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn progress(figures: &Figures, elapsed: Duration) {
    let seconds = elapsed.as_secs_f64();
    let crashes = figures.crashes();
    eprint!(
        "\r{} seeds, {crashes} crashes, {} calls in {seconds:.0} s",
        figures.seeds, figures.calls
    );
}
