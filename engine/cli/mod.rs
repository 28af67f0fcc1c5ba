//! The command line: what the commands are, and how each ends.

mod backup;
mod error;
mod inspect;
mod log;
mod open_files;
mod options;
mod output;
mod restore;
mod serve;
mod signals;
mod token;
mod verify;
mod watch;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  saldo                             serve on 127.0.0.1:7700, data in ./data
  saldo serve --listen 127.0.0.1:0  serve on a free port, told on standard output
  saldo serve --config shop.toml    serve with settings from a file
  saldo inspect TEE-BLACK-M OSLO-1 --url http://127.0.0.1:7700
  saldo watch --sku-prefix TEE-     show stock as it changes, until Ctrl-C
  saldo backup /backup              copy the data, while the engine runs or not
  saldo restore /backup             make a data directory of the newest copy
  saldo verify --data-dir ./data    check a stopped engine's data
  saldo token new --role sell       make a token, without which others cannot call

Settings:
  Every setting has a default. A settings file overrides it, an environment
  variable overrides the file, an option overrides both. The file is the one
  that --config names, or else ./saldo.toml or ./config/saldo.toml if there is
  one. The variable is SALDO__ and the setting's name in capitals:
  SALDO__HOLD_SECONDS_DEFAULT=600.

Exit codes:
  0  done; `serve` was stopped by SIGTERM or SIGINT and lost nothing
  1  failed: standard error says why; `verify` found something wrong
  2  the command line or the settings cannot be used; nothing was started";

/// A real-time stock and reservation engine: never promises the same unit twice.
///
/// Without a command, serves.
#[derive(Debug, Parser)]
#[command(
    name = "saldo",
    version,
    after_long_help = EXAMPLES,
    after_help = "`--help` tells more: examples, settings and exit codes.",
    args_conflicts_with_subcommands = true
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::ServeOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the engine until SIGTERM or SIGINT (the default).
    #[command(after_long_help = EXAMPLES)]
    Serve(serve::ServeOptions),
    /// Check a stopped engine's data: replay the journal and compare it with what is stored.
    #[command(after_long_help = verify::HELP)]
    Verify(verify::VerifyOptions),
    /// Copy the data into one file, consistently, while the engine runs or not.
    #[command(after_long_help = backup::HELP)]
    Backup(backup::BackupOptions),
    /// Make a data directory of a backup.
    #[command(after_long_help = restore::HELP)]
    Restore(restore::RestoreOptions),
    /// Show one SKU at one location: balances, open reservations, last movements.
    #[command(after_long_help = inspect::HELP)]
    Inspect(inspect::InspectOptions),
    /// Show stock or events as they change: a live table, or lines for programs.
    #[command(after_long_help = watch::HELP)]
    Watch(watch::WatchOptions),
    /// Make, list and revoke the tokens by which callers are known.
    #[command(after_long_help = token::HELP)]
    Token(token::TokenOptions),
}

/// Runs what the process's command line says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        None => serve::run(cli.serve),
        Some(Command::Serve(options)) => serve::run(options),
        Some(Command::Verify(options)) => verify::run(options),
        Some(Command::Backup(options)) => backup::run(options),
        Some(Command::Restore(options)) => restore::run(options),
        Some(Command::Inspect(options)) => inspect::run(&options),
        Some(Command::Watch(options)) => watch::run(&options),
        Some(Command::Token(options)) => token::run(options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::complain(&error);
            error.exit_code()
        }
    }
}
