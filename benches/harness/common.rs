//! The options that all questions to a whole engine share.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Runs of a question unless told otherwise.
const RUNS_DEFAULT: u32 = 3;

/// What an acknowledgement survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Durability {
    /// The loss of power: synced before it is told.
    #[default]
    #[value(name = "power_loss")]
    PowerLoss,
    /// The end of the process alone: never synced.
    #[value(name = "process_crash")]
    ProcessCrash,
}

impl Durability {
    /// As the engine's setting spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerLoss => "power_loss",
            Self::ProcessCrash => "process_crash",
        }
    }
}

/// Options that all questions share.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// How often it is asked [default: 3, with --quick 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// Smallest sizes: shows that it works, measures nothing.
    #[arg(long)]
    pub quick: bool,
    /// Also writes the figures to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// The engine's binary [default: `saldo` beside this program, built anew where cargo runs this].
    #[arg(long, value_name = "PATH", env = "SALDO_BIN")]
    pub engine: Option<PathBuf>,
    /// What an acknowledgement survives.
    #[arg(long, value_enum, value_name = "WHAT", default_value = "power_loss")]
    pub durability: Durability,
    /// Where the engine's data lie while it is asked; on the disk that is in question [default: beside this program].
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Any other setting of the engine, as often as wanted: --set segment_bytes=4194304.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
    /// Threads of the client; each takes time from the engine where there are few cores.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub client_threads: u16,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Common {
    /// How often the question is asked.
    #[must_use]
    pub fn runs(&self) -> u32 {
        self.size(self.runs, RUNS_DEFAULT, 1)
    }

    /// What was asked for, or else the full or the quick size.
    pub fn size<T>(&self, asked: Option<T>, full: T, quick: T) -> T {
        asked.unwrap_or(if self.quick { quick } else { full })
    }
}
