//! The command line of `replay`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, value_parser};
use saldo_protocol::Location;

use crate::replay::queue::Speed;
use crate::replay::run::ReplayPlan;
use crate::replay::share::OpeningShare;

/// What the long help says first.
pub const REPLAY_ABOUT: &str = "\
Replays a web shop's sales from a CSV file against an engine, then audits the engine's books.

First it receives an opening stock. Then it takes invoice after invoice, in order of time: a sale is one \
reservation of all its lines, which is committed and fulfilled, or refused whole where stock falls short; a return \
(an invoice that begins with C) goes back to the same customer's earlier order, or without an order where there is \
none; a negative line at price 0 is an adjustment. Fees, postage and manual entries are no goods: left out, counted.

At the end it compares, for every code, what the engine says is there, the sum of the engine's movements, and its \
own model, which knows nothing but the answers. `oversold` and `drift` must be 0.

The file: UTF-8 CSV, plain or gzip, with the columns InvoiceNo, StockCode, Quantity, InvoiceDate (such as \
2010-12-01 08:26:00), UnitPrice and CustomerID. It is read twice, as a stream.";

/// What the long help says last.
pub const REPLAY_EXAMPLES: &str = "\
Examples:
  saldo-loadtest replay sales.csv.gz
      an engine of its own on a temporary directory, one invoice at a time:
      the same result each time
  saldo-loadtest replay sales.csv.gz --concurrency 64 --opening-stock 1.0 --json result.json
      64 invoices in flight and enough stock for nearly all of them
  saldo-loadtest replay sales.csv.gz --url http://127.0.0.1:7700 --carry-on run.jsonl
      an engine that runs already. If it is killed and started again meanwhile, the replay waits
      for it and goes on; if the replay itself is stopped, the same command carries the run on
  saldo-loadtest replay sales.csv.gz --speed 3600
      an hour of the shop's time in each second

Exit code: 0 when everything agrees; 1 when anything disagrees or the run could not be finished; \
2 when the command or its file is wrong.";

/// Arguments of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The sales: CSV, plain or gzip
    #[arg(value_name = "FILE.csv[.gz]")]
    pub file: PathBuf,
    /// The engine's address [default: start an engine of its own, on a temporary directory]
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// The binary of the engine of its own [default: `saldo` beside this program]
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    pub engine: Option<PathBuf>,
    /// Bearer token, where the engine asks for one
    #[arg(
        long,
        value_name = "TOKEN",
        env = "SALDO_TOKEN",
        hide_env_values = true,
        requires = "url"
    )]
    pub token: Option<String>,
    /// Opening stock of each code, as a share of what the file sells of it, rounded up
    #[arg(long, value_name = "SHARE", default_value = "0.6")]
    pub opening_stock: OpeningShare,
    /// Where all of it happens
    #[arg(long, value_name = "NAME", default_value = "UK-DC")]
    pub location: Location,
    /// Invoices in flight. They begin in order of time; with 1 the result is the same each time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=4096))]
    pub concurrency: u16,
    /// `max`, or how many times as fast as in the shop
    #[arg(long, value_name = "max|FACTOR", default_value = "max")]
    pub speed: Speed,
    /// How long an engine that does not answer is asked again, in seconds (60 or 60s)
    #[arg(long, value_name = "SECONDS", default_value = "60s", value_parser = seconds)]
    pub patience: Duration,
    /// Keep refusals in this file, so that the same command carries an interrupted run on
    #[arg(long, value_name = "FILE", requires = "url")]
    pub carry_on: Option<PathBuf>,
    /// Another seed is another run: other ids, other idempotency keys
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Write the report as JSON too
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

impl ReplayArgs {
    /// What to replay, and how.
    #[must_use]
    pub fn plan(&self) -> ReplayPlan {
        ReplayPlan {
            file: self.file.clone(),
            opening_stock: self.opening_stock,
            location: self.location.clone(),
            concurrency: usize::from(self.concurrency),
            speed: self.speed,
            seed: self.seed,
            carry_on: self.carry_on.clone(),
        }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let digits = text.strip_suffix('s').unwrap_or(text);
    digits
        .parse::<u32>()
        .map(|seconds| Duration::from_secs(u64::from(seconds)))
        .map_err(|_| format!("a whole number of seconds, such as 60 or 60s; found {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Task};

    fn parse(arguments: &[&str]) -> Result<Box<ReplayArgs>, clap::Error> {
        let whole = ["saldo-loadtest", "replay"].iter().chain(arguments).map(Into::into);
        Cli::read(whole).map(|cli| match cli.task() {
            Task::Replay(arguments) => arguments,
            task => panic!("{task:?}"),
        })
    }

    #[test]
    fn defaults_are_those_of_the_help() {
        let arguments = parse(&["sales.csv"]).unwrap();
        assert_eq!(arguments.opening_stock.to_string(), "0.6");
        assert_eq!(arguments.location.as_str(), "UK-DC");
        assert_eq!((arguments.concurrency, arguments.speed), (1, Speed::Max));
        assert_eq!(arguments.patience, Duration::from_secs(60));
    }

    #[test]
    fn slips_are_usage_errors() {
        for wrong in [
            &["sales.csv", "--opening-stock", "60%"][..],
            &["sales.csv", "--concurrency", "0"],
            &["sales.csv", "--speed", "0"],
            &["sales.csv", "--location", ""],
            &["sales.csv", "--patience", "soon"],
            &["sales.csv", "--url", "http://x", "--engine", "y"],
            &[],
        ] {
            assert_eq!(parse(wrong).unwrap_err().exit_code(), 2, "{wrong:?}");
        }
    }
}
