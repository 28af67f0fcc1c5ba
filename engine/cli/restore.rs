//! `saldo restore`: makes a data directory of a backup.

use std::path::PathBuf;

use clap::Args;
use saldo::{config::Loaded, tools};

use super::{backup::progress, error::CliError, log, options::CommonOptions, output};

/// What `--help` adds.
pub const HELP: &str = "\
Reads a backup whole, then makes the data directory of it. No engine may be using
that directory, and it must be empty; with --replace what it holds is moved into
its subdirectory before-restore-TIME, and nothing is deleted.

The journal is a new one. Followers of the feed with a cursor of before are told
of the gap and read anew; sequence numbers and versions go on from those in the
backup. What was accepted after the backup is not there: count the shelves.

Examples:
  saldo restore /backup --data-dir ./data
  saldo restore /backup/backup-20261122T084108123456Z-00000000000000012345.saldo
  saldo restore /backup --data-dir ./data --replace

Exit codes:
  0  restored
  1  there is no whole backup, or the directory is in use, not empty or cannot be
     written: what was there is untouched unless the message says otherwise
  2  the command line or the settings cannot be used";

/// Options of `saldo restore`.
#[derive(Args, Debug)]
pub struct RestoreOptions {
    /// A directory of backups, whose newest is taken, or one backup.
    #[arg(value_name = "DIR")]
    from: PathBuf,
    /// Move what the data directory holds aside.
    #[arg(long)]
    replace: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonOptions,
}

/// Restores, and says what.
///
/// # Errors
/// Unusable settings; no whole backup; a data directory that is in use, not empty or cannot be written.
pub fn run(options: RestoreOptions) -> Result<(), CliError> {
    let Loaded { settings, .. } = options.common.load()?;
    log::start(settings.log);
    let report = tools::restore(&settings, &options.from, options.replace, &mut progress())?;
    if options.json { output::tell_json(&report) } else { output::tell(&report) }
}
