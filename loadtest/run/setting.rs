//! What a report says of what it was measured on, and with what.

use crate::drive::load::{Arrivals, Rates, Spacing};
use crate::feed::FeedSettings;
use crate::measure::machine;
use crate::report::Setting;
use crate::targets::saldo::About;
use crate::workload::settings::WorkloadSettings;

/// Said of what the engine does not tell.
const UNKNOWN: &str = "unknown";

/// Of an engine.
#[must_use]
pub fn of(settings: &WorkloadSettings, about: &About) -> Setting {
    let known = |told: &Option<String>| told.clone().unwrap_or_else(|| UNKNOWN.to_owned());
    let profile = about.profile.as_deref().filter(|profile| *profile != "release");
    let version = known(&about.version);
    Setting {
        target: "saldo".to_owned(),
        target_version: match profile {
            Some(profile) => format!("{version} ({profile})"),
            None => version,
        },
        transport: settings.transport().name().to_owned(),
        durability: known(&about.durability),
        ..beside_the_target(settings)
    }
}

/// All but the target.
#[must_use]
pub fn beside_the_target(settings: &WorkloadSettings) -> Setting {
    let load = settings.load();
    Setting {
        workload: settings.kind.name().to_owned(),
        clients: load.clients,
        in_flight: load.in_flight,
        frame: load.frame,
        load: arrivals(&load.arrivals),
        seed: settings.seed(),
        settings: settings.written().clone(),
        machine: machine::described(),
        began: jiff::Timestamp::now().to_string(),
        tester: tester(),
        ..Setting::default()
    }
}

/// Adds how many subscribers there were.
pub fn add_subscribers(setting: &mut Setting, fleet: &FeedSettings) {
    setting.workload = format!("feed while {}", setting.workload);
    let mut put =
        |name: &str, value: String| setting.settings.insert(format!("feed.{name}"), value);
    put("subscribers", fleet.subscribers.to_string());
    put("slow", fleet.stalled.to_string());
    put("paced", fleet.paced.to_string());
    put("form", format!("{:?}", fleet.form).to_lowercase());
}

fn tester() -> String {
    let optimised = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!("{} ({optimised})", env!("CARGO_PKG_VERSION"))
}

fn arrivals(arrivals: &Arrivals) -> String {
    let Arrivals::Open { rates, spacing } = arrivals else { return "closed loop".to_owned() };
    let spacing = match spacing {
        Spacing::Poisson => "poisson",
        Spacing::Constant => "constant",
    };
    match rates {
        Rates::Fixed(rate) => format!("open loop, {rate:.0}/s, {spacing}"),
        Rates::Ramp { from, to } => format!("open loop, {from:.0}..{to:.0}/s evenly, {spacing}"),
        Rates::Stair { from, to, steps, step } => {
            let seconds = step.as_secs_f64();
            format!("open loop, {from:.0}..{to:.0}/s in {steps} steps of {seconds} s, {spacing}")
        }
    }
}
