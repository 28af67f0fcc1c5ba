//! Arguments of `feed`.

use clap::Args;
use toml::Value;

use crate::cli::parsing::text_of;
use crate::cli::workload_args::WorkloadArgs;
use crate::workload::feed_settings::FeedSettings;
use crate::workload::kind::Kind;
use crate::workload::settings::WorkloadSettings;
use crate::workload::settings_error::SettingsError;
use crate::workload::tables::Given;
use crate::workload::values::Length;

/// Subscribers, and the workload that runs meanwhile. Defaults are those of the settings.
#[derive(Clone, Debug, Default, Args)]
pub struct FeedArgs {
    /// Subscribers that read as fast as they can
    #[arg(long, value_name = "N", help_heading = "Subscribers")]
    pub subscribers: Option<u32>,
    /// Subscribers that never read
    #[arg(long, value_name = "N", help_heading = "Subscribers")]
    pub slow: Option<u32>,
    /// Subscribers that read one message every --pace
    #[arg(long, value_name = "N", help_heading = "Subscribers")]
    pub paced: Option<u32>,
    /// How long a paced subscriber waits between two messages
    #[arg(long, value_name = "TIME", value_parser = text_of::<Length>, help_heading = "Subscribers")]
    pub pace: Option<String>,
    /// The form of their frames
    #[arg(long, value_name = "FORM", value_parser = ["json", "binary"], help_heading = "Subscribers")]
    pub form: Option<String>,
    /// The workload that runs meanwhile: hot, flash-sale, uniform, zipf, basket, lifecycle, mixed
    #[arg(long = "while", value_name = "WORKLOAD", value_parser = text_of::<Kind>, help_heading = "Subscribers")]
    pub workload: Option<String>,
    /// The workload's arguments.
    #[command(flatten)]
    pub arguments: WorkloadArgs,
}

impl FeedArgs {
    /// The settings of the subscribers and of the workload.
    ///
    /// # Errors
    /// [`SettingsError`]: a usage error.
    pub fn settings(&self) -> Result<(FeedSettings, WorkloadSettings), SettingsError> {
        let whole = |number: Option<u32>| number.map(|number| Value::Integer(number.into()));
        let text = |text: &Option<String>| text.clone().map(Value::String);
        let given = [
            ("subscribers", whole(self.subscribers)),
            ("slow", whole(self.slow)),
            ("paced", whole(self.paced)),
            ("pace", text(&self.pace)),
            ("form", text(&self.form)),
            ("while", text(&self.workload)),
        ];
        let given: Vec<_> = given
            .into_iter()
            .filter_map(|(name, value)| {
                let place = format!("--{name}");
                value.map(|value| Given { place, name: name.to_owned(), value })
            })
            .collect();
        let tables = self.arguments.tables()?;
        let feed = FeedSettings::of(tables.feed(&given)?)?;
        let workload = self.arguments.settings_from(feed.workload, &tables)?;
        if workload.transport() == crate::workload::transport::Transport::Inproc {
            return Err(SettingsError::refused(
                "subscribers need a network: choose another --transport than inproc",
            ));
        }
        Ok((feed, workload))
    }
}
