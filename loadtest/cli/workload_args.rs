//! What every workload takes. Each option stands for a setting of the same name, which the settings file has too.

use std::path::PathBuf;

use clap::{Args, value_parser};
use toml::Value;

use crate::cli::parsing::{name_and_value, text_of};
use crate::cli::target_args::{ReportArgs, TargetArgs};
use crate::workload::kind::Kind;
use crate::workload::settings::WorkloadSettings;
use crate::workload::settings_error::SettingsError;
use crate::workload::tables::{Given, Tables};
use crate::workload::transport::Transport;
use crate::workload::values::{Length, LengthOrNone, RateSetting};

/// Arguments of a workload.
#[derive(Clone, Debug, Default, Args)]
pub struct WorkloadArgs {
    /// Which engine.
    #[command(flatten)]
    pub target: TargetArgs,
    /// How much load.
    #[command(flatten)]
    pub load: LoadArgs,
    /// The workload's own settings.
    #[command(flatten)]
    pub own: OwnArgs,
    /// What becomes of the figures.
    #[command(flatten)]
    pub report: ReportArgs,
}

/// How much load. Defaults are those of the settings.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Load")]
pub struct LoadArgs {
    /// How operations travel: http, ws-json, ws-binary, or inproc (the engine as a library)
    #[arg(long, value_name = "NAME", value_parser = text_of::<Transport>)]
    pub transport: Option<String>,
    /// Clients, each with a connection of its own
    #[arg(long, value_name = "N")]
    pub clients: Option<u32>,
    /// Batches that each client has in flight at most
    #[arg(long, value_name = "N")]
    pub in_flight: Option<u32>,
    /// Operations of a batch at most, 1 to 8192; over HTTP 1
    #[arg(long, value_name = "N")]
    pub frame: Option<u32>,
    /// Threads that the clients share; 0 is half of the cores
    #[arg(long, value_name = "N")]
    pub threads: Option<u32>,
    /// Operations a second, whatever the engine does: 5000, 5k, 1k..50k; or closed
    #[arg(long, value_name = "RATE", value_parser = text_of::<RateSetting>)]
    pub rate: Option<String>,
    /// Steps of the stair from one rate to the other
    #[arg(long, value_name = "N")]
    pub steps: Option<u32>,
    /// How long a step of the stair lasts: its highest rate that the engine keeps up with is the knee
    #[arg(long, value_name = "TIME", value_parser = text_of::<LengthOrNone>)]
    pub step: Option<String>,
    /// How arrivals at a rate are spaced
    #[arg(long, value_name = "HOW", value_parser = ["poisson", "constant"])]
    pub spacing: Option<String>,
    /// Time at the beginning that no figure counts
    #[arg(long, value_name = "TIME", value_parser = text_of::<Length>)]
    pub warm_up: Option<String>,
    /// How long after the warm-up, or none
    #[arg(long, value_name = "TIME", value_parser = text_of::<LengthOrNone>)]
    pub duration: Option<String>,
    /// Operations of all clients together after which the run ends
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(..=(1 << 53)))]
    pub operations: Option<u64>,
    /// How long the stretches are of which the figures over time are made
    #[arg(long, value_name = "TIME", value_parser = text_of::<Length>)]
    pub interval: Option<String>,
    /// How long a client that lost its connection tries to connect again
    #[arg(long, value_name = "TIME", value_parser = text_of::<Length>)]
    pub patience: Option<String>,
    /// The p99 up to which the engine counts as keeping up with a rate
    #[arg(long, value_name = "TIME", value_parser = text_of::<Length>)]
    pub knee_p99: Option<String>,
    /// Another seed is another run
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(..=(1 << 53)))]
    pub seed: Option<u64>,
}

/// The workload's own settings.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Workload")]
pub struct OwnArgs {
    /// Units that each key opens with, up to 2147483647; with hot and flash-sale 1 or more
    #[arg(long, value_name = "UNITS", value_parser = units)]
    pub stock: Option<u32>,
    /// SKUs; not with hot, which has but one
    #[arg(long, value_name = "N")]
    pub skus: Option<u32>,
    /// Locations of each SKU; not with hot and flash-sale, which have but one
    #[arg(long, value_name = "N")]
    pub locations: Option<u32>,
    /// Zipf's exponent; with zipf, basket, lifecycle and mixed only
    #[arg(long, value_name = "NUMBER")]
    pub exponent: Option<f64>,
    /// Any other setting of the workload, as in the settings file; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = name_and_value)]
    pub settings: Vec<(String, Value)>,
    /// A settings file of which the lines that differ win over the defaults
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl WorkloadArgs {
    /// The settings of a workload with these arguments.
    ///
    /// # Errors
    /// [`SettingsError`]: a usage error.
    pub fn settings(&self, kind: Kind) -> Result<WorkloadSettings, SettingsError> {
        self.settings_from(kind, &self.tables()?)
    }

    /// The tables of the settings file, where one is named.
    ///
    /// # Errors
    /// [`SettingsError`]: a usage error.
    pub fn tables(&self) -> Result<Tables, SettingsError> {
        Tables::read(self.own.config.as_deref())
    }

    /// The same as [`WorkloadArgs::settings`], from tables that were read.
    ///
    /// # Errors
    /// [`SettingsError`]: a usage error.
    pub fn settings_from(
        &self,
        kind: Kind,
        tables: &Tables,
    ) -> Result<WorkloadSettings, SettingsError> {
        let settings = WorkloadSettings::of(kind, tables, &self.given())?;
        if settings.transport() == Transport::Inproc {
            let TargetArgs { url, engine, .. } = &self.target;
            if url.is_some() || engine.is_some() {
                return Err(SettingsError::refused(
                    "inproc runs the engine within this program: leave --url and --engine out, or choose \
                     another --transport",
                ));
            }
        }
        Ok(settings)
    }

    fn given(&self) -> Vec<Given> {
        let load = self.load.given().into_iter();
        let named = load.chain(self.own.given()).filter_map(|(name, value)| {
            let place = format!("--{}", name.replace('_', "-"));
            value.map(|value| Given { place, name: name.to_owned(), value })
        });
        let set = self.own.settings.iter().map(|(name, value)| Given {
            place: format!("--set {name}"),
            name: name.clone(),
            value: value.clone(),
        });
        named.chain(set).collect()
    }
}

/// Units of one key at most, as the settings have it.
const UNITS_MAX: u32 = 2_147_483_647;

/// Units; whether 0 is allowed is the workload's to say.
fn units(text: &str) -> Result<u32, String> {
    let units = text.parse().ok().filter(|units| *units <= UNITS_MAX);
    units.ok_or_else(|| format!("a whole number, at most {UNITS_MAX}"))
}

fn whole<T: Into<i64>>(number: Option<T>) -> Option<Value> {
    number.map(|number| Value::Integer(number.into()))
}

fn text(text: Option<&String>) -> Option<Value> {
    text.map(|text| Value::String(text.clone()))
}

/// Below 2^53 by the option's bounds.
fn large(number: Option<u64>) -> Option<Value> {
    number.and_then(|number| i64::try_from(number).ok()).map(Value::Integer)
}

impl LoadArgs {
    fn given(&self) -> [(&'static str, Option<Value>); 16] {
        [
            ("transport", text(self.transport.as_ref())),
            ("clients", whole(self.clients)),
            ("in_flight", whole(self.in_flight)),
            ("frame", whole(self.frame)),
            ("threads", whole(self.threads)),
            ("rate", text(self.rate.as_ref())),
            ("steps", whole(self.steps)),
            ("step", text(self.step.as_ref())),
            ("spacing", text(self.spacing.as_ref())),
            ("warm_up", text(self.warm_up.as_ref())),
            ("duration", text(self.duration.as_ref())),
            ("operations", large(self.operations)),
            ("interval", text(self.interval.as_ref())),
            ("patience", text(self.patience.as_ref())),
            ("knee_p99", text(self.knee_p99.as_ref())),
            ("seed", large(self.seed)),
        ]
    }
}

impl OwnArgs {
    fn given(&self) -> [(&'static str, Option<Value>); 4] {
        [
            ("stock", whole(self.stock)),
            ("skus", whole(self.skus)),
            ("locations", whole(self.locations)),
            ("exponent", self.exponent.map(Value::Float)),
        ]
    }
}
