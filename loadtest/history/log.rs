//! What one client asked and was told. Operations of a batch that continue each other (the same key, verb and
//! verdict, one version after the other) are one entry: a frame of 8,192 reserves of one key is 48 bytes.

use saldo_protocol::Code;

use crate::workload::names::Ticket;
use crate::workload::op::{KeyIndex, Line, Op, Verb};
use crate::workload::outcome::{NOT_TOLD, Outcome, Verdict};

/// When a batch was sent and answered, in nanoseconds since the run's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Just before it was handed to the connection.
    pub sent_ns: u64,
    /// Just after its answer was read; `u64::MAX` where there was none.
    pub answered_ns: u64,
}

/// Operations that continue each other: operation `i` of `count` has the name and reservation `+ i`, and where they are
/// told the version `+ i` and, if the verb takes from what is available, available `− i × quantity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The first operation's name.
    pub name: Ticket,
    /// The first one's reservation.
    pub reservation: Ticket,
    /// The version after the first one; 0 where it was not told.
    pub version: u64,
    /// What was available after the first one; [`NOT_TOLD`] where it was not told.
    pub available: i64,
    /// The batch, a place in [`ClientLog::spans`].
    pub batch: u32,
    /// The key; of a basket the first line's.
    pub key: KeyIndex,
    /// Units of each.
    pub quantity: u32,
    /// How many operations.
    pub count: u32,
    /// What they do.
    pub verb: Verb,
    /// How they ended.
    pub verdict: Verdict,
    /// Whether it is a basket, whose lines stand in [`ClientLog::baskets`] under the reservation.
    pub is_basket: bool,
}

/// What one client asked and was told, in the order of the answers.
#[derive(Debug, Default)]
pub struct ClientLog {
    /// Entries in the order of the answers.
    pub entries: Vec<Entry>,
    /// When their batches were sent and answered.
    pub spans: Vec<Span>,
    /// Lines of baskets by reservation, in the order in which they were asked for.
    pub baskets: Vec<(Ticket, std::sync::Arc<[Line]>)>,
}

impl ClientLog {
    /// Adds an answered batch; `outcomes` are the operations' in their order.
    pub fn add(&mut self, span: Span, ops: &[Op], outcomes: &[Outcome]) {
        let batch = u32::try_from(self.spans.len()).unwrap_or(u32::MAX);
        self.spans.push(span);
        let first = self.entries.len();
        for (op, outcome) in ops.iter().zip(outcomes) {
            let entry = Entry {
                name: op.name,
                reservation: op.reservation,
                version: outcome.version,
                available: outcome.available,
                batch,
                key: op.key,
                quantity: op.quantity,
                count: 1,
                verb: op.verb,
                verdict: outcome.verdict,
                is_basket: op.lines.is_some(),
            };
            if let (Verb::Reserve, Some(lines)) = (op.verb, &op.lines) {
                self.baskets.push((op.reservation, std::sync::Arc::clone(lines)));
            }
            match self.entries[first..].last_mut() {
                Some(last) if last.goes_on_with(&entry) => last.count += 1,
                _ => self.entries.push(entry),
            }
        }
    }

    /// Operations of all entries.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.entries.iter().map(|entry| u64::from(entry.count)).sum()
    }

    /// When an entry's batch was sent and answered.
    #[must_use]
    pub fn span(&self, entry: &Entry) -> Span {
        self.spans[entry.batch as usize]
    }
}

impl Entry {
    /// Whether `next`, a single operation, is the one behind this entry's last.
    fn goes_on_with(&self, next: &Self) -> bool {
        let behind = u64::from(self.count);
        let follows = |from: Ticket, to: Ticket| to.as_u64() == from.as_u64() + behind;
        (self.key, self.quantity, self.verb, self.verdict)
            == (next.key, next.quantity, next.verb, next.verdict)
            && !self.is_basket
            && !next.is_basket
            && follows(self.name, next.name)
            && follows(self.reservation, next.reservation)
            && next.version == self.version_of(self.count)
            && next.available == self.available_of(self.count)
    }

    /// The version after operation `i`; 0 where it was not told.
    #[must_use]
    pub fn version_of(&self, i: u32) -> u64 {
        if self.version == 0 { 0 } else { self.version + self.step() * u64::from(i) }
    }

    /// What was available after operation `i`; [`NOT_TOLD`] where it was not told.
    #[must_use]
    pub fn available_of(&self, i: u32) -> i64 {
        if self.available == NOT_TOLD {
            return NOT_TOLD;
        }
        let moved = i64::from(self.quantity) * i64::from(i) * self.step().cast_signed();
        match self.verb {
            Verb::Reserve | Verb::Sell => self.available - moved,
            Verb::Receive | Verb::Release | Verb::Cancel | Verb::Return => self.available + moved,
            Verb::Extend | Verb::Commit | Verb::Fulfil | Verb::Read => self.available,
        }
    }

    /// By how much the version rises from one operation to the next: only what is carried out raises it.
    const fn step(&self) -> u64 {
        match (self.verdict, self.verb) {
            (Verdict::Done, Verb::Read) => 0,
            (Verdict::Done, _) => 1,
            (Verdict::Replayed | Verdict::Refused(_) | Verdict::Unknown, _) => 0,
        }
    }

    /// Whether a hold was granted.
    #[must_use]
    pub const fn is_grant(&self) -> bool {
        matches!(self.verb, Verb::Reserve) && self.verdict.is_done()
    }

    /// Whether there was not enough for it.
    #[must_use]
    pub const fn is_sold_out(&self) -> bool {
        matches!(self.verdict, Verdict::Refused(Code::InsufficientStock))
    }
}
