//! `saldo backup`: copies an engine's data into one file, while the engine runs or not.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
};

use clap::Args;
use saldo::{
    config::{Loaded, LogLevel},
    tools::{self, BackupReport},
};

use super::{error::CliError, log, options::CommonOptions, output};

/// What `--help` adds.
pub const HELP: &str = "\
Writes one file into DIR that holds everything: balances, open reservations,
closed ones that are kept, idempotency keys. The engine may run meanwhile and
notices nothing; whatever it had acknowledged when the command was started is in
the file. The file is checksummed, synced and read back. The data directory is
only read. DIR is made where it is not there; while the command works it holds
the states a second time.

Examples:
  saldo backup /backup --data-dir ./data
  saldo backup /backup --data-dir ./data --keep 7
  saldo backup /backup --check

Exit codes:
  0  written, or found whole
  1  the data or the backup is damaged, or a directory cannot be used
  2  the command line or the settings cannot be used";

/// Options of `saldo backup`.
#[derive(Args, Debug)]
pub struct BackupOptions {
    /// Where backups are kept, each a file of its own; with --check also such a file.
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Keep this many backups in DIR, the newest; the others are removed once this one is written.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep: Option<u16>,
    /// Write nothing: read the newest backup in DIR whole, and say what it holds.
    #[arg(long, conflicts_with = "keep")]
    check: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonOptions,
}

/// Makes a backup, and says what it holds.
///
/// # Errors
/// Unusable settings; data or a backup that is damaged; a directory that cannot be used.
pub fn run(options: BackupOptions) -> Result<(), CliError> {
    let Loaded { settings, .. } = options.common.load()?;
    // That states are taken from a baseline is what it does, and no news.
    log::start(settings.log.min(LogLevel::Warn));
    let report = if options.check {
        tools::check_backup(&options.dir)?
    } else {
        let keep = options.keep.map(usize::from);
        tools::backup(&settings, &options.dir, keep, &mut progress())?
    };
    tell(&report, options.json)
}

fn tell(report: &BackupReport, json: bool) -> Result<(), CliError> {
    if json { output::tell_json(report) } else { output::tell(report) }
}

/// Says on standard error what is being done, where people look at it.
pub fn progress() -> impl FnMut(&str) {
    let shown = io::stderr().is_terminal();
    move |doing| {
        if shown {
            output::note(doing);
        }
    }
}
