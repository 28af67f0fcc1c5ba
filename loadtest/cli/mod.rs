//! The command line: what there is to do, and with what. `workload_args` is what every workload takes, `texts` what the
//! help says.

pub mod capacity_args;
pub mod compare_args;
pub mod feed_args;
pub mod parsing;
pub mod peers_args;
pub mod target_args;
mod texts;
pub mod workload_args;

use std::ffi::OsString;

use clap::{Args as _, CommandFactory, FromArgMatches, Parser, Subcommand};

pub use crate::cli::capacity_args::{CapacityArgs, EchoArgs};
pub use crate::cli::compare_args::CompareArgs;
pub use crate::cli::feed_args::FeedArgs;
pub use crate::cli::peers_args::PeersArgs;
pub use crate::cli::workload_args::WorkloadArgs;
use crate::replay::args::{REPLAY_ABOUT, REPLAY_EXAMPLES, ReplayArgs};
use crate::workload::kind::Kind;

/// Sends work to a Saldo engine, measures it, and audits every answer.
#[derive(Debug, Parser)]
#[command(
    name = "saldo-loadtest",
    version,
    max_term_width = 100,
    long_about = texts::ABOUT,
    after_help = texts::SHORT,
    after_long_help = texts::EXAMPLES,
    args_conflicts_with_subcommands = true
)]
pub struct Cli {
    /// What to do; none is `hot`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The arguments of `hot`, where no command is named.
    #[command(flatten)]
    pub hot: WorkloadArgs,
}

/// What the load tester can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everybody wants one SKU, until it is gone and beyond [what is done without a command]
    #[command(long_about = texts::HOT, after_long_help = texts::WORKLOAD_EXAMPLES)]
    Hot(Box<WorkloadArgs>),
    /// A burst of demand many times the stock, then commits, expiries and a second wave
    #[command(long_about = texts::FLASH_SALE, after_long_help = texts::WORKLOAD_EXAMPLES)]
    FlashSale(Box<WorkloadArgs>),
    /// Reservations over many keys, each as likely as any other
    #[command(long_about = texts::UNIFORM, after_long_help = texts::WORKLOAD_EXAMPLES)]
    Uniform(Box<WorkloadArgs>),
    /// Reservations over many keys, few of them often, many seldom
    #[command(long_about = texts::ZIPF, after_long_help = texts::WORKLOAD_EXAMPLES)]
    Zipf(Box<WorkloadArgs>),
    /// Orders of several lines, as large as a real shop's, granted or refused whole
    #[command(long_about = texts::BASKET, after_long_help = texts::WORKLOAD_EXAMPLES)]
    Basket(Box<WorkloadArgs>),
    /// Everything that can become of a reservation, in stated shares
    #[command(long_about = texts::LIFECYCLE, after_long_help = texts::WORKLOAD_EXAMPLES)]
    Lifecycle(Box<WorkloadArgs>),
    /// Reads and changes of many kinds at once
    #[command(long_about = texts::MIXED, after_long_help = texts::WORKLOAD_EXAMPLES)]
    Mixed(Box<WorkloadArgs>),
    /// Subscribers to every change while another workload runs
    #[command(long_about = texts::FEED, after_long_help = texts::FEED_EXAMPLES)]
    Feed(Box<FeedArgs>),
    /// Replay real sales from a CSV file, then audit the engine's books
    #[command(long_about = REPLAY_ABOUT, after_long_help = REPLAY_EXAMPLES)]
    Replay(Box<ReplayArgs>),
    /// Saldo, Redis and PostgreSQL side by side, with the same guarantee
    #[command(long_about = texts::PEERS, after_long_help = texts::PEERS_EXAMPLES)]
    Peers(Box<PeersArgs>),
    /// Set two reports beside each other
    #[command(long_about = texts::COMPARE)]
    Compare(CompareArgs),
    /// How much this program can send, against a server that only echoes
    #[command(long_about = texts::CAPACITY)]
    Capacity(CapacityArgs),
    /// The server that only echoes; `capacity` starts it
    #[command(hide = true)]
    Echo(EchoArgs),
}

/// What to do, with workloads in one form.
#[derive(Debug)]
pub enum Task {
    /// Run a workload.
    Workload(Kind, Box<WorkloadArgs>),
    /// Run one with subscribers.
    Feed(Box<FeedArgs>),
    /// Replay sales.
    Replay(Box<ReplayArgs>),
    /// Set targets side by side.
    Peers(Box<PeersArgs>),
    /// Set reports side by side.
    Compare(CompareArgs),
    /// Measure this program.
    Capacity(CapacityArgs),
    /// Echo.
    Echo(EchoArgs),
}

impl Cli {
    /// Reads the command line, program name first.
    ///
    /// # Errors
    /// [`clap::Error`]: what is wrong, or what was asked for (help, version); `exit()` ends with 2 or 0.
    pub fn read<I>(arguments: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator<Item = OsString>,
    {
        let matches = command().try_get_matches_from(arguments)?;
        Self::from_arg_matches(&matches)
    }

    /// What to do.
    #[must_use]
    pub fn task(self) -> Task {
        match self.command {
            None => Task::Workload(Kind::Hot, Box::new(self.hot)),
            Some(Command::Hot(arguments)) => Task::Workload(Kind::Hot, arguments),
            Some(Command::FlashSale(arguments)) => Task::Workload(Kind::FlashSale, arguments),
            Some(Command::Uniform(arguments)) => Task::Workload(Kind::Uniform, arguments),
            Some(Command::Zipf(arguments)) => Task::Workload(Kind::Zipf, arguments),
            Some(Command::Basket(arguments)) => Task::Workload(Kind::Basket, arguments),
            Some(Command::Lifecycle(arguments)) => Task::Workload(Kind::Lifecycle, arguments),
            Some(Command::Mixed(arguments)) => Task::Workload(Kind::Mixed, arguments),
            Some(Command::Feed(arguments)) => Task::Feed(arguments),
            Some(Command::Replay(arguments)) => Task::Replay(arguments),
            Some(Command::Peers(arguments)) => Task::Peers(arguments),
            Some(Command::Compare(arguments)) => Task::Compare(arguments),
            Some(Command::Capacity(arguments)) => Task::Capacity(arguments),
            Some(Command::Echo(arguments)) => Task::Echo(arguments),
        }
    }
}

/// Options that every workload takes, and these do not: their help leaves them out.
const NOT_TAKEN: [(Kind, &[&str]); 3] = [
    (Kind::Hot, &["skus", "locations", "exponent"]),
    (Kind::FlashSale, &["locations", "exponent"]),
    (Kind::Uniform, &["exponent"]),
];

/// The command as clap has it. The options of `hot` work without its name, but the overview does not list them.
#[must_use]
pub fn command() -> clap::Command {
    let own = WorkloadArgs::augment_args(clap::Command::new(""));
    let names: Vec<_> = own.get_arguments().map(|argument| argument.get_id().clone()).collect();
    let listed = names.into_iter().fold(Cli::command(), |command, name| {
        command.mut_arg(name, |argument| argument.hide(true))
    });
    NOT_TAKEN.into_iter().fold(listed, |command, (kind, options)| {
        command.mut_subcommand(kind.name(), |workload| {
            options.iter().fold(workload, |workload, option| {
                workload.mut_arg(option, |argument| argument.hide(true))
            })
        })
    })
}

#[cfg(test)]
mod tests;
