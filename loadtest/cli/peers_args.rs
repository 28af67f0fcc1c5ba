//! Arguments of `peers`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use toml::Value;

use crate::cli::capacity_args::time;
use crate::cli::parsing::name_and_value;
use crate::workload::kind::Kind;
use crate::workload::settings::WorkloadSettings;
use crate::workload::settings_error::SettingsError;
use crate::workload::tables::Given;
use crate::workload::transport::{FRAME_MAX, Transport};

/// What `hot` opens with here, in units: it is measured for a time, and refusals are no grants.
const HOT_STOCK: i64 = 100_000_000;

/// Who is set side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub enum PeerTarget {
    /// This engine.
    Saldo,
    /// Redis.
    Redis,
    /// `PostgreSQL`.
    Postgres,
}

impl PeerTarget {
    /// As reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Saldo => "saldo",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        }
    }
}

/// What an acknowledgement survives, of each target alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Guarantee {
    /// A loss of power: `power_loss`, `appendfsync always`, `synchronous_commit=on`.
    PowerLoss,
    /// The end of the process, and no more for certain: `process_crash`, `appendfsync everysec`,
    /// `synchronous_commit=off`.
    Relaxed,
}

impl Guarantee {
    /// As the command line and reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PowerLoss => "power_loss",
            Self::Relaxed => "relaxed",
        }
    }
}

/// Who, what, and how long each.
#[derive(Clone, Debug, Args)]
pub struct PeersArgs {
    /// Who is set side by side
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_enum,
        default_value = "saldo,redis,postgres"
    )]
    pub targets: Vec<PeerTarget>,
    /// With which workloads: hot, uniform, zipf
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "hot,uniform,zipf", value_parser = of_peers)]
    pub workloads: Vec<Kind>,
    /// With which guarantees
    #[arg(
        long,
        value_name = "NAMES",
        value_delimiter = ',',
        value_enum,
        default_value = "power_loss"
    )]
    pub guarantee: Vec<Guarantee>,
    /// Reservations of a batch; 1 is one a request
    #[arg(
        long,
        value_name = "NUMBERS",
        value_delimiter = ',',
        default_value = "1,100,1000,8192",
        value_parser = value_parser!(u32).range(1..=i64::from(FRAME_MAX))
    )]
    pub batch: Vec<u32>,
    /// Clients with one request in flight each, where a batch is 1
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = value_parser!(u32).range(1..=262_144))]
    pub clients: u32,
    /// Clients with one batch in flight each, where it is larger
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u32).range(1..=262_144))]
    pub batch_clients: u32,
    /// How long each is measured
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = time)]
    pub seconds: Duration,
    /// How many runs of each: the table has the median
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u32).range(1..=1_000))]
    pub runs: u32,
    /// SKUs of uniform and zipf
    #[arg(long, value_name = "N")]
    pub skus: Option<u32>,
    /// Another seed is another run
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u32,
    /// Any other setting of every workload, as in the settings file; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub settings: Vec<(String, Value)>,
    /// A settings file of which the lines that differ win over the defaults
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The binary of the engine [default: `saldo` beside this program]
    #[arg(long, value_name = "PATH")]
    pub engine: Option<PathBuf>,
    /// Write the figures as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the figures as one page with plots
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// No live line
    #[arg(long)]
    pub quiet: bool,
}

impl PeersArgs {
    /// The settings of a workload in batches of one size. Larger ones are binary frames where the target is Saldo.
    ///
    /// # Errors
    /// [`SettingsError`]: a usage error.
    pub fn settings(&self, kind: Kind, batch: u32) -> Result<WorkloadSettings, SettingsError> {
        let whole = |number: u32| Value::Integer(number.into());
        let transport = if batch == 1 { Transport::Http } else { Transport::WsBinary };
        let clients = if batch == 1 { self.clients } else { self.batch_clients };
        let mut named = vec![
            ("transport", Value::String(transport.name().to_owned())),
            ("frame", whole(batch)),
            ("clients", whole(clients)),
            ("duration", Value::String(format!("{}ms", self.seconds.as_millis()))),
            ("seed", whole(self.seed)),
        ];
        match self.skus {
            _ if kind == Kind::Hot => named.push(("stock", Value::Integer(HOT_STOCK))),
            Some(skus) => named.push(("skus", whole(skus))),
            None => {}
        }
        let given = named.into_iter().map(|(name, value)| Given {
            place: format!("--{name}"),
            name: name.to_owned(),
            value,
        });
        let set = self.settings.iter().map(|(name, value)| Given {
            place: format!("--set {name}"),
            name: name.clone(),
            value: value.clone(),
        });
        let given: Vec<_> = given.chain(set).collect();
        WorkloadSettings::read(kind, self.config.as_deref(), &given)
    }
}

fn of_peers(text: &str) -> Result<Kind, String> {
    match text.parse()? {
        kind @ (Kind::Hot | Kind::Uniform | Kind::Zipf) => Ok(kind),
        kind => {
            Err(format!("the others know reserves only, not {kind}: choose hot, uniform or zipf"))
        }
    }
}
