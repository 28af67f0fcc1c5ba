//! The options that all commands share, and how they become settings.

use std::path::PathBuf;

use clap::Args;
use saldo::config::{self, Flag, Loaded, SettingsError, Sources};

/// Names the token for a running engine. Not an option: command lines are seen by everyone on the machine.
const TOKEN_VARIABLE: &str = "SALDO_TOKEN";

/// The token for a running engine, if the environment has one.
pub fn token() -> Option<String> {
    std::env::var(TOKEN_VARIABLE).ok().filter(|token| !token.is_empty())
}

/// Options that all commands share.
#[derive(Args, Clone, Debug, Default)]
pub struct CommonOptions {
    /// Settings file (TOML) [default: ./saldo.toml, else ./config/saldo.toml, if there is one].
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory of journal and store [default: ./data].
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<String>,
    /// What is logged to standard error: off, error, warn, info, debug or trace [default: info].
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<String>,
    /// Any other setting, as often as wanted: --set hold_seconds_default=600.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    pub settings: Vec<(String, String)>,
}

impl CommonOptions {
    /// Puts the settings together from these options and the process.
    ///
    /// # Errors
    /// The first mistake in any of the sources.
    pub fn load(self) -> Result<Loaded, SettingsError> {
        config::load(&self.onto(Sources::of_process(), []))
    }

    /// Adds these options to other sources, and `more` of one command alone: each the setting that it gives, and its
    /// value. The options with a name of their own come last and win over `--set`.
    pub fn onto(
        self,
        mut sources: Sources,
        more: impl IntoIterator<Item = (&'static str, Option<String>)>,
    ) -> Sources {
        sources.file = self.config;
        sources.flags = self
            .settings
            .into_iter()
            .map(|(name, value)| Flag { option: "--set".to_owned(), name, value })
            .collect();
        let named = [("data_dir", self.data_dir), ("log", self.log)].into_iter().chain(more);
        sources.flags.extend(named.filter_map(|(name, value)| {
            let option = format!("--{}", name.replace('_', "-"));
            Some(Flag { option, name: name.to_owned(), value: value? })
        }));
        sources
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("a setting is given as NAME=VALUE, such as hold_seconds_default=600".to_owned()),
    }
}
