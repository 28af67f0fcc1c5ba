//! When operations of one client are to begin in the open loop. The rate of all is shared evenly: independent Poisson
//! streams are one Poisson stream together.

use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1};

use crate::drive::load::{Rates, Spacing};

/// The shortest time for which a rate is looked ahead.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The intended starts of one client, one after the other.
#[derive(Debug)]
pub struct Schedule {
    rates: Rates,
    spacing: Spacing,
    clients: u32,
    /// For how long there are arrivals.
    length: Duration,
    next: Duration,
    random: ChaCha8Rng,
}

impl Schedule {
    /// Of client `client` among `clients`, for this long.
    #[must_use]
    pub fn new(
        rates: Rates,
        spacing: Spacing,
        (client, clients): (u32, u32),
        length: Option<Duration>,
        seed: u64,
    ) -> Self {
        let length = match &rates {
            Rates::Stair { steps, step, .. } => *step * *steps,
            Rates::Fixed(_) | Rates::Ramp { .. } => length.unwrap_or(FOREVER),
        };
        // Another stream of numbers than the scripts draw from.
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x5ced_u64.rotate_left(48));
        random.set_stream(u64::from(client));
        let mut schedule = Self { rates, spacing, clients, length, next: Duration::ZERO, random };
        schedule.next = match spacing {
            Spacing::Poisson => schedule.after(Duration::ZERO),
            // Clients take turns.
            Spacing::Constant => {
                schedule.gap(Duration::ZERO).mul_f64(f64::from(client) / f64::from(clients))
            }
        };
        schedule
    }

    /// The next intended start, since the beginning; none when there are no more.
    #[must_use]
    pub fn peek(&self) -> Option<Duration> {
        (self.next < self.length).then_some(self.next)
    }

    /// Goes on to the one behind it.
    pub fn advance(&mut self) {
        self.next = self.after(self.next);
    }

    fn after(&mut self, at: Duration) -> Duration {
        let share: f64 = match self.spacing {
            Spacing::Poisson => Exp1.sample(&mut self.random),
            Spacing::Constant => 1.0,
        };
        // The rate as it is at the last arrival: off by one gap at most where it changes.
        at.saturating_add(self.gap(at).mul_f64(share))
    }

    /// The mean time between two arrivals of this client.
    fn gap(&self, at: Duration) -> Duration {
        let rate = self.rates.at(at, self.length) / f64::from(self.clients);
        Duration::try_from_secs_f64(1.0 / rate).unwrap_or(FOREVER)
    }
}

impl Rates {
    /// Operations a second of all clients together, this long after the beginning of a run of this length.
    #[must_use]
    pub fn at(&self, at: Duration, length: Duration) -> f64 {
        match self {
            Self::Fixed(rate) => *rate,
            Self::Ramp { from, to } => {
                let passed = at.as_secs_f64() / length.as_secs_f64().max(f64::MIN_POSITIVE);
                from + (to - from) * passed.min(1.0)
            }
            Self::Stair { step, .. } => {
                let place = at.as_nanos() / step.as_nanos().max(1);
                self.step(u32::try_from(place).unwrap_or(u32::MAX))
            }
        }
    }

    /// The rate of a step of a stair; of others the rate at the beginning.
    #[must_use]
    pub fn step(&self, place: u32) -> f64 {
        match self {
            Self::Fixed(rate) | Self::Ramp { from: rate, .. } => *rate,
            Self::Stair { from, to, steps, .. } => {
                let last = steps.saturating_sub(1).max(1);
                from * (to / from).powf(f64::from(place.min(last)) / f64::from(last))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(rates: &Rates, spacing: Spacing, clients: u32, length: Duration) -> Vec<Duration> {
        let mut all = Vec::new();
        for client in 0..clients {
            let mut schedule =
                Schedule::new(rates.clone(), spacing, (client, clients), Some(length), 7);
            while let Some(at) = schedule.peek() {
                all.push(at);
                schedule.advance();
            }
        }
        all.sort_unstable();
        all
    }

    #[test]
    fn a_rate_is_kept_whoever_shares_it() {
        for clients in [1, 10] {
            let all =
                starts(&Rates::Fixed(2_000.0), Spacing::Poisson, clients, Duration::from_secs(10));
            assert!((19_400..20_600).contains(&all.len()), "{clients}: {}", all.len());
        }
    }

    #[test]
    fn constant_arrivals_of_all_clients_are_even() {
        let all = starts(&Rates::Fixed(1_000.0), Spacing::Constant, 4, Duration::from_secs(1));
        assert_eq!(all.len(), 1_000);
        for pair in all.windows(2) {
            let gap = (pair[1] - pair[0]).as_secs_f64();
            assert!((gap - 0.001).abs() < 1e-6, "{gap}");
        }
    }

    #[test]
    fn stairs_climb_by_the_same_factor() {
        let rates =
            Rates::Stair { from: 1_000.0, to: 16_000.0, steps: 5, step: Duration::from_secs(2) };
        let steps: Vec<f64> = (0..5).map(|place| rates.step(place).round()).collect();
        assert_eq!(steps, [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0]);
        let all = starts(&rates, Spacing::Constant, 2, Duration::ZERO);
        let third = all.iter().filter(|at| (4..6).contains(&at.as_secs())).count();
        assert!((7_900..8_100).contains(&third), "{third}");
        assert!(all.last().unwrap().as_secs() == 9);
    }

    #[test]
    fn ramps_rise_evenly() {
        let ramp = Rates::Ramp { from: 100.0, to: 300.0 };
        let length = Duration::from_secs(10);
        assert!((ramp.at(Duration::from_secs(5), length) - 200.0).abs() < 1e-9);
        let all = starts(&ramp, Spacing::Poisson, 1, length);
        assert!((1_850..2_150).contains(&all.len()), "{}", all.len());
    }
}
