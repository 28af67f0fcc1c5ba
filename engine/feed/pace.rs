//! How often a change may go out while the engine is busy. Idle, it goes out at once; under load, fan-out
//! conflates instead of taking the machine from the sale.
//!
//! Telling costs: each reader that is woken writes to its socket. The more events a second are decided, the longer
//! a key that many listen to rests after it was told, up to nine times what telling it costs, so that at full
//! load fan-out takes about a tenth of one core. Keys that few listen to are not made to wait by it: they only
//! share a short rest after each round.

use std::time::Duration;

use hashbrown::HashMap;
use saldo_ledger::{Level, StockKey};

use super::round::Round;

/// What it takes to wake a reader and write to its socket, in microseconds; measured by `feed_fanout`.
const WAKE_US: u64 = 10;
/// What a round takes besides, in microseconds: its thread is woken, and two tables change places.
const ROUND_US: u64 = 100;
/// Offers a microsecond to readers that need no waking.
const OFFERS_A_US: u64 = 8;
/// A key that costs less than this to tell never rests by itself, in microseconds.
const REST_COST_US_MIN: u64 = 500;
/// Events a second at which a rest is as long as the telling before it.
const BUSY_EVENTS_PER_SECOND: u64 = 1_000;
/// Rests are at most so many times as long as the telling before them.
const REST_FACTOR_MAX: u64 = 9;
/// The rest after a round, for keys that few listen to.
const ROUND_REST_MAX: Duration = Duration::from_millis(20);
/// Over how long events are counted, in microseconds.
const WINDOW_US: u64 = 50_000;

/// Keys that rest, and how busy the engine is.
#[derive(Debug, Default)]
pub(super) struct Pace {
    resting: HashMap<StockKey, Resting>,
    window_began_us: u64,
    window_sequence: u64,
    events_per_second: u64,
}

#[derive(Debug)]
struct Resting {
    until_us: u64,
    /// The newest level that came meanwhile, and the place up to which everything was told before it came.
    waiting: Option<(Level, u64)>,
}

impl Pace {
    /// Counts the events up to this place.
    pub(super) fn count(&mut self, sequence: u64, now_us: u64) {
        let passed_us = now_us.saturating_sub(self.window_began_us);
        if passed_us < WINDOW_US {
            return;
        }
        let events = sequence.saturating_sub(self.window_sequence);
        // The first window begins at no known place.
        let known = self.window_sequence > 0;
        self.events_per_second =
            if known { events.saturating_mul(1_000_000) / passed_us } else { 0 };
        (self.window_began_us, self.window_sequence) = (now_us, sequence);
    }

    /// Keeps a level back while its key rests; otherwise here it is back. `told` is the place up to which
    /// everything was told so far.
    pub(super) fn keep_back(&mut self, level: Level, told: u64, now_us: u64) -> Option<Level> {
        let Some(resting) = self.resting.get_mut(&level.key).filter(|it| it.until_us > now_us)
        else {
            return Some(level);
        };
        match &mut resting.waiting {
            Some((waiting, _)) if waiting.version >= level.version => {}
            Some((waiting, _)) => *waiting = level,
            None => resting.waiting = Some((level, told)),
        }
        None
    }

    /// Levels whose keys have rested enough; keys without one rest no longer.
    pub(super) fn due(&mut self, now_us: u64) -> Vec<Level> {
        let due = self.resting.extract_if(|_, resting| resting.until_us <= now_us);
        due.filter_map(|(_, resting)| resting.waiting.map(|(level, _)| level)).collect()
    }

    /// Lets a key rest that was told just now, where that is worth it.
    pub(super) fn rest_key(&mut self, key: &StockKey, cost_us: u64, now_us: u64) {
        let rest_us = self.rest_us(cost_us);
        if cost_us >= REST_COST_US_MIN && rest_us > 0 {
            let resting = Resting { until_us: now_us + rest_us, waiting: None };
            self.resting.insert(key.clone(), resting);
        }
    }

    /// How long to let levels gather after a round that cost so much.
    pub(super) fn round_rest(&self, cost_us: u64) -> Duration {
        Duration::from_micros(self.rest_us(cost_us + ROUND_US)).min(ROUND_REST_MAX)
    }

    /// Everything before this place was told, although some keys rest; none where none has a level waiting.
    pub(super) fn told_to(&self) -> Option<u64> {
        self.resting.values().filter_map(|resting| resting.waiting.as_ref()).map(|it| it.1).min()
    }

    /// How long until a key has rested that has a level waiting.
    pub(super) fn patience(&self, now_us: u64) -> Option<Duration> {
        let waiting = self.resting.values().filter(|resting| resting.waiting.is_some());
        let until_us = waiting.map(|resting| resting.until_us).min()?;
        Some(Duration::from_micros(until_us.saturating_sub(now_us)))
    }

    fn rest_us(&self, cost_us: u64) -> u64 {
        let most = cost_us.saturating_mul(REST_FACTOR_MAX);
        let wanted = u128::from(cost_us) * u128::from(self.events_per_second)
            / u128::from(BUSY_EVENTS_PER_SECOND);
        // Below a tenth of that rate nobody has to make room for anybody.
        if self.events_per_second < BUSY_EVENTS_PER_SECOND / 10 {
            return 0;
        }
        u64::try_from(wanted).unwrap_or(u64::MAX).min(most)
    }
}

/// What telling costs, in microseconds.
pub(super) const fn cost_us(told: Round) -> u64 {
    told.wakes as u64 * WAKE_US + told.offers as u64 / OFFERS_A_US
}
