//! Reservations of several lines. Their events are counted for each line, and held against the answers at the end: a
//! basket is granted on all of its keys or leaves nothing on any, though a refused one may have held units for a
//! moment on the keys before the one that fell short.

use std::sync::Arc;

use crate::audit::index::LogIndex;
use crate::audit::sample::LineSum;
use crate::audit::units::Cause;
use crate::history::log::Span;
use crate::workload::names::Ticket;
use crate::workload::op::{KeyIndex, Line, Verb};
use crate::workload::outcome::Verdict;

/// What a basket can be asked after it was granted, in the order in which units move.
const STEPS: [Verb; 5] = [Verb::Commit, Verb::Fulfil, Verb::Release, Verb::Cancel, Verb::Return];

/// All baskets of a run, in order of their reservations.
#[derive(Debug, Default)]
pub(super) struct Baskets {
    baskets: Vec<Basket>,
}

#[derive(Debug)]
struct Basket {
    reservation: Ticket,
    lines: Arc<[Line]>,
    sums: Box<[LineSum]>,
    /// Verbs that were answered as carried out, and those without a known outcome: one bit each.
    done: u16,
    unknown: u16,
}

/// What is to be made of a basket.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// What each line moved according to the answers, unknown outcomes settled from the books.
    pub(super) moved: Vec<(KeyIndex, Cause, i64)>,
    /// Operations without a known outcome that happened.
    pub(super) unknown_happened: u64,
    /// Whether it was granted and is not found whole.
    pub(super) is_lost: bool,
    /// What else is wrong.
    pub(super) wrong: Option<String>,
}

impl Baskets {
    pub(super) fn of(index: &LogIndex<'_>) -> Self {
        let mut baskets: Vec<Basket> = index
            .logs()
            .iter()
            .flat_map(|log| &log.baskets)
            .map(|(reservation, lines)| Basket {
                reservation: *reservation,
                lines: Arc::clone(lines),
                sums: vec![LineSum::default(); lines.len()].into(),
                done: 0,
                unknown: 0,
            })
            .collect();
        // One that was asked for again has the same lines.
        baskets.sort_by_key(|basket| basket.reservation);
        baskets.dedup_by_key(|basket| basket.reservation);
        let mut all = Self { baskets };
        for (_, entry) in index.entries().filter(|(_, entry)| entry.is_basket) {
            let Some(basket) = all.find(entry.reservation) else { continue };
            let bit = 1 << entry.verb as u16;
            match entry.verdict {
                Verdict::Done | Verdict::Replayed => basket.done |= bit,
                Verdict::Unknown => basket.unknown |= bit,
                Verdict::Refused(_) => {}
            }
        }
        all
    }

    fn find(&mut self, reservation: Ticket) -> Option<&mut Basket> {
        if self.baskets.is_empty() {
            return None;
        }
        let place = self.baskets.binary_search_by_key(&reservation, |basket| basket.reservation);
        self.baskets.get_mut(place.ok()?)
    }

    /// Counts an event. None where it is no basket's; otherwise whether the basket has a line of this key.
    pub(super) fn take(
        &mut self,
        reservation: Ticket,
        key: KeyIndex,
        cause: Cause,
        units: i64,
    ) -> Option<bool> {
        let basket = self.find(reservation)?;
        let place = basket.lines.iter().position(|line| line.key == key);
        if let Some(place) = place {
            basket.sums[place].take(cause, units);
        }
        Some(place.is_some())
    }

    /// When an event of a basket happened, as far as its operations tell: an answered grant or step has its events
    /// between sending and answer; what is given back may be given back later.
    pub(super) fn span(index: &LogIndex<'_>, reservation: Ticket, cause: Cause) -> Option<Span> {
        let Cause::Verb(verb) = cause else { return None };
        let (mut sent_ns, mut answered_ns, mut count) = (u64::MAX, u64::MAX, 0_u32);
        let mut look = |verb: Verb, is_exact: bool| {
            index.each(verb, reservation, |place| {
                let (span, verdict) = (index.span(place), index.entry(place).verdict);
                count += 1;
                sent_ns = if verdict == Verdict::Replayed { 0 } else { sent_ns.min(span.sent_ns) };
                let is_only = is_exact && count == 1 && verdict == Verdict::Done;
                answered_ns = if is_only { span.answered_ns } else { u64::MAX };
            });
        };
        look(verb, verb != Verb::Release);
        if verb == Verb::Release {
            // Units of a basket that fell short elsewhere.
            look(Verb::Reserve, false);
        }
        (count > 0).then_some(Span { sent_ns, answered_ns })
    }

    /// Holds each basket against its answers.
    pub(super) fn settle(&self, mut each: impl FnMut(Ticket, Settled)) {
        for basket in &self.baskets {
            each(basket.reservation, basket.settle());
        }
    }
}

impl Basket {
    fn settle(&self) -> Settled {
        let mut settled = Settled::default();
        let lines = || self.lines.iter().zip(&self.sums);
        let held = |(_, sum): (&Line, &LineSum)| sum.reserved > sum.released;
        let was_released = self.done & 1 << Verb::Release as u16 != 0;
        let is_granted = self.happened(Verb::Reserve, held, &mut settled) || was_released;
        let is_short = lines().any(|(line, sum)| sum.reserved < units(line));
        if is_granted && is_short {
            settled.is_lost = true;
            settled.wrong = Some("it was not granted on each of its keys".to_owned());
        }
        if is_granted {
            let cause = Cause::Verb(Verb::Reserve);
            settled.moved.extend(lines().map(|(line, _)| (line.key, cause, units(line))));
        }
        for verb in STEPS {
            let moved = |(line, sum): (&Line, &LineSum)| {
                let withdrawn = sum.reserved - if is_granted { units(line) } else { 0 };
                match verb {
                    Verb::Commit => sum.committed,
                    Verb::Fulfil => sum.fulfilled,
                    Verb::Release => sum.released - withdrawn,
                    Verb::Cancel => sum.cancelled,
                    _ => sum.returned,
                }
            };
            if self.happened(verb, |line| moved(line) > 0, &mut settled) {
                let cause = Cause::Verb(verb);
                settled.moved.extend(lines().map(|(line, _)| (line.key, cause, units(line))));
            }
            let due = i64::from(self.carried(verb, &settled));
            let differing = lines().find(|&(line, sum)| moved((line, sum)) != due * units(line));
            if let Some((line, sum)) = differing
                && settled.wrong.is_none()
            {
                settled.wrong = Some(format!(
                    "{}: {due} times {} units by its answers, its events on this line come to {sum:?}",
                    verb.name(),
                    line.quantity
                ));
            }
        }
        settled
    }

    /// Whether an operation was carried out: by its answer, or, where none is known, by the books.
    fn happened(
        &self,
        verb: Verb,
        moved: impl FnMut((&Line, &LineSum)) -> bool,
        settled: &mut Settled,
    ) -> bool {
        let bit = 1 << verb as u16;
        if self.done & bit != 0 {
            return true;
        }
        let happened = self.unknown & bit != 0 && self.lines.iter().zip(&self.sums).any(moved);
        settled.unknown_happened += u64::from(happened);
        happened
    }

    fn carried(&self, verb: Verb, settled: &Settled) -> bool {
        settled.moved.iter().any(|&(_, cause, _)| cause == Cause::Verb(verb))
            || self.done & 1 << verb as u16 != 0
    }
}

fn units(line: &Line) -> i64 {
    i64::from(line.quantity)
}
