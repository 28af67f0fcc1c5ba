//! Finds the operation that an event names by its reservation, and remembers which were found. Entries are runs of up
//! to thousands of operations, so this takes 8 bytes an entry and one bit an operation.

use crate::history::log::{ClientLog, Entry, Span};
use crate::workload::names::Ticket;
use crate::workload::op::Verb;

/// An operation: a client, the place of its entry, and which one of the entry's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) client: u32,
    pub(super) entry: u32,
    pub(super) i: u32,
}

/// The logs of a run, with an index over them.
#[derive(Debug)]
pub(super) struct LogIndex<'a> {
    logs: &'a [ClientLog],
    /// By verb.
    verbs: [Runs; 10],
    found: Vec<Found>,
}

/// Entries of one verb, in order of their first reservations.
#[derive(Debug, Default)]
struct Runs {
    /// Client and entry.
    entries: Vec<(u32, u32)>,
    /// Up to which reservation the entries up to each reach; empty where none overlap.
    reach: Vec<u64>,
}

/// Which operations of a client were found.
#[derive(Debug, Default)]
struct Found {
    /// The number of each entry's first operation; empty where every entry has just one.
    firsts: Vec<u64>,
    bits: Vec<u64>,
}

impl<'a> LogIndex<'a> {
    pub(super) fn new(logs: &'a [ClientLog]) -> Self {
        let mut verbs: [Runs; 10] = std::array::from_fn(|_| Runs::default());
        for (client, log) in (0..).zip(logs) {
            for (place, entry) in (0..).zip(&log.entries) {
                if entry.verb.has_reservation() {
                    verbs[entry.verb as usize].entries.push((client, place));
                }
            }
        }
        for runs in &mut verbs {
            runs.sort(logs);
        }
        Self { logs, verbs, found: logs.iter().map(Found::of).collect() }
    }

    pub(super) fn logs(&self) -> &'a [ClientLog] {
        self.logs
    }

    pub(super) fn entry(&self, place: Place) -> &'a Entry {
        &self.logs[place.client as usize].entries[place.entry as usize]
    }

    pub(super) fn span(&self, place: Place) -> Span {
        self.logs[place.client as usize].span(self.entry(place))
    }

    /// Every operation of this verb on this reservation, whatever became of it.
    pub(super) fn each(&self, verb: Verb, reservation: Ticket, mut visit: impl FnMut(Place)) {
        let (runs, wanted) = (&self.verbs[verb as usize], reservation.as_u64());
        let end = runs.entries.partition_point(|&at| start(self.logs, at) <= wanted);
        for place in (0..end).rev() {
            let (client, entry) = runs.entries[place];
            let i = wanted - start(self.logs, (client, entry));
            let count = self.logs[client as usize].entries[entry as usize].count;
            if let Ok(i) = u32::try_from(i)
                && i < count
            {
                visit(Place { client, entry, i });
            }
            let reached = match runs.reach.get(place.wrapping_sub(1)) {
                Some(&reach) => reach > wanted,
                None => false,
            };
            if !reached {
                return;
            }
        }
    }

    /// Remembers that an operation was found. False where it had been already.
    pub(super) fn find(&mut self, place: Place) -> bool {
        let found = &mut self.found[place.client as usize];
        let bit = found.bit(place.entry) + u64::from(place.i);
        let (word, mask) = (word_of(bit), 1 << (bit % 64));
        let is_new = found.bits[word] & mask == 0;
        found.bits[word] |= mask;
        is_new
    }

    /// Whether an operation was found.
    pub(super) fn is_found(&self, place: Place) -> bool {
        let found = &self.found[place.client as usize];
        let bit = found.bit(place.entry) + u64::from(place.i);
        found.bits[word_of(bit)] & 1 << (bit % 64) != 0
    }

    /// Every entry, with its first operation's place.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Place, &'a Entry)> + use<'a> {
        (0..).zip(self.logs).flat_map(|(client, log)| {
            let place = move |entry| Place { client, entry, i: 0 };
            (0..).zip(&log.entries).map(move |(number, entry)| (place(number), entry))
        })
    }
}

impl Runs {
    fn sort(&mut self, logs: &[ClientLog]) {
        self.entries.sort_unstable_by_key(|&at| start(logs, at));
        let (mut reach, mut overlap) = (0, false);
        let mut reaches = Vec::new();
        for (place, &at) in self.entries.iter().enumerate() {
            let begin = start(logs, at);
            if begin < reach && !overlap {
                overlap = true;
                // Disjoint so far: each reaches as far as itself.
                reaches = self.entries[..place].iter().map(|&at| end(logs, at)).collect();
            }
            reach = reach.max(end(logs, at));
            if overlap {
                reaches.push(reach);
            }
        }
        self.reach = reaches;
    }
}

impl Found {
    fn of(log: &ClientLog) -> Self {
        let operations = log.operations();
        let mut firsts = Vec::new();
        if log.entries.iter().any(|entry| entry.count != 1) {
            let mut first = 0;
            firsts.extend(log.entries.iter().map(|entry| {
                first += u64::from(entry.count);
                first - u64::from(entry.count)
            }));
        }
        Self { firsts, bits: vec![0; word_of(operations) + 1] }
    }

    fn bit(&self, entry: u32) -> u64 {
        self.firsts.get(entry as usize).copied().unwrap_or_else(|| u64::from(entry))
    }
}

fn start(logs: &[ClientLog], (client, entry): (u32, u32)) -> u64 {
    logs[client as usize].entries[entry as usize].reservation.as_u64()
}

fn end(logs: &[ClientLog], at: (u32, u32)) -> u64 {
    start(logs, at) + u64::from(logs[at.0 as usize].entries[at.1 as usize].count)
}

fn word_of(bit: u64) -> usize {
    usize::try_from(bit / 64).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::op::Op;
    use crate::workload::outcome::{Outcome, Verdict};

    fn reserves(numbers: std::ops::Range<u64>) -> Vec<Op> {
        numbers.map(|number| Op::reserve(Ticket::new(0, number), 0, 1, 0)).collect()
    }

    #[test]
    fn overlapping_runs_are_all_found() {
        let mut log = ClientLog::default();
        let span = Span { sent_ns: 0, answered_ns: 1 };
        for numbers in [40..41, 0..100, 10..12, 100..101, 11..30] {
            let ops = reserves(numbers);
            log.add(span, &ops, &vec![Outcome::plain(Verdict::Done); ops.len()]);
        }
        let logs = [log];
        let mut index = LogIndex::new(&logs);
        let found = |index: &LogIndex<'_>, number| {
            let mut entries = Vec::new();
            index.each(Verb::Reserve, Ticket::new(0, number), |place| {
                entries.push((place.entry, place.i));
            });
            entries.sort_unstable();
            entries
        };
        assert_eq!(found(&index, 11), [(1, 11), (2, 1), (4, 0)]);
        assert_eq!(found(&index, 40), [(0, 0), (1, 40)]);
        assert_eq!(found(&index, 99), [(1, 99)]);
        assert_eq!(found(&index, 100), [(3, 0)]);
        assert_eq!(found(&index, 101), []);
        let place = Place { client: 0, entry: 1, i: 99 };
        assert!(!index.is_found(place) && index.find(place));
        assert!(index.is_found(place) && !index.find(place));
        assert!(!index.is_found(Place { client: 0, entry: 2, i: 0 }));
    }
}
