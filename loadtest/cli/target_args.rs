//! Against whom, and what becomes of the figures.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

/// What an acknowledgement survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Durability {
    /// A loss of power: answers wait for the sync.
    PowerLoss,
    /// The end of the process: they do not.
    ProcessCrash,
}

impl Durability {
    /// As the engine's `--durability` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerLoss => "power_loss",
            Self::ProcessCrash => "process_crash",
        }
    }
}

/// Which engine.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Engine")]
pub struct TargetArgs {
    /// The engine's address [default: start an engine of its own, on a temporary directory]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The binary of the engine of its own [default: `saldo` beside this program]
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    pub engine: Option<PathBuf>,
    /// Bearer token, where the engine of --url asks for one; it must be allowed to sell
    #[arg(long, value_name = "TOKEN", env = "SALDO_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// What an answer of the engine of its own survives [default: power_loss]
    #[arg(long, value_name = "WHAT", conflicts_with = "url")]
    pub durability: Option<Durability>,
}

/// What becomes of the figures.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Report")]
pub struct ReportArgs {
    /// How many runs: the report gives the median and the spread
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000))]
    pub runs: u32,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the report as one page with plots
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write latencies by interval, as HdrHistogram's own tools read them (V2)
    #[arg(long, value_name = "FILE")]
    pub hdr_log: Option<PathBuf>,
    /// End with 1 unless it holds, such as 'p99<5ms' or 'oversold==0'; may be given several times
    #[arg(long, value_name = "EXPR")]
    pub require: Vec<String>,
    /// Leave the audit out; the report says so
    #[arg(long)]
    pub no_audit: bool,
    /// No live line
    #[arg(long)]
    pub quiet: bool,
}
