//! The audit of targets that keep no books of events: what is left of each key and what was reserved, held against the
//! answers.

use std::collections::HashMap;

use crate::audit::Run;
use crate::audit::findings::{Fault, Findings};
use crate::audit::story;
use crate::measure::figures::AuditFigures;
use crate::workload::names::Ticket;
use crate::workload::op::{KeyIndex, Line, Verb};
use crate::workload::outcome::Verdict;

/// What the target has of one key at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyTotals {
    /// Which key.
    pub key: KeyIndex,
    /// Units that it opened with, as the target remembers.
    pub opening: i64,
    /// Units that can still be had.
    pub left: i64,
    /// Reservations that are stored.
    pub reservations: u64,
    /// Units of them together.
    pub units: i64,
}

/// Totals to be held against a run that only reserves.
#[derive(Clone, Copy, Debug)]
pub struct TotalsAudit<'a> {
    /// What was asked and answered.
    pub run: Run<'a>,
    /// What the target has, each key at most once.
    pub totals: &'a [KeyTotals],
}

/// What the answers say of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Answered {
    reservations: u64,
    units: i64,
    unknown: u64,
    unknown_units: i64,
    was_short: bool,
    /// The fewest units that anyone asked for.
    asked_min: Option<u32>,
}

impl TotalsAudit<'_> {
    /// Audits.
    #[must_use]
    pub fn audit(&self) -> AuditFigures {
        let answered = self.answered();
        let mut totals: Vec<Option<&KeyTotals>> = vec![None; answered.len()];
        let mut findings = Findings::default();
        for told in self.totals {
            match totals.get_mut(told.key as usize) {
                Some(place @ None) => *place = Some(told),
                _ => {
                    findings.add(Fault::Disagreement, 1, || format!("no or not one key: {told:?}"))
                }
            }
        }
        for ((key, answered), told) in (0..).zip(&answered).zip(totals) {
            match told {
                Some(told) => self.compare(&mut findings, key, answered, told),
                None => findings.add(Fault::Lost, answered.reservations, || {
                    format!("{}: the target has no such key", story::key(self.run.names, key))
                }),
            }
        }
        let mut figures = findings.figures;
        figures.keys = u64::try_from(answered.len()).unwrap_or(u64::MAX);
        figures.operations = self.run.logs.iter().map(|log| log.operations()).sum();
        figures
    }

    fn answered(&self) -> Vec<Answered> {
        let mut all = vec![Answered::default(); self.run.names.stocks().len()];
        for log in self.run.logs {
            let baskets: HashMap<Ticket, &[Line]> =
                log.baskets.iter().map(|(name, lines)| (*name, &**lines)).collect();
            let reserves = log.entries.iter().filter(|entry| entry.verb == Verb::Reserve);
            for entry in reserves {
                let one = [Line { key: entry.key, quantity: entry.quantity }];
                let lines = baskets.get(&entry.reservation).copied().unwrap_or(&one);
                for line in lines {
                    let Some(answered) = all.get_mut(line.key as usize) else { continue };
                    let count = u64::from(entry.count);
                    let units = i64::from(entry.count) * i64::from(line.quantity);
                    let least = answered.asked_min.unwrap_or(u32::MAX);
                    answered.asked_min = Some(line.quantity.min(least));
                    match entry.verdict {
                        Verdict::Done | Verdict::Replayed => {
                            answered.reservations += count;
                            answered.units += units;
                        }
                        Verdict::Unknown => {
                            answered.unknown += count;
                            answered.unknown_units += units;
                        }
                        Verdict::Refused(_) => {
                            answered.was_short |= entry.is_sold_out() && !entry.is_basket;
                        }
                    }
                }
            }
        }
        all
    }

    fn compare(
        &self,
        findings: &mut Findings,
        key: KeyIndex,
        answered: &Answered,
        told: &KeyTotals,
    ) {
        let name = || format!("{}: {told:?}, {answered:?}", story::key(self.run.names, key));
        let opening = self.run.opening.get(key as usize).copied().map_or(0, i64::from);
        findings.add(Fault::Drift, opening.abs_diff(told.opening), || {
            format!("it opened with {opening}: {}", name())
        });
        let granted = answered.units.max(told.units);
        let too_many = u64::try_from(granted - opening).unwrap_or(0);
        findings.add(Fault::Oversold, too_many, || {
            format!("{granted} units were granted of {opening}: {}", name())
        });
        findings.add(Fault::Drift, (opening - told.units).abs_diff(told.left), || {
            format!("what is left and what is reserved are not what it opened with: {}", name())
        });
        let missing = answered.reservations.saturating_sub(told.reservations);
        findings.add(Fault::Lost, missing, || {
            format!("{missing} granted reservations are not stored: {}", name())
        });
        let more = told.reservations.saturating_sub(answered.reservations);
        findings.add(Fault::Disagreement, more.saturating_sub(answered.unknown), || {
            format!("more reservations are stored than were granted: {}", name())
        });
        findings.figures.unknown_happened += more.min(answered.unknown);
        let units_more = told.units - answered.units;
        let apart = if units_more < 0 {
            units_more.unsigned_abs()
        } else {
            u64::try_from(units_more - answered.unknown_units).unwrap_or(0)
        };
        findings.add(Fault::Drift, apart, || {
            format!("stored and answered units differ by {apart}: {}", name())
        });
        let least = answered.asked_min.map_or(0, i64::from).max(1);
        let left_over = self.run.expected.sells_out && answered.was_short && told.left >= least;
        findings.add(
            Fault::Undersold,
            if left_over { told.left.unsigned_abs() } else { 0 },
            || format!("units are left although some were refused: {}", name()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::log::{ClientLog, Span};
    use crate::workload::names::Names;
    use crate::workload::op::Op;
    use crate::workload::outcome::Outcome;
    use crate::workload::script::Expected;
    use saldo_protocol::Code;

    const GRANTED: Verdict = Verdict::Done;
    const SOLD_OUT: Verdict = Verdict::Refused(Code::InsufficientStock);

    /// Audits a key that opened with 2 units, after reserves of 1 with these ends.
    fn audited(ends: &[Verdict], left: i64, reservations: u64, units: i64) -> AuditFigures {
        let mut log = ClientLog::default();
        for (number, &end) in (0..).zip(ends) {
            let op = Op::reserve(Ticket::new(0, number), 0, 1, 0);
            let span = Span { sent_ns: 2 * number, answered_ns: 2 * number + 1 };
            log.add(span, &[op], &[Outcome::plain(end)]);
        }
        let names = Names::new(1, 1, 1);
        let expected = Expected { sells_out: true };
        let run = Run { names: &names, opening: &[2], logs: &[log], expected };
        let totals = [KeyTotals { key: 0, opening: 2, left, reservations, units }];
        TotalsAudit { run, totals: &totals }.audit()
    }

    #[test]
    fn sold_to_the_last_unit_is_clean() {
        let figures = audited(&[GRANTED, GRANTED, SOLD_OUT], 0, 2, 2);
        assert!(figures.is_clean(), "{figures:?}");
        let figures = audited(&[GRANTED, Verdict::Unknown, SOLD_OUT], 0, 2, 2);
        assert!(figures.is_clean() && figures.unknown_happened == 1, "{figures:?}");
        let figures = audited(&[GRANTED, Verdict::Unknown], 1, 1, 1);
        assert!(figures.is_clean() && figures.unknown_happened == 0, "{figures:?}");
    }

    #[test]
    fn every_difference_is_counted() {
        assert_eq!(audited(&[GRANTED; 3], -1, 3, 3).oversold, 1);
        assert_eq!(audited(&[GRANTED; 3], 0, 2, 2).oversold, 1, "by the answers alone");
        assert_eq!(audited(&[GRANTED, SOLD_OUT], 1, 1, 1).undersold, 1);
        assert_eq!(audited(&[GRANTED, GRANTED], 1, 1, 1).lost, 1);
        assert_eq!(audited(&[GRANTED], 0, 2, 2).disagreements, 1);
        assert_eq!(audited(&[GRANTED], 0, 1, 1).drift, 1);
        assert_eq!(audited(&[GRANTED], 0, 1, 2).drift, 1);
        assert_eq!(audited(&[GRANTED, GRANTED], 0, 2, 1).drift, 2, "left, and units");
    }
}
