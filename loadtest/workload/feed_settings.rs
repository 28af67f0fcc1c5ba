//! The settings of the subscribers of `feed`.

use std::time::Duration;

use serde::Deserialize;
use toml::Table;

use crate::workload::goods::within;
use crate::workload::kind::Kind;
use crate::workload::settings::typed_as;
use crate::workload::settings_error::SettingsError;
use crate::workload::tables::FEED;
use crate::workload::values::Length;

/// The form of a subscriber's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Text frames.
    Json,
    /// Binary frames.
    Binary,
}

/// The table `[feed]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedSettings {
    /// Subscribers that read as fast as they can.
    pub subscribers: u32,
    /// Subscribers that never read.
    pub slow: u32,
    /// Subscribers that read one message every `pace`.
    pub paced: u32,
    /// How long a paced subscriber waits between two messages.
    pub pace: Length,
    /// The form of their frames.
    pub form: Form,
    /// The workload that runs meanwhile.
    #[serde(rename = "while")]
    pub workload: Kind,
}

impl FeedSettings {
    /// From its table.
    ///
    /// # Errors
    /// [`SettingsError`]: a value is not allowed.
    pub fn of(table: Table) -> Result<Self, SettingsError> {
        let settings: Self = typed_as(table, FEED)?;
        within("subscribers", settings.subscribers, 0, 100_000)?;
        within("slow", settings.slow, 0, 10_000)?;
        within("paced", settings.paced, 0, 10_000)?;
        if settings.paced > 0 && settings.pace.0 < Duration::from_millis(1) {
            return Err(SettingsError::refused(
                "a pace below 1 ms is none: set it to more, or use --subscribers",
            ));
        }
        if settings.subscribers + settings.slow + settings.paced == 0 {
            return Err(SettingsError::refused(
                "nobody subscribes: set --subscribers to 1 or more",
            ));
        }
        Ok(settings)
    }
}
