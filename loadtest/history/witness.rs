//! Whether the history of one key is linearizable, decided exactly and in O(n log n) at any length, because every
//! answer has a witness: the version that the key had after it.
//!
//! **Writes.** The order of the key's changes is no guess, it is the order of their versions. So the history of the
//! writes is linearizable exactly if no version belongs to two of them, and no write that was answered before another
//! one was sent has the higher version. A write without an answer ends at no time, one of the engine's own (an
//! expiry) also begins at none.
//!
//! **Observations** (reads, and refusals for want of stock) change nothing, so each lies between two writes, behind
//! some version `v`: not below the highest version that was answered before the observation was sent, below the lowest
//! one that was sent after it was answered, not below what an observation saw that was answered before this one was
//! sent, and where the key's state is what was told. They are gone through in the order in which they were sent, and
//! each gets the lowest `v` that fits. That is exact, not a heuristic: whoever must not see less than an observation
//! was sent after it, so a lower choice only widens the choice of those that follow; by induction each one's `v` is
//! the lowest of all valid orders, and if it has none there is no valid order. In return the choice gives the order:
//! by version, the write before its observations, these as they were sent.

use crate::history::log::Span;
use crate::history::lowest::Lowest;

/// Violations that are kept; further ones are counted.
pub const VIOLATIONS_KEPT_MAX: usize = 20;

/// From the beginning of time to its end: what is known of an event of the engine's own.
const ALWAYS: Span = Span { sent_ns: 0, answered_ns: u64::MAX };

/// The states of one key, version after version without a gap, and who made each of them when.
#[derive(Clone, Debug)]
pub struct KeyHistory {
    /// The version that the key begins with.
    first: u64,
    /// What was available after each version, from the first on.
    available: Vec<i64>,
    /// When the write of each version was sent and answered; none of the first.
    sent_ns: Vec<u64>,
    answered_ns: Vec<u64>,
    has_writer: Vec<bool>,
}

/// What an observation tells of the state that it saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A read. What was not told is none.
    State {
        /// The key's version.
        version: Option<u64>,
        /// What was available.
        available: Option<i64>,
    },
    /// A refusal for want of stock.
    Short {
        /// Units that were asked for: more than were available.
        asked: i64,
        /// What was available, where the refusal tells it.
        available: Option<i64>,
    },
}

/// A read or a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When it was sent and answered.
    pub span: Span,
    /// What it tells.
    pub seen: Seen,
    /// The caller's own name for it.
    pub place: u64,
}

/// Why no order of the operations explains the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A write came after another one that has the higher version.
    Order {
        /// The version of the one that came after.
        version: u64,
        /// When.
        span: Span,
        /// The version of the one that had been answered before.
        overtaken: u64,
        /// When.
        overtaken_span: Span,
    },
    /// No version fits.
    Unseen {
        /// What was observed.
        observation: Observation,
        /// The lowest version that it could have seen.
        lowest: u64,
        /// The highest one; below the lowest where there is none at all.
        highest: u64,
        /// The observation before it that had seen the lowest one, where it is not a write that did.
        after: Option<Observation>,
    },
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Linearity {
    /// How many violations.
    pub violations: u64,
    /// The first ones, at most [`VIOLATIONS_KEPT_MAX`].
    pub kept: Vec<Violation>,
}

impl Linearity {
    fn add(&mut self, violation: Violation) {
        self.violations += 1;
        if self.kept.len() < VIOLATIONS_KEPT_MAX {
            self.kept.push(violation);
        }
    }
}

impl KeyHistory {
    /// A key that has this version and so many units available before any operation.
    #[must_use]
    pub fn new(version: u64, available: i64) -> Self {
        Self {
            first: version,
            available: vec![available],
            sent_ns: Vec::new(),
            answered_ns: Vec::new(),
            has_writer: Vec::new(),
        }
    }

    /// Adds the next version's state. It counts as the engine's own until [`KeyHistory::write`] says otherwise.
    pub fn push(&mut self, available: i64) {
        self.available.push(available);
        self.sent_ns.push(ALWAYS.sent_ns);
        self.answered_ns.push(ALWAYS.answered_ns);
        self.has_writer.push(false);
    }

    /// Says which operation made a version: when it was sent, and answered (`u64::MAX`: never). False where the
    /// version has a writer already or does not exist, which no order of the operations explains.
    #[must_use]
    pub fn write(&mut self, version: u64, span: Span) -> bool {
        let Some(place) = version.checked_sub(self.first + 1).map(usize_of) else { return false };
        match self.has_writer.get_mut(place) {
            Some(has_writer) if !*has_writer => *has_writer = true,
            _ => return false,
        }
        self.sent_ns[place] = span.sent_ns;
        self.answered_ns[place] = span.answered_ns;
        true
    }

    /// The newest version.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first + u64_of(self.sent_ns.len())
    }

    /// What was available after a version; none where there is no such version.
    #[must_use]
    pub fn available(&self, version: u64) -> Option<i64> {
        self.available.get(usize_of(version.checked_sub(self.first)?)).copied()
    }

    /// Whether there is an order of the operations that explains all answers. Sorts the observations; takes the
    /// history, whose memory it uses.
    #[must_use]
    pub fn check(self, observations: &mut [Observation]) -> Linearity {
        let mut linearity = Linearity::default();
        Bounds::of(self, &mut linearity).observe(observations, &mut linearity);
        linearity
    }
}

/// The highest version that was answered before a time, and the lowest one that was sent after it, as rows that rise.
struct Bounds {
    first: u64,
    available: Vec<i64>,
    /// When the last of the versions up to each was sent.
    sent_ns: Vec<u64>,
    /// When the first of the versions from each on was answered.
    answered_ns: Vec<u64>,
}

impl Bounds {
    /// Makes the rows, and on the way finds the writes that came after one with a higher version.
    fn of(history: KeyHistory, linearity: &mut Linearity) -> Self {
        let KeyHistory { first, available, mut sent_ns, mut answered_ns, .. } = history;
        let version = |place: usize| first + 1 + u64_of(place);
        // The one behind that was answered first; nothing but itself has been written over its times.
        let mut earliest: Option<usize> = None;
        for place in (0..answered_ns.len()).rev() {
            let span = Span { sent_ns: sent_ns[place], answered_ns: answered_ns[place] };
            match earliest {
                Some(other) if answered_ns[other] <= span.answered_ns => {
                    if answered_ns[other] < span.sent_ns {
                        let overtaken_span =
                            Span { sent_ns: sent_ns[other], answered_ns: answered_ns[other] };
                        let (version, overtaken) = (version(place), version(other));
                        linearity.add(Violation::Order {
                            version,
                            span,
                            overtaken,
                            overtaken_span,
                        });
                    }
                    answered_ns[place] = answered_ns[other];
                }
                _ => earliest = Some(place),
            }
        }
        let mut latest = 0;
        for sent in &mut sent_ns {
            latest = latest.max(*sent);
            *sent = latest;
        }
        Self { first, available, sent_ns, answered_ns }
    }

    /// The highest version that was answered before this time.
    fn lowest(&self, sent_ns: u64) -> u64 {
        let answered = self.answered_ns.partition_point(|&answered| answered < sent_ns);
        self.first + u64_of(answered)
    }

    /// The version below the lowest one that was sent after this time.
    fn highest(&self, answered_ns: u64) -> u64 {
        let sent = self.sent_ns.partition_point(|&sent| sent <= answered_ns);
        self.first + u64_of(sent)
    }

    /// Gives each observation the lowest version that fits.
    fn observe(&self, observations: &mut [Observation], linearity: &mut Linearity) {
        observations.sort_unstable_by_key(|observation| observation.span.sent_ns);
        let mut by_answer: Vec<u32> =
            (0..).zip(observations.iter()).map(|(place, _)| place).collect();
        by_answer.sort_unstable_by_key(|&place| observations[place as usize].span.answered_ns);
        let mut answered = by_answer.into_iter().map(|place| place as usize).peekable();
        let states = Lowest::new(&self.available, observations);
        let mut versions: Vec<u64> = Vec::with_capacity(observations.len());
        // The highest version that was seen by an observation answered before the present one was sent, and by which.
        let mut seen = (0, None);
        for observation in observations.iter() {
            let Span { sent_ns, answered_ns } = observation.span;
            // What was answered before this was sent was also sent before it, so its version is known.
            while let Some(&earlier) = answered.peek()
                && observations[earlier].span.answered_ns < sent_ns
            {
                if versions[earlier] > seen.0 {
                    seen = (versions[earlier], Some(earlier));
                }
                answered.next();
            }
            let answered_before = self.lowest(sent_ns);
            let lowest = answered_before.max(seen.0);
            let highest = self.highest(answered_ns);
            let found = self.first_fit(&states, observation.seen, lowest, highest);
            if found.is_none() {
                let after = seen.1.filter(|_| seen.0 > answered_before);
                let after = after.map(|earlier| observations[earlier]);
                let observation = *observation;
                linearity.add(Violation::Unseen { observation, lowest, highest, after });
            }
            versions.push(found.unwrap_or(lowest));
        }
    }

    fn first_fit(&self, states: &Lowest<'_>, seen: Seen, lowest: u64, highest: u64) -> Option<u64> {
        let first = self.first;
        let from = usize_of(lowest.checked_sub(first)?);
        let found = match seen {
            Seen::State { version: Some(version), available } => {
                let state = *self.available.get(usize_of(version.checked_sub(first)?))?;
                let fits = version >= lowest && available.is_none_or(|told| told == state);
                fits.then_some(version)?
            }
            Seen::State { version: None, available: None } => lowest,
            Seen::State { version: None, available: Some(told) } => {
                first + u64_of(states.equal(from, told)?)
            }
            Seen::Short { asked, available: None } => first + u64_of(states.below(from, asked)?),
            Seen::Short { asked, available: Some(told) } if told < asked => {
                first + u64_of(states.equal(from, told)?)
            }
            // It says itself that there was enough.
            Seen::Short { .. } => return None,
        };
        (found <= highest).then_some(found)
    }
}

fn u64_of(place: usize) -> u64 {
    u64::try_from(place).unwrap_or(u64::MAX)
}

fn usize_of(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
