//! `saldo-tests load`: mixed load for a long time, every answer checked, latency and memory flat.

use std::process::ExitCode;

use clap::Args;
use saldo_tests::real::Steady;

/// Loads the real binary without harm, and sees latency and memory stay flat.
#[derive(Args, Debug)]
pub struct LoadArgs {
    /// How long.
    #[arg(long, default_value_t = 15)]
    minutes: u32,
    /// From which everything is chosen.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs it.
pub fn load(args: &LoadArgs) -> ExitCode {
    let (minutes, seed) = (args.minutes, args.seed);
    let steady = Steady { minutes, seed };
    let attack = steady.run(|number, interval| eprintln!("interval {number}: {interval:?}"));
    super::attack::outcome(attack, &format!("saldo-tests load --minutes {minutes} --seed {seed}"))
}
