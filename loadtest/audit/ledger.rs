//! The audit's own ledger: takes the books event by event, finds the operation behind each event, and keeps what the
//! end of the audit needs.

use saldo_protocol::Level;
use saldo_protocol::binary::MovementRecord;
use uuid::Uuid;

use crate::audit::Run;
use crate::audit::baskets::Baskets;
use crate::audit::chain::Chain;
use crate::audit::facts::Facts;
use crate::audit::findings::{Fault, Findings};
use crate::audit::index::{LogIndex, Place};
use crate::audit::keys::Keys;
use crate::audit::sample::Sample;
use crate::audit::story;
use crate::audit::units::{Cause, cause};
use crate::history::log::Span;
use crate::workload::names::Ticket;
use crate::workload::op::{KeyIndex, Verb};
use crate::workload::outcome::{NOT_TOLD, Verdict};

/// When opening stock came in.
const BEFORE_THE_RUN: Span = Span { sent_ns: 0, answered_ns: 0 };

/// An audit under way.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    pub(super) run: Run<'a>,
    pub(super) index: LogIndex<'a>,
    pub(super) chains: Vec<Chain>,
    pub(super) facts: Vec<Facts>,
    /// Units of each key's opening that may still be found as events without an operation.
    opening_left: Vec<i64>,
    pub(super) baskets: Baskets,
    pub(super) sample: Sample,
    pub(super) findings: Findings,
    /// Versions that were answered for events that have another one.
    pub(super) claims: Vec<(KeyIndex, u64, Span)>,
    keys: Keys<'a>,
    /// Keys whose books are not read to their end.
    unread: usize,
    /// Versions of all keys together, and those read.
    total: u64,
    read: u64,
}

/// How well an operation fits an event, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It was refused.
    Refused,
    /// It was found already.
    Again,
    /// Of another key or quantity.
    Unlike,
    /// Its outcome is not known.
    Unknown,
    /// It was answered with another version.
    OtherVersion,
    /// Its version was not told.
    Untold,
    /// It is this one.
    Exact,
}

impl<'a> Ledger<'a> {
    /// `levels`: where the books of each key end; none where the key does not exist.
    pub(super) fn new(run: Run<'a>, levels: Vec<Option<Level>>, seed: u64) -> Self {
        let index = LogIndex::new(run.logs);
        let chains: Vec<Chain> = levels.into_iter().map(Chain::new).collect();
        let total = chains.iter().map(Chain::end).sum();
        Self {
            facts: Facts::of(&index, chains.len()),
            opening_left: run.opening.iter().map(|&units| i64::from(units)).collect(),
            baskets: Baskets::of(&index),
            sample: Sample::choose(&index, seed),
            findings: Findings::default(),
            claims: Vec::new(),
            keys: Keys::new(run.names),
            unread: chains.iter().filter(|chain| chain.end() > 0).count(),
            total,
            read: 0,
            run,
            index,
            chains,
        }
    }

    /// Whether the books of every key are read to their end.
    pub(super) const fn is_read(&self) -> bool {
        self.unread == 0
    }

    /// Versions read, and of how many.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.read.min(self.total), self.total)
    }

    /// Takes the next event of the books.
    pub(super) fn take(&mut self, event: &MovementRecord<'_>) {
        let Some(key) = self.keys.find(event.sku, event.location) else {
            let what = || format!("{} at {}: no key of this run", event.sku, event.location);
            self.findings.add(Fault::Disagreement, 1, what);
            return;
        };
        let chain = &mut self.chains[key as usize];
        if event.version > chain.end() {
            return;
        }
        if chain.version == 0 {
            self.opening_left[key as usize] -= event.before.on_hand;
        }
        let (findings, names) = (&mut self.findings, self.run.names);
        let mut first = None;
        chain.take(event, |(fault, count, sentence)| {
            findings.add(fault, count, || {
                let (key, event) = (story::key(names, key), story::event(names, event));
                format!("{key}, {event}: {sentence}")
            });
            first = Some(findings.figures.shown.len());
        });
        self.findings.figures.events += 1;
        self.read += 1;
        self.unread -= usize::from(event.version == chain.end());
        let place = self.attribute(key, event);
        // A fault of the books is told with the operations that were under way.
        if first.is_some()
            && let Some(place) = place
        {
            let around = story::around(self.run.logs, key, self.index.span(place));
            if let Some(last) = self.findings.figures.shown.last_mut() {
                last.push_str(&around);
            }
        }
    }

    /// Finds the operation behind an event.
    fn attribute(&mut self, key: KeyIndex, event: &MovementRecord<'_>) -> Option<Place> {
        let id = event.reservation_id.map(Uuid::from_bytes);
        let ticket = id.and_then(|id| self.run.names.ticket(id));
        let Some(cause) = cause(event) else {
            self.without_operation(key, event);
            return None;
        };
        let Some(ticket) = ticket else {
            return self.fact(key, event, cause, id.is_some());
        };
        self.sample.take(ticket, key, cause, event.quantity);
        if let Some(has_line) = self.baskets.take(ticket, key, cause, event.quantity) {
            if !has_line {
                self.wrong(Fault::Disagreement, key, event, None, "it is no line of its basket");
            }
            if let Some(span) = Baskets::span(&self.index, ticket, cause) {
                self.written(key, event.version, span);
            }
            return None;
        }
        let Cause::Verb(verb) = cause else { return None };
        let fit = self.fit(key, event, verb, ticket);
        self.settle(key, event, fit)
    }

    /// The operation that fits an event best.
    fn fit(
        &self,
        key: KeyIndex,
        event: &MovementRecord<'_>,
        verb: Verb,
        ticket: Ticket,
    ) -> Option<(Fit, Place)> {
        let mut best: Option<(Fit, Place)> = None;
        self.index.each(verb, ticket, |place| {
            let fit = self.fit_of(key, event, place);
            // Entries come from the last to the first: of equals the first one is taken.
            if best.is_none_or(|(other, _)| fit >= other) {
                best = Some((fit, place));
            }
        });
        best
    }

    fn fit_of(&self, key: KeyIndex, event: &MovementRecord<'_>, place: Place) -> Fit {
        let entry = self.index.entry(place);
        let quantity = if entry.verb == Verb::Extend { 0 } else { i64::from(entry.quantity) };
        match entry.verdict {
            Verdict::Refused(_) => Fit::Refused,
            _ if self.index.is_found(place) => Fit::Again,
            _ if entry.key != key || quantity != event.quantity => Fit::Unlike,
            Verdict::Unknown => Fit::Unknown,
            Verdict::Replayed => Fit::Untold,
            Verdict::Done => match entry.version_of(place.i) {
                0 => Fit::Untold,
                version if version == event.version => Fit::Exact,
                _ => Fit::OtherVersion,
            },
        }
    }

    /// Books an event to its operation.
    fn settle(
        &mut self,
        key: KeyIndex,
        event: &MovementRecord<'_>,
        fit: Option<(Fit, Place)>,
    ) -> Option<Place> {
        let Some((fit, place)) = fit else {
            self.wrong(Fault::Disagreement, key, event, None, "nobody asked for it");
            return None;
        };
        let entry = self.index.entry(place);
        let span = self.index.span(place);
        let fault = if entry.is_grant() { Fault::Lost } else { Fault::Disagreement };
        match fit {
            Fit::Refused => {
                self.wrong(Fault::Disagreement, key, event, Some(place), "it was refused");
                return Some(place);
            }
            Fit::Again => {
                let text = "it has happened before";
                self.wrong(Fault::Disagreement, key, event, Some(place), text);
                return Some(place);
            }
            Fit::Unlike => {
                self.wrong(fault, key, event, Some(place), "it was answered otherwise");
            }
            Fit::Unknown => {
                self.findings.figures.unknown_happened += 1;
            }
            Fit::OtherVersion => {
                self.wrong(fault, key, event, Some(place), "it was answered with another version");
                self.claims.push((key, entry.version_of(place.i), span));
            }
            Fit::Untold | Fit::Exact => {}
        }
        self.index.find(place);
        match entry.verdict {
            // It may have happened under an earlier attempt.
            Verdict::Replayed => {
                self.written(key, event.version, Span { sent_ns: 0, ..span });
            }
            Verdict::Unknown => {
                self.written(key, event.version, Span { answered_ns: u64::MAX, ..span });
            }
            _ if fit == Fit::OtherVersion => {}
            _ => {
                self.written(key, event.version, span);
                let available = entry.available_of(place.i);
                if available != NOT_TOLD && available != event.after.available {
                    let text = "it was answered with another available";
                    self.wrong(fault, key, event, Some(place), text);
                }
            }
        }
        Some(place)
    }

    /// An event without a reservation of this run.
    fn fact(
        &mut self,
        key: KeyIndex,
        event: &MovementRecord<'_>,
        cause: Cause,
        is_foreign: bool,
    ) -> Option<Place> {
        let verb = match cause {
            Cause::Verb(verb @ (Verb::Receive | Verb::Sell)) if !is_foreign => verb,
            _ => {
                self.wrong(
                    Fault::Disagreement,
                    key,
                    event,
                    None,
                    "its reservation is not of this run",
                );
                return None;
            }
        };
        let facts = &mut self.facts[key as usize];
        let Some(place) = facts.operation(&self.index, event.version, verb, event.quantity) else {
            self.without_operation(key, event);
            return None;
        };
        let fit = self.fit_of(key, event, place);
        self.settle(key, event, Some((fit, place)))
    }

    /// Goods that came in before the run are its opening stock; nothing else happens by itself.
    fn without_operation(&mut self, key: KeyIndex, event: &MovementRecord<'_>) {
        let came_in = event.after.on_hand - event.before.on_hand;
        let left = &mut self.opening_left[key as usize];
        if came_in > 0 && came_in <= *left {
            *left -= came_in;
            self.written(key, event.version, BEFORE_THE_RUN);
        } else {
            self.wrong(Fault::Disagreement, key, event, None, "nobody asked for it");
        }
    }

    /// Says who made a version; two of one are what no order explains.
    pub(super) fn written(&mut self, key: KeyIndex, version: u64, span: Span) {
        let chain = &mut self.chains[key as usize];
        let Some(history) = &mut chain.history else { return };
        if !history.write(version, span) {
            let (names, logs) = (self.run.names, self.run.logs);
            self.findings.add(Fault::NotLinearizable, 1, || {
                let key_name = story::key(names, key);
                let around = story::around(logs, key, span);
                format!(
                    "{key_name}: version {version} was answered, {}, but it is another operation's, or there is no \
                     such version{around}",
                    story::span(span)
                )
            });
        }
    }

    fn wrong(
        &mut self,
        fault: Fault,
        key: KeyIndex,
        event: &MovementRecord<'_>,
        place: Option<Place>,
        what: &str,
    ) {
        let (names, logs, index) = (self.run.names, self.run.logs, &self.index);
        self.findings.add(fault, 1, || {
            let mut text =
                format!("{}, {}: {what}", story::key(names, key), story::event(names, event));
            if let Some(place) = place {
                text = text + ". Asked and answered: " + &story::operation(logs, place);
                text += &story::around(logs, key, index.span(place));
            }
            text
        });
    }
}
