//! The command `saldo-loadtest`: reads the command line and turns the outcome into an exit code.

use std::process::ExitCode;

use clap::Parser;
use saldo_loadtest::replay::args::{Cli, Command};
use saldo_loadtest::replay::command::run_replay;

/// What the process ends with when anything disagrees.
const DISAGREES: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Replay(arguments) => run_replay(&arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(DISAGREES),
        Err(error) => {
            eprintln!("saldo-loadtest: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
