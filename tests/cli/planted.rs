//! `saldo-tests planted`: which attack finds which planted bug.

use std::process::ExitCode;

use clap::Args;
use saldo_tests::planted::{until_caught, with_every_attack};

/// Wakes bugs planted in the engine, one at a time, and tells which attack finds which; a sound engine is the control.
#[derive(Args, Debug)]
pub struct PlantedArgs {
    /// Stop at the first attack that finds a bug, as the tests do.
    #[arg(long)]
    short: bool,
}

/// Runs it.
pub fn planted(args: &PlantedArgs) -> ExitCode {
    let table = if args.short { until_caught() } else { with_every_attack() };
    print!("{table}");
    let (missed, alarms) = (table.missed(), table.false_alarms());
    if missed.is_empty() && alarms.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("bugs that nothing found: {missed:?}; found in a sound engine: {alarms:?}");
    ExitCode::FAILURE
}
