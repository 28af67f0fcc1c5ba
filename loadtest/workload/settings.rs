//! The settings of a workload and its load, read, merged and held against each other.

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::drive::load::Load;
use crate::workload::basket::BasketSettings;
use crate::workload::flash_sale::FlashSaleSettings;
use crate::workload::hot::HotSettings;
use crate::workload::kind::Kind;
use crate::workload::lifecycle::LifecycleSettings;
use crate::workload::load_settings::LoadSettings;
use crate::workload::mixed::MixedSettings;
use crate::workload::op::Verb;
use crate::workload::script::Workload;
use crate::workload::settings_error::SettingsError;
use crate::workload::spread::SpreadSettings;
use crate::workload::tables::{Given, Tables};
use crate::workload::transport::Transport;

/// A workload's own settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Parameters {
    /// Of `hot`.
    Hot(HotSettings),
    /// Of `flash-sale`.
    FlashSale(FlashSaleSettings),
    /// Of `uniform` and `zipf`.
    Spread(SpreadSettings),
    /// Of `basket`.
    Basket(BasketSettings),
    /// Of `lifecycle`.
    Lifecycle(LifecycleSettings),
    /// Of `mixed`.
    Mixed(MixedSettings),
}

/// A workload, its settings and its load: everything that a run follows from but its target.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkloadSettings {
    /// Which workload.
    pub kind: Kind,
    /// Its own settings.
    pub parameters: Parameters,
    /// Its load's.
    pub load: LoadSettings,
    /// All of them as they were written, for reports.
    written: BTreeMap<String, String>,
}

impl WorkloadSettings {
    /// What is built in, under what a file says, under what is given.
    ///
    /// # Errors
    /// [`SettingsError`]: the file cannot be read, a name or a value is not allowed, or some do not go together.
    pub fn read(kind: Kind, file: Option<&Path>, given: &[Given]) -> Result<Self, SettingsError> {
        Self::of(kind, &Tables::read(file)?, given)
    }

    /// The same, from tables that were read.
    ///
    /// # Errors
    /// [`SettingsError`], as above.
    pub fn of(kind: Kind, tables: &Tables, given: &[Given]) -> Result<Self, SettingsError> {
        let (own, load) = tables.of(kind, given)?;
        let written = own.iter().chain(&load).map(|(name, value)| (name.clone(), plain(value)));
        let settings = Self {
            kind,
            written: written.collect(),
            parameters: match kind {
                Kind::Hot => Parameters::Hot(typed(own, kind)?),
                Kind::FlashSale => Parameters::FlashSale(typed(own, kind)?),
                Kind::Uniform | Kind::Zipf => Parameters::Spread(typed(own, kind)?),
                Kind::Basket => Parameters::Basket(typed(own, kind)?),
                Kind::Lifecycle => Parameters::Lifecycle(typed(own, kind)?),
                Kind::Mixed => Parameters::Mixed(typed(own, kind)?),
            },
            load: typed(load, kind)?,
        };
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), SettingsError> {
        self.load.check()?;
        let transport = self.load.transport;
        match &self.parameters {
            Parameters::Hot(hot) => hot.check()?,
            Parameters::FlashSale(sale) => sale.check()?,
            Parameters::Spread(spread) => spread.check()?,
            Parameters::Basket(basket) => {
                basket.check()?;
                if !transport.says_baskets() {
                    return Err(SettingsError::refused(format!(
                        "{transport} cannot say an order of several lines: choose --transport http"
                    )));
                }
            }
            Parameters::Lifecycle(lifecycle) => {
                lifecycle.check()?;
                sayable(transport, Verb::Return, "return_share", lifecycle.return_share)?;
            }
            Parameters::Mixed(mixed) => {
                mixed.check()?;
                sayable(transport, Verb::Read, "read_share", mixed.read_share)?;
            }
        }
        let ends_itself = matches!(self.kind, Kind::Hot | Kind::FlashSale);
        if !ends_itself && !self.load.ends_in_time() && self.load.operations == 0 {
            return Err(SettingsError::refused(format!(
                "{} would never end: set --duration or --operations",
                self.kind
            )));
        }
        Ok(())
    }

    /// How it is driven.
    #[must_use]
    pub fn load(&self) -> Load {
        self.load.load()
    }

    /// Makes the workload ready for one run; the nonce tells its names from another run's.
    #[must_use]
    pub fn prepare(&self, nonce: u64) -> Box<dyn Workload> {
        let LoadSettings { seed, clients, .. } = self.load;
        let (operations, in_time) = (self.load.operations(), self.load.ends_in_time());
        match &self.parameters {
            Parameters::Hot(hot) => hot.prepare(nonce, operations, in_time),
            Parameters::FlashSale(sale) => sale.prepare(nonce, seed, clients, operations, in_time),
            Parameters::Spread(spread) => spread.prepare(nonce, seed, operations),
            Parameters::Basket(basket) => basket.clone().prepare(nonce, seed, operations),
            Parameters::Lifecycle(lifecycle) => lifecycle.prepare(nonce, seed, operations),
            Parameters::Mixed(mixed) => mixed.prepare(nonce, seed, operations),
        }
    }

    /// The seed of everything that is drawn.
    #[must_use]
    pub const fn seed(&self) -> u64 {
        self.load.seed
    }

    /// How operations travel.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.load.transport
    }

    /// All settings by name, as a report tells them.
    #[must_use]
    pub const fn written(&self) -> &BTreeMap<String, String> {
        &self.written
    }
}

/// A text without its quotes, anything else as TOML has it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// A table as the type that it stands for. Names and types were looked at; what is left are bounds of numbers, and
/// texts that must be one of a few.
pub(crate) fn typed<T: DeserializeOwned>(table: Table, kind: Kind) -> Result<T, SettingsError> {
    typed_as(table, kind.name())
}

/// The same, for a table of any name.
pub(crate) fn typed_as<T: DeserializeOwned>(
    table: Table,
    name: &'static str,
) -> Result<T, SettingsError> {
    table.try_into().map_err(|error: toml::de::Error| SettingsError::Value {
        workload: name,
        reason: error.to_string().trim().replace('\n', ", "),
    })
}

fn sayable(
    transport: Transport,
    verb: Verb,
    name: &'static str,
    share: f64,
) -> Result<(), SettingsError> {
    if share <= 0.0 || transport.says(verb) {
        return Ok(());
    }
    Err(SettingsError::refused(format!(
        "{transport} cannot say {}, and {name} is {share}: add --set {name}=0, or choose --transport http",
        verb.name()
    )))
}
