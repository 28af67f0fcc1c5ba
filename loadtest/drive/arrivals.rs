//! When operations of one client are to begin in the open loop. The rate of all is shared evenly: independent Poisson
//! streams are one Poisson stream together.

use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::ChaCha8Rng;
use rand_distr::{Distribution as _, Exp1};

use crate::drive::load::{Rates, Spacing};

/// As good as for ever.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 86_400);

/// The rates of a run over its whole time: the first rate during the warm-up, then as they are set.
#[derive(Clone, Debug)]
pub struct Course {
    rates: Rates,
    warm_up: Duration,
    /// How long there are arrivals, the warm-up included.
    length: Duration,
}

/// The intended starts of one client, one after the other.
#[derive(Debug)]
pub struct Schedule {
    course: Course,
    spacing: Spacing,
    clients: f64,
    next: Duration,
    random: ChaCha8Rng,
}

impl Schedule {
    /// Of client `client` among `clients`.
    #[must_use]
    pub fn new(course: Course, spacing: Spacing, (client, clients): (u32, u32), seed: u64) -> Self {
        // Another stream of numbers than the scripts draw from.
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x5ced_u64.rotate_left(48));
        random.set_stream(u64::from(client));
        let clients = f64::from(clients);
        let mut schedule = Self { course, spacing, clients, next: Duration::ZERO, random };
        schedule.next = match spacing {
            Spacing::Poisson => schedule.after(Duration::ZERO),
            // Clients take turns.
            Spacing::Constant => schedule.course.later(Duration::ZERO, f64::from(client)),
        };
        schedule
    }

    /// The next intended start, since the beginning; none when there are no more.
    #[must_use]
    pub fn peek(&self) -> Option<Duration> {
        (self.next < self.course.length).then_some(self.next)
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
        self.course.later(at, share * self.clients)
    }
}

impl Course {
    /// Of a run that goes on for `duration` behind its warm-up; a stair is as long as its steps.
    #[must_use]
    pub fn new(rates: Rates, warm_up: Duration, duration: Option<Duration>) -> Self {
        let measured = match &rates {
            Rates::Stair { steps, step, .. } => *step * *steps,
            Rates::Fixed(_) | Rates::Ramp { .. } => duration.unwrap_or(FOREVER),
        };
        Self { rates, warm_up, length: warm_up.saturating_add(measured) }
    }

    /// The moment by which so many operations of all clients together have arrived since `at`.
    fn later(&self, at: Duration, operations: f64) -> Duration {
        let mut left = operations;
        let mut at = at;
        while at < self.length {
            let end = self.stretch_end(at);
            let arrive = self.arrive(at, end);
            if left <= arrive {
                return at.saturating_add(self.within(at, left));
            }
            left -= arrive;
            at = end;
        }
        self.length
    }

    /// Where the stretch of one formula ends that this moment lies in.
    fn stretch_end(&self, at: Duration) -> Duration {
        if at < self.warm_up {
            return self.warm_up;
        }
        match &self.rates {
            Rates::Fixed(_) | Rates::Ramp { .. } => self.length,
            Rates::Stair { step, .. } => {
                let place = self.place(at).unwrap_or_default();
                self.warm_up.saturating_add(step.saturating_mul(place + 1))
            }
        }
    }

    /// Which step of a stair a moment lies in; none during the warm-up, and where there is no stair.
    #[must_use]
    pub fn place(&self, at: Duration) -> Option<u32> {
        let Rates::Stair { step, .. } = &self.rates else { return None };
        let since = at.checked_sub(self.warm_up)?;
        u32::try_from(since.as_nanos() / step.as_nanos().max(1)).ok()
    }

    /// Operations a second at a moment.
    fn rate(&self, at: Duration) -> f64 {
        let since = at.saturating_sub(self.warm_up);
        match &self.rates {
            Rates::Fixed(rate) => *rate,
            Rates::Ramp { from, .. } => from + self.climb() * since.as_secs_f64(),
            Rates::Stair { .. } => self.rates.step(self.place(at).unwrap_or_default()),
        }
    }

    /// By how much the rate of a ramp grows in a second, the warm-up left aside.
    fn climb(&self) -> f64 {
        let Rates::Ramp { from, to } = &self.rates else { return 0.0 };
        let measured = self.length.saturating_sub(self.warm_up).as_secs_f64();
        (to - from) / measured.max(f64::MIN_POSITIVE)
    }

    /// Operations that arrive between two moments of one stretch.
    fn arrive(&self, at: Duration, end: Duration) -> f64 {
        let seconds = end.saturating_sub(at).as_secs_f64();
        let climb = if at < self.warm_up { 0.0 } else { self.climb() };
        seconds * (self.rate(at) + climb * seconds / 2.0)
    }

    /// How long it takes until so many have arrived, within one stretch.
    fn within(&self, at: Duration, operations: f64) -> Duration {
        let rate = self.rate(at);
        let climb = if at < self.warm_up { 0.0 } else { self.climb() };
        let seconds = if climb.abs() < f64::EPSILON {
            operations / rate
        } else {
            // Of the two solutions of rate t + climb t² / 2 = operations the earlier one.
            let root = (rate * rate + 2.0 * climb * operations).max(0.0).sqrt();
            2.0 * operations / (rate + root)
        };
        Duration::try_from_secs_f64(seconds).unwrap_or(FOREVER)
    }
}

impl Rates {
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
        starts_after(Duration::ZERO, rates, spacing, clients, length)
    }

    fn starts_after(
        warm_up: Duration,
        rates: &Rates,
        spacing: Spacing,
        clients: u32,
        length: Duration,
    ) -> Vec<Duration> {
        let mut all = Vec::new();
        for client in 0..clients {
            let course = Course::new(rates.clone(), warm_up, Some(length));
            let mut schedule = Schedule::new(course, spacing, (client, clients), 7);
            while let Some(at) = schedule.peek() {
                all.push(at);
                schedule.advance();
            }
        }
        all.sort_unstable();
        all
    }

    fn between(all: &[Duration], from: u64, to: u64) -> usize {
        all.iter().filter(|at| (from..to).contains(&at.as_secs())).count()
    }

    #[test]
    fn a_rate_is_kept_whoever_shares_it() {
        for clients in [1, 10, 300] {
            let rates = Rates::Fixed(2_000.0);
            let all = starts(&rates, Spacing::Poisson, clients, Duration::from_secs(10));
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
    fn stairs_climb_by_the_same_factor_however_many_climb_them() {
        let step = Duration::from_secs(2);
        let rates = Rates::Stair { from: 1_000.0, to: 16_000.0, steps: 5, step };
        let steps: Vec<f64> = (0..5).map(|place| rates.step(place).round()).collect();
        assert_eq!(steps, [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0]);
        for clients in [2, 900] {
            let all = starts(&rates, Spacing::Constant, clients, Duration::ZERO);
            for (place, rate) in (0..5_u64).zip([1_000, 2_000, 4_000, 8_000, 16_000]) {
                let found = between(&all, 2 * place, 2 * place + 2);
                assert!(found.abs_diff(2 * rate) <= 2, "{clients}, step {place}: {found}");
            }
        }
    }

    #[test]
    fn a_warm_up_comes_before_the_first_step_and_the_ramp() {
        let (warm_up, step) = (Duration::from_secs(3), Duration::from_secs(1));
        let stair = Rates::Stair { from: 100.0, to: 400.0, steps: 3, step };
        let all = starts_after(warm_up, &stair, Spacing::Constant, 7, Duration::ZERO);
        let counts: Vec<usize> = (0..6).map(|second| between(&all, second, second + 1)).collect();
        for (count, rate) in counts.iter().zip([100_usize, 100, 100, 100, 200, 400]) {
            assert!(count.abs_diff(rate) <= 1, "{counts:?}");
        }
        let course = Course::new(stair, warm_up, None);
        assert_eq!(course.place(Duration::from_secs(2)), None);
        assert_eq!(course.place(Duration::from_millis(4_500)), Some(1));
        let ramp = Rates::Ramp { from: 100.0, to: 300.0 };
        let all = starts_after(warm_up, &ramp, Spacing::Constant, 7, Duration::from_secs(10));
        assert!(between(&all, 0, 3).abs_diff(300) <= 1);
        assert!(between(&all, 3, 13).abs_diff(2_000) <= 1, "{}", between(&all, 3, 13));
        assert!(between(&all, 3, 8).abs_diff(750) <= 1, "{}", between(&all, 3, 8));
    }
}
