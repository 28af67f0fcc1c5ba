//! The command `saldo-loadtest`: reads the command line and turns the outcome into an exit code.

use std::process::ExitCode;

use saldo_loadtest::cli::{Cli, Task};
use saldo_loadtest::replay::command::run_replay;
use saldo_loadtest::run::error::RunError;
use saldo_loadtest::run::{self, interrupt};
use saldo_loadtest::targets::echo;

/// What the process ends with when anything disagrees.
const DISAGREES: u8 = 1;
/// What the process ends with when a signal ended it: 128 + `SIGINT`, as shells have it.
const INTERRUPTED: i32 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let task = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli.task(),
        Err(error) => error.exit(),
    };
    let task = match task {
        // It listens to signals itself.
        Task::Replay(arguments) => return ended(run_replay(&arguments).await, |e| e.exit_code()),
        Task::Echo(arguments) => {
            let echoed = echo::run(arguments.listen).await.map(|()| true);
            return ended(echoed, |_| DISAGREES);
        }
        task => task,
    };
    interrupt::listen();
    let outcome = tokio::select! {
        outcome = measured(task) => outcome,
        () = interrupt::hard() => Err(RunError::Interrupted),
    };
    if matches!(outcome, Err(RunError::Interrupted)) {
        eprintln!("saldo-loadtest: {}", RunError::Interrupted);
        // Threads of clients may still wait for answers; what was started is gone with the work.
        std::process::exit(INTERRUPTED);
    }
    ended(outcome, RunError::exit_code)
}

/// Does what there is to measure.
async fn measured(task: Task) -> Result<bool, RunError> {
    match task {
        Task::Workload(kind, arguments) => run::workload::run(kind, &arguments).await,
        Task::Feed(arguments) => run::workload::run_feed(&arguments).await,
        Task::Peers(arguments) => run::peers::run(&arguments).await,
        Task::Compare(arguments) => run::compare::run(&arguments),
        Task::Capacity(arguments) => run::capacity::run(&arguments).await,
        Task::Replay(_) | Task::Echo(_) => Ok(true),
    }
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
