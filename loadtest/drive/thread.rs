//! What the clients of one thread write into: figures, refusals by code. Borrowed for a moment at a time, by one task
//! of the thread after the other, so that nothing needs a lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::time::Duration;

use saldo_protocol::Code;

use crate::drive::shared::Shared;
use crate::measure::recorder::{Answer, Interval, Recorder};
use crate::workload::op::{Op, Verb};
use crate::workload::outcome::{Outcome, Verdict};

/// A finished interval of one thread.
#[derive(Debug)]
pub struct Part {
    /// Which interval of the run, from 0.
    pub interval: u64,
    /// What was measured in it.
    pub figures: Interval,
}

/// Figures of one thread.
#[derive(Debug)]
pub struct ThreadFigures {
    shared: Arc<Shared>,
    /// Everything so far.
    pub recorder: Recorder,
    /// Refusals by code, the warm-up included.
    pub refusals: BTreeMap<Code, u64>,
    /// Latencies and answers of each step of a stair.
    pub steps: Vec<Interval>,
    /// When the last unit was granted, since the run's start.
    pub last_grant: Duration,
    /// Connections that were made again.
    pub reconnects: u64,
    interval: u64,
    /// Where finished intervals go; none once the thread has ended.
    parts: Option<Sender<Part>>,
}

/// Operations of a batch that ended alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Alike {
    verb: Verb,
    outcome: Outcome,
    latency_ns: u64,
    count: u64,
    units: u64,
}

impl ThreadFigures {
    /// Nothing measured yet. Finished intervals go to `parts`.
    #[must_use]
    pub fn new(shared: Arc<Shared>, parts: Sender<Part>) -> Self {
        Self {
            shared,
            recorder: Recorder::default(),
            refusals: BTreeMap::new(),
            steps: Vec::new(),
            last_grant: Duration::ZERO,
            reconnects: 0,
            interval: 0,
            parts: Some(parts),
        }
    }

    /// Counts an answered batch. `latency_ns` gives each operation's in nanoseconds, by its place in the batch.
    pub fn answered(
        &mut self,
        ops: &[Op],
        outcomes: &[Outcome],
        latency_ns: impl Fn(usize) -> u64,
        at: BatchTimes,
    ) {
        self.roll(at.answered);
        let is_warm_up = at.answered < self.shared.load.warm_up;
        let mut run: Option<Alike> = None;
        for (place, (op, outcome)) in ops.iter().zip(outcomes).enumerate() {
            let next = Alike {
                verb: op.verb,
                outcome: Outcome::plain(outcome.verdict),
                latency_ns: latency_ns(place),
                count: 1,
                units: granted_units(op, outcome),
            };
            match &mut run {
                Some(run) if run.is_like(&next) => {
                    run.count += 1;
                    run.units += next.units;
                }
                _ => {
                    if let Some(done) = run.replace(next) {
                        self.count(&done, is_warm_up, at);
                    }
                }
            }
        }
        if let Some(done) = run {
            self.count(&done, is_warm_up, at);
        }
    }

    fn count(&mut self, alike: &Alike, is_warm_up: bool, at: BatchTimes) {
        let Alike { verb, outcome, latency_ns, count, units } = *alike;
        let answer = Answer::of(outcome.verdict);
        self.shared.answers[answer as usize].fetch_add(count, Ordering::Relaxed);
        if let Verdict::Refused(code) = outcome.verdict {
            *self.refusals.entry(code).or_default() += count;
        }
        if units > 0 {
            self.shared.units.fetch_add(units, Ordering::Relaxed);
            self.last_grant = self.last_grant.max(at.answered);
        }
        if is_warm_up {
            self.recorder.record_warm_up(&outcome, units, latency_ns, count);
            return;
        }
        self.recorder.record(verb, &outcome, units, latency_ns, count);
        if let Some(step) = at.step {
            let place = step as usize;
            if self.steps.len() <= place {
                self.steps.resize_with(place + 1, Interval::default);
            }
            self.steps[place].count(answer, units, latency_ns, count);
        }
    }

    /// Hands finished intervals over.
    fn roll(&mut self, now: Duration) {
        let interval = self.shared.interval(now);
        if interval != self.interval {
            self.hand_over();
            self.interval = interval;
        }
    }

    /// Hands over what is under way for the last time: whoever collects sees by it that the thread has ended.
    pub fn end(&mut self) {
        self.hand_over();
        self.parts = None;
    }

    /// Hands over what is under way.
    fn hand_over(&mut self) {
        let figures = self.recorder.take_interval();
        if figures.answers != [0; 4]
            && let Some(parts) = &self.parts
        {
            // Nobody listens any more: then nobody wants it.
            let _ = parts.send(Part { interval: self.interval, figures });
        }
    }
}

/// When a batch was answered, since the run's start.
#[derive(Clone, Copy, Debug)]
pub struct BatchTimes {
    /// Answered.
    pub answered: Duration,
    /// The step of a stair in which it was to begin.
    pub step: Option<u32>,
}

impl Alike {
    fn is_like(&self, next: &Self) -> bool {
        (self.verb, self.outcome, self.latency_ns) == (next.verb, next.outcome, next.latency_ns)
    }
}

/// Units that were promised or sold by it.
fn granted_units(op: &Op, outcome: &Outcome) -> u64 {
    let is_grant = matches!(op.verb, Verb::Reserve | Verb::Sell) && outcome.verdict.is_done();
    if is_grant { u64::from(op.quantity) } else { 0 }
}
