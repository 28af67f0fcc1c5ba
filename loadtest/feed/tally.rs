//! What the subscribers of one thread heard, together. Nobody else touches it; threads are merged at the end.

use hdrhistogram::Histogram;

use crate::feed::held::Compared;
use crate::measure::recorder::histogram;

/// Faults of which a sentence is kept.
const SHOWN_MAX: usize = 20;

/// Delays from the decision to the arrival, in nanoseconds, and when the deltas came that they are of.
#[derive(Debug)]
pub(super) struct Heard {
    /// Messages of levels that changed.
    pub(super) messages: u64,
    /// Levels in them.
    pub(super) levels: u64,
    /// Messages of these that came at the end, when paced ones catch up without pauses: in no rate.
    pub(super) messages_at_end: u64,
    /// Levels of these that came then: in no rate and no delay.
    pub(super) levels_at_end: u64,
    /// Bytes of all messages.
    pub(super) bytes: u64,
    /// From each level's time to its arrival.
    pub(super) delays: Histogram<u64>,
    /// When the first and the last delta came, in microseconds since 1970.
    pub(super) span_us: Option<(u64, u64)>,
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            messages: 0,
            levels: 0,
            messages_at_end: 0,
            levels_at_end: 0,
            bytes: 0,
            delays: histogram(),
            span_us: None,
        }
    }
}

impl Heard {
    /// A delta came.
    pub(super) fn delta(&mut self, now_us: u64) {
        self.messages += 1;
        let (first, last) = self.span_us.unwrap_or((now_us, now_us));
        self.span_us = Some((first.min(now_us), last.max(now_us)));
    }

    /// A level of a delta that was decided then. The engine's time never runs back, so it may be ahead.
    pub(super) fn level(&mut self, as_of_us: u64, now_us: u64) {
        self.levels += 1;
        self.delays.saturating_record(now_us.saturating_sub(as_of_us).saturating_mul(1_000));
    }

    /// A delta came to one that catches up.
    pub(super) const fn delta_at_end(&mut self) {
        self.messages += 1;
        self.messages_at_end += 1;
    }

    /// A level of such a delta.
    pub(super) const fn level_at_end(&mut self) {
        self.levels += 1;
        self.levels_at_end += 1;
    }

    fn merge(&mut self, other: &Self) {
        self.messages += other.messages;
        self.levels += other.levels;
        self.messages_at_end += other.messages_at_end;
        self.levels_at_end += other.levels_at_end;
        self.bytes += other.bytes;
        // Same bounds and digits: it cannot fail.
        self.delays.add(&other.delays).unwrap_or_default();
        self.span_us = match (self.span_us, other.span_us) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
    }
}

/// What the subscribers of a thread came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Of those that read at once.
    pub(super) reads: Heard,
    /// Of those that read now and then.
    pub(super) paced: Heard,
    /// Versions that did not rise, and levels that were not asked for.
    pub(super) version_faults: u64,
    /// Subscribers that read and lost their connection.
    pub(super) lost: u64,
    /// Keys compared at the end, all subscribers together.
    pub(super) compared: Compared,
    /// The longest that one took at the end until it held the newest levels, in microseconds.
    pub(super) caught_up_us: u64,
    /// The thread's processor time as a share of one core's.
    pub(super) busy: f64,
    /// Sentences on the first faults.
    pub(super) shown: Vec<String>,
}

impl Tally {
    /// Keeps a sentence, where there is room.
    pub(super) fn show(&mut self, sentence: impl FnOnce() -> String) {
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(sentence());
        }
    }

    /// Adds what one subscriber's comparison came to.
    pub(super) fn add(&mut self, compared: &Compared) {
        self.compared.keys += compared.keys;
        self.compared.older += compared.older;
        self.compared.different += compared.different;
        self.compared.newer += compared.newer;
    }

    /// Adds another thread's.
    pub(super) fn merge(&mut self, other: &mut Self) {
        self.reads.merge(&other.reads);
        self.paced.merge(&other.paced);
        self.version_faults += other.version_faults;
        self.lost += other.lost;
        self.add(&other.compared);
        self.caught_up_us = self.caught_up_us.max(other.caught_up_us);
        self.busy = self.busy.max(other.busy);
        let room = SHOWN_MAX.saturating_sub(self.shown.len());
        self.shown.extend(other.shown.drain(..).take(room));
    }

    /// Everything that contradicts.
    pub(super) const fn disagreements(&self) -> u64 {
        self.version_faults + self.lost + self.compared.older + self.compared.different
    }
}
