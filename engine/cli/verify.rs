//! `saldo verify`: checks a stopped engine's data.

use clap::Args;
use saldo::{config::Loaded, tools};

use super::{error::CliError, log, options::CommonOptions, output};

/// What `--help` adds.
pub const HELP: &str = "\
Replays the journal, and compares the outcome with the stored states and the
journal's own checksums and sums. Changes nothing. No engine may be using the
directory.

Example:
  saldo verify --data-dir ./data

Exit codes:
  0  everything agrees
  1  something does not, or the data cannot be read: the report says what
  2  the command line or the settings cannot be used";

/// Options of `saldo verify`.
#[derive(Args, Debug)]
pub struct VerifyOptions {
    #[command(flatten)]
    common: CommonOptions,
}

/// Checks, and prints the report.
///
/// # Errors
/// [`CliError::Unsound`] when the report is not clean; unusable settings; a directory that cannot be read or is in use.
pub fn run(options: VerifyOptions) -> Result<(), CliError> {
    let Loaded { settings, .. } = options.common.load()?;
    log::start(settings.log);
    let report = tools::verify(&settings)?;
    output::tell(&report)?;
    if report.is_sound() { Ok(()) } else { Err(CliError::Unsound) }
}
