//! The command `saldo-loadtest`: reads the command line and turns the outcome into an exit code.

use std::process::ExitCode;

use saldo_loadtest::cli::{Cli, Task};
use saldo_loadtest::replay::command::run_replay;
use saldo_loadtest::run::{self, error::RunError};
use saldo_loadtest::targets::echo;

/// What the process ends with when anything disagrees.
const DISAGREES: u8 = 1;

#[tokio::main]
async fn main() -> ExitCode {
    let task = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli.task(),
        Err(error) => error.exit(),
    };
    let outcome = match task {
        Task::Replay(arguments) => return ended(run_replay(&arguments).await, |e| e.exit_code()),
        Task::Workload(kind, arguments) => run::workload::run(kind, &arguments).await,
        Task::Feed(arguments) => run::workload::run_feed(&arguments).await,
        Task::Peers(arguments) => run::peers::run(&arguments).await,
        Task::Compare(arguments) => run::compare::run(&arguments),
        Task::Capacity(arguments) => run::capacity::run(&arguments).await,
        Task::Echo(arguments) => {
            echo::run(arguments.listen).await.map(|()| true).map_err(RunError::from)
        }
    };
    ended(outcome, |error| error.exit_code())
}

/// Says what went wrong.
fn ended<E: std::fmt::Display>(outcome: Result<bool, E>, code: impl Fn(&E) -> u8) -> ExitCode {
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(DISAGREES),
        Err(error) => {
            eprintln!("saldo-loadtest: {error}");
            ExitCode::from(code(&error))
        }
    }
}
