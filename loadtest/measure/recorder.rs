//! What one thread of clients measures: histograms of the whole run, and of the interval that is under way.
//! Nobody else touches them; a finished interval is handed over as a whole.

use hdrhistogram::Histogram;

use crate::workload::op::Verb;
use crate::workload::outcome::{Outcome, Verdict};

/// The longest time that is told apart, in nanoseconds: an hour. Longer ones count as an hour.
pub const LATENCY_NS_MAX: u64 = 3_600_000_000_000;
/// Significant digits of a latency.
pub const SIGNIFICANT_DIGITS: u8 = 3;

/// How an operation ended, as latencies are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Carried out.
    Done,
    /// Refused because there was not enough stock.
    SoldOut,
    /// Refused for another reason.
    Refused,
    /// No answer, or an outcome that nobody knows.
    Unknown,
}

impl Answer {
    /// All of them, in order of their numbers.
    pub const ALL: [Self; 4] = [Self::Done, Self::SoldOut, Self::Refused, Self::Unknown];

    /// Of a verdict.
    #[must_use]
    pub const fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Done | Verdict::Replayed => Self::Done,
            verdict if verdict.is_sold_out() => Self::SoldOut,
            Verdict::Refused(_) => Self::Refused,
            Verdict::Unknown => Self::Unknown,
        }
    }

    /// As reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::SoldOut => "sold_out",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// An empty histogram of nanoseconds.
///
/// # Panics
/// Never: the bounds are bounds.
#[must_use]
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LATENCY_NS_MAX, SIGNIFICANT_DIGITS)
        .unwrap_or_else(|error| panic!("fixed bounds were refused: {error}"))
}

/// Counts and latencies of a stretch of time.
#[derive(Clone, Debug)]
pub struct Interval {
    /// Latencies of all answers in it, in nanoseconds, unknown outcomes left out.
    pub latencies: Histogram<u64>,
    /// Answers by kind, in order of [`Answer::ALL`].
    pub answers: [u64; 4],
    /// Units granted by reserves and sales.
    pub units: u64,
}

impl Default for Interval {
    fn default() -> Self {
        Self { latencies: histogram(), answers: [0; 4], units: 0 }
    }
}

impl Interval {
    /// Counts `count` operations that ended alike and took this long.
    pub fn count(&mut self, answer: Answer, units: u64, latency_ns: u64, count: u64) {
        self.answers[answer as usize] += count;
        self.units += units;
        if answer != Answer::Unknown {
            self.latencies.saturating_record_n(latency_ns, count);
        }
    }

    /// Adds another thread's.
    pub fn merge(&mut self, other: &Self) {
        add(&mut self.latencies, &other.latencies);
        for (own, other) in self.answers.iter_mut().zip(other.answers) {
            *own += other;
        }
        self.units += other.units;
    }
}

/// Everything of one thread, or of all.
#[derive(Debug)]
pub struct Recorder {
    /// The measured part of the run.
    pub whole: Interval,
    /// Its latencies by how the operations ended, in order of [`Answer::ALL`].
    pub by_answer: [Histogram<u64>; 4],
    /// Its latencies of what was carried out, by verb; none where the verb did not occur.
    pub by_verb: [Option<Box<Histogram<u64>>>; 10],
    /// In the open loop: from the intended start to the moment when it was sent, in nanoseconds.
    pub lateness: Histogram<u64>,
    /// The interval that is under way.
    pub interval: Interval,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            whole: Interval::default(),
            by_answer: std::array::from_fn(|_| histogram()),
            by_verb: std::array::from_fn(|_| None),
            lateness: histogram(),
            interval: Interval::default(),
        }
    }
}

impl Recorder {
    /// Counts `count` operations that ended alike and took this long, outside the warm-up.
    pub fn record(
        &mut self,
        verb: Verb,
        outcome: &Outcome,
        units: u64,
        latency_ns: u64,
        count: u64,
    ) {
        let answer = Answer::of(outcome.verdict);
        for interval in [&mut self.whole, &mut self.interval] {
            interval.count(answer, units, latency_ns, count);
        }
        self.by_answer[answer as usize].saturating_record_n(latency_ns, count);
        if answer == Answer::Done {
            let of_verb = &mut self.by_verb[verb as usize];
            of_verb
                .get_or_insert_with(|| Box::new(histogram()))
                .saturating_record_n(latency_ns, count);
        }
    }

    /// Counts operations of the warm-up: only in the interval that is under way.
    pub fn record_warm_up(&mut self, outcome: &Outcome, units: u64, latency_ns: u64, count: u64) {
        self.interval.count(Answer::of(outcome.verdict), units, latency_ns, count);
    }

    /// The interval up to now; a new one begins.
    pub fn take_interval(&mut self) -> Interval {
        std::mem::take(&mut self.interval)
    }

    /// Adds another thread's.
    pub fn merge(&mut self, other: &Self) {
        self.whole.merge(&other.whole);
        for (own, other) in self.by_answer.iter_mut().zip(&other.by_answer) {
            add(own, other);
        }
        for (own, other) in self.by_verb.iter_mut().zip(&other.by_verb) {
            if let Some(other) = other {
                add(own.get_or_insert_with(|| Box::new(histogram())), other);
            }
        }
        add(&mut self.lateness, &other.lateness);
    }
}

/// Same bounds and digits: it cannot fail.
fn add(own: &mut Histogram<u64>, other: &Histogram<u64>) {
    own.add(other).unwrap_or_default();
}
