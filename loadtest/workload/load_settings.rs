//! The settings of the load, the same for every workload, and the [`Load`] that they mean.

use std::time::Duration;

use serde::Deserialize;

use crate::drive::load::{Arrivals, Load, Rates, Spacing};
use crate::workload::goods::within;
use crate::workload::names::CLIENTS_MAX;
use crate::workload::settings_error::SettingsError;
use crate::workload::transport::{FRAME_MAX, Transport};
use crate::workload::values::{Length, LengthOrNone, RateSetting};

/// Steps of a stair where only the length of a step is set.
const STEPS_DEFAULT: u32 = 10;
/// Length of a step where only their number is set.
const STEP_DEFAULT: Duration = Duration::from_secs(5);
/// Operations that a client has in flight at most: what its memory is good for.
const CLIENT_IN_FLIGHT_MAX: u32 = 1 << 20;

/// How arrivals are spaced, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpacingSetting {
    /// Exponential gaps.
    Poisson,
    /// Even gaps.
    Constant,
}

/// The table `[load]`, and what a workload's own table says of it.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadSettings {
    /// How operations travel.
    pub transport: Transport,
    /// Clients, each with a connection of its own.
    pub clients: u32,
    /// Batches that each client has in flight at most.
    pub in_flight: u32,
    /// Operations of a batch at most.
    pub frame: u32,
    /// Threads that the clients share; 0 is half of the cores.
    pub threads: u32,
    /// When operations begin.
    pub rate: RateSetting,
    /// Steps of the stair; 0 where that follows from `step`.
    pub steps: u32,
    /// How long a step of the stair lasts; none where that follows from `steps`.
    pub step: LengthOrNone,
    /// How arrivals at a rate are spaced.
    pub spacing: SpacingSetting,
    /// Time at the beginning that no figure counts.
    pub warm_up: Length,
    /// How long after the warm-up.
    pub duration: LengthOrNone,
    /// Operations after which the run ends; 0 leaves it to the workload.
    pub operations: u64,
    /// How long the stretches of the series are.
    pub interval: Length,
    /// How long a client that lost its connection tries to connect again.
    pub patience: Length,
    /// The 99th percentile up to which the target keeps up with a rate.
    pub knee_p99: Length,
    /// The seed of everything that is drawn.
    pub seed: u64,
}

impl LoadSettings {
    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        within("clients", self.clients, 1, CLIENTS_MAX)?;
        within("in_flight", self.in_flight, 1, 4_096)?;
        within("frame", self.frame, 1, FRAME_MAX)?;
        within("threads", self.threads, 0, 256)?;
        if self.frame > self.transport.frame_max() {
            return Err(SettingsError::refused(format!(
                "HTTP carries one operation a request, so frame cannot be {}: set it to 1, or choose \
                 --transport ws-binary",
                self.frame
            )));
        }
        let in_flight = self.frame.saturating_mul(self.in_flight);
        if in_flight > CLIENT_IN_FLIGHT_MAX {
            return Err(SettingsError::refused(format!(
                "frame × in_flight are {in_flight} operations in flight of each client, and at most \
                 {CLIENT_IN_FLIGHT_MAX} are possible: set one to less"
            )));
        }
        if self.interval.0 < Duration::from_millis(10) {
            return Err(SettingsError::refused(format!(
                "an interval of {:?} is too short for figures: set it to 10ms or more",
                self.interval.0
            )));
        }
        self.check_arrivals()
    }

    fn check_arrivals(&self) -> Result<(), SettingsError> {
        let is_stair = self.stair().is_some();
        let is_span = matches!(self.rate, RateSetting::Span { .. });
        if is_stair && !is_span {
            return Err(SettingsError::refused(
                "steps and step belong to a rate from one to the other: set it too, such as \
                 --rate 1k..50k, or leave them out",
            ));
        }
        if is_span && !is_stair && self.duration.0.is_none() {
            return Err(SettingsError::refused(
                "an even ramp needs a time: set --duration, or --step for a stair",
            ));
        }
        if let Some((steps, step)) = self.stair() {
            within("steps", steps, 2, 1_000)?;
            if let RateSetting::Span { from, to } = self.rate
                && from > to
            {
                return Err(SettingsError::refused(format!(
                    "a stair climbs, and {from} is more than {to}: turn the rates round, or leave step and steps \
                     out for a ramp"
                )));
            }
            if step.is_zero() {
                return Err(SettingsError::refused("a step of the stair cannot last 0 s"));
            }
        }
        if self.duration.0.is_some_and(|time| time.is_zero()) {
            return Err(SettingsError::refused(
                "a run of 0 s measures nothing: set duration to more",
            ));
        }
        Ok(())
    }

    /// Steps and the length of each, where there are any.
    fn stair(&self) -> Option<(u32, Duration)> {
        match (self.steps, self.step.0) {
            (0, None) => None,
            (0, Some(step)) => Some((STEPS_DEFAULT, step)),
            (steps, step) => Some((steps, step.unwrap_or(STEP_DEFAULT))),
        }
    }

    /// Whether time ends the run.
    #[must_use]
    pub fn ends_in_time(&self) -> bool {
        self.duration.0.is_some() || self.stair().is_some()
    }

    /// The operations that were asked for; none where that is left to the workload.
    #[must_use]
    pub fn operations(&self) -> Option<u64> {
        (self.operations > 0).then_some(self.operations)
    }

    /// What the driver needs to know.
    #[must_use]
    pub fn load(&self) -> Load {
        let stair = self.stair();
        let rates = match (self.rate, stair) {
            (RateSetting::Closed, _) => None,
            (RateSetting::Fixed(rate), _) => Some(Rates::Fixed(rate)),
            (RateSetting::Span { from, to }, Some((steps, step))) => {
                Some(Rates::Stair { from, to, steps, step })
            }
            (RateSetting::Span { from, to }, None) => Some(Rates::Ramp { from, to }),
        };
        let spacing = match self.spacing {
            SpacingSetting::Poisson => Spacing::Poisson,
            SpacingSetting::Constant => Spacing::Constant,
        };
        let arrivals = rates.map_or(Arrivals::Closed, |rates| Arrivals::Open { rates, spacing });
        Load {
            clients: self.clients,
            in_flight: self.in_flight,
            frame: self.frame,
            threads: self.threads(),
            arrivals,
            warm_up: self.warm_up.0,
            duration: stair.map(|(steps, step)| step * steps).or(self.duration.0),
            interval: self.interval.0,
            patience: self.patience.0,
            knee_p99: self.knee_p99.0,
        }
    }

    /// As set, or half of the cores; never more than clients.
    fn threads(&self) -> u32 {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let half = u32::try_from(cores / 2).unwrap_or(u32::MAX);
        let threads = if self.threads == 0 { half } else { self.threads };
        threads.clamp(1, self.clients)
    }
}
