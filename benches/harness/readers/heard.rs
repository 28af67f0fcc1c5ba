//! What the readers heard since the last mark.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use super::orders::{Change, Lost, Rates, Times, What};
use crate::{Latencies, delta};

/// Most arrivals that are kept; what comes later is not counted and shows as not heard.
const ARRIVALS_MAX: usize = 8_000_000;

/// What was heard.
#[derive(Debug, Default)]
pub(super) struct Heard {
    heeded: Heeded,
    pub(super) lost: Lost,
}

/// What is counted of a delta.
#[derive(Debug, Default)]
pub(super) enum Heeded {
    /// Nothing was asked for.
    #[default]
    Nothing,
    Arrivals(Arrivals),
    Rates(Box<Counted>),
}

/// When each reader first heard of each version.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    all: Vec<Arrival>,
    /// The text of one delta.
    sample: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    key: u64,
    version: u64,
    at_ns: u64,
}

/// Frames, levels and bytes.
#[derive(Debug, Default)]
pub(super) struct Counted {
    frames: usize,
    levels: usize,
    bytes: usize,
    ages: Latencies,
}

impl Heard {
    /// Begins anew; what was lost stays lost.
    pub(super) fn mark(&mut self, what: What) {
        self.heeded = match what {
            What::Arrivals => Heeded::Arrivals(Arrivals::default()),
            What::Rates => Heeded::Rates(Box::default()),
        };
    }

    pub(super) fn heeded(&mut self) -> &mut Heeded {
        &mut self.heeded
    }

    /// How many arrivals there are.
    pub(super) fn arrivals(&self) -> usize {
        match &self.heeded {
            Heeded::Arrivals(arrivals) => arrivals.all.len(),
            _ => 0,
        }
    }

    /// How long after their changes these readers heard, of which `expected` listen.
    pub(super) fn times(&self, changes: &[Change], expected: u64) -> Times {
        let mut times = Times { expected, lost: self.lost.clone(), ..Times::default() };
        let Heeded::Arrivals(arrivals) = &self.heeded else { return times };
        let began: HashMap<(u64, u64), u64> =
            changes.iter().map(|change| ((change.key, change.version), change.at_ns)).collect();
        // A reader may hear before the one who asked for the change does: that is no time at all.
        let took = |arrival: &Arrival| {
            let at_ns = began.get(&(arrival.key, arrival.version))?;
            Some(arrival.at_ns.saturating_sub(*at_ns))
        };
        let mut all: Vec<u64> = arrivals.all.iter().filter_map(took).collect();
        all.sort_unstable();
        let at = |hundredths: usize| {
            let place = (all.len() * hundredths).div_ceil(100).max(1) - 1;
            all.get(place).copied().unwrap_or_default()
        };
        times.heard = u64::try_from(all.len()).unwrap_or(u64::MAX);
        (times.p50_ns, times.p99_ns, times.max_ns) = (at(50), at(99), at(100));
        times.sample = String::from_utf8_lossy(&arrivals.sample).into_owned();
        times
    }

    /// What was counted in this time.
    pub(super) fn rates(&self, took_ns: u64) -> Rates {
        let mut rates = Rates { took_ns, lost: self.lost.clone(), ..Rates::default() };
        if let Heeded::Rates(counted) = &self.heeded {
            let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
            rates.frames = whole(counted.frames);
            rates.levels = whole(counted.levels);
            rates.bytes = whole(counted.bytes);
            rates.age_p50_ns = counted.ages.at_quantile_ns(0.5);
            rates.age_p99_ns = counted.ages.at_quantile_ns(0.99);
        }
        rates
    }
}

impl Arrivals {
    pub(super) fn note(
        &mut self,
        key: u64,
        versions: RangeInclusive<u64>,
        at_ns: u64,
        text: &[u8],
    ) {
        for version in versions {
            if self.all.len() < ARRIVALS_MAX {
                self.all.push(Arrival { key, version, at_ns });
            }
        }
        if self.sample.is_empty() {
            self.sample.extend_from_slice(text);
        }
    }
}

impl Counted {
    pub(super) fn note(&mut self, text: &[u8], now: SystemTime) {
        self.frames += 1;
        self.levels += delta::levels(text);
        self.bytes += text.len();
        if let Some(age) = delta::age_us(text, now) {
            self.ages.record(Duration::from_micros(age));
        }
    }
}
