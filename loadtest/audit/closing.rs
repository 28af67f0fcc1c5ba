//! The end of an audit, when all books are read: what was answered and not found, the model of the balances against
//! the books, oversold and undersold, and the witness check of each key.

use std::time::Duration;

use crate::audit::findings::Fault;
use crate::audit::index::Place;
use crate::audit::ledger::Ledger;
use crate::audit::story;
use crate::audit::units::{Cause, Units};
use crate::history::log::{Entry, Span};
use crate::history::witness::{Observation, Seen, Violation};
use crate::measure::figures::AuditFigures;
use crate::workload::op::{KeyIndex, Verb};
use crate::workload::outcome::{NOT_TOLD, Verdict};

/// What the answers say of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Model {
    units: Units,
    /// Units that reserves and sales were granted.
    granted: i64,
    /// The fewest units that anyone asked for; 0 where nobody did.
    asked_min: u32,
    /// Whether anyone alone on this key was refused for want of stock.
    was_short: bool,
}

impl Ledger<'_> {
    /// Ends the audit.
    pub(super) fn finish(mut self, took: Duration) -> AuditFigures {
        self.unfound();
        let mut models = self.models();
        self.settle_baskets(&mut models);
        for (key, model) in (0..).zip(models) {
            self.compare(key, &model);
        }
        for (key, version, span) in std::mem::take(&mut self.claims) {
            self.written(key, version, span);
        }
        self.witness();
        let figures = &mut self.findings.figures;
        figures.keys = self.chains.len() as u64;
        figures.operations = self.run.logs.iter().map(|log| log.operations()).sum();
        figures.seconds = took.as_secs_f64();
        self.findings.figures
    }

    /// What was answered as carried out must be in the books.
    fn unfound(&mut self) {
        let changes = self.index.entries().filter(|(_, entry)| {
            entry.verdict.is_done() && entry.verb != Verb::Read && !entry.is_basket
        });
        for (first, entry) in changes {
            for place in (0..entry.count).map(|i| Place { i, ..first }) {
                if !self.index.is_found(place) {
                    self.lost(place, entry);
                }
            }
        }
    }

    fn lost(&mut self, place: Place, entry: &Entry) {
        let promises = matches!(entry.verb, Verb::Reserve | Verb::Sell);
        let fault = if promises { Fault::Lost } else { Fault::Disagreement };
        let (names, logs, span) = (self.run.names, self.run.logs, self.index.span(place));
        self.findings.add(fault, 1, || {
            let key = story::key(names, entry.key);
            let operation = story::operation(logs, place);
            let around = story::around(logs, entry.key, span);
            format!("{key}: the books have no event of what was answered: {operation}{around}")
        });
        if entry.verdict == Verdict::Done && entry.version > 0 {
            self.claims.push((entry.key, entry.version_of(place.i), span));
        }
    }

    /// Opening stock and what was answered, unknown outcomes as they were found.
    fn models(&self) -> Vec<Model> {
        let opening = self.run.opening.iter().chain(std::iter::repeat(&0));
        let mut models: Vec<Model> = opening
            .take(self.chains.len())
            .map(|&units| Model {
                units: Units { on_hand: i64::from(units), ..Units::default() },
                ..Model::default()
            })
            .collect();
        for (place, entry) in self.index.entries() {
            let Some(model) = models.get_mut(entry.key as usize) else { continue };
            if entry.is_basket || entry.verb == Verb::Read {
                continue;
            }
            let promises = matches!(entry.verb, Verb::Reserve | Verb::Sell);
            if promises {
                let other = if model.asked_min == 0 { u32::MAX } else { model.asked_min };
                model.asked_min = entry.quantity.min(other);
                model.was_short |= entry.is_sold_out();
            }
            let happened = match entry.verdict {
                Verdict::Done | Verdict::Replayed => u64::from(entry.count),
                Verdict::Refused(_) => 0,
                Verdict::Unknown => {
                    let places = (0..entry.count).map(|i| Place { i, ..place });
                    places.map(|place| u64::from(self.index.is_found(place))).sum()
                }
            };
            let units = i64::try_from(happened * u64::from(entry.quantity)).unwrap_or(i64::MAX);
            model.units = model.units.after(Cause::Verb(entry.verb), units);
            model.granted += if promises { units } else { 0 };
        }
        models
    }

    fn settle_baskets(&mut self, models: &mut [Model]) {
        let (findings, names) = (&mut self.findings, self.run.names);
        self.baskets.settle(|reservation, settled| {
            for (key, cause, quantity) in settled.moved {
                let Some(model) = models.get_mut(key as usize) else { continue };
                model.units = model.units.after(cause, quantity);
                model.granted += if cause == Cause::Verb(Verb::Reserve) { quantity } else { 0 };
            }
            findings.figures.unknown_happened += settled.unknown_happened;
            let fault = if settled.is_lost { Fault::Lost } else { Fault::Disagreement };
            if let Some(wrong) = settled.wrong {
                findings.add(fault, 1, || {
                    let (id, client) = (names.reservation(reservation), reservation.client());
                    let number = reservation.number();
                    format!("basket {id} (operation {number} of client {client}): {wrong}")
                });
            }
        });
    }

    /// The model against the books of a key.
    fn compare(&mut self, key: KeyIndex, model: &Model) {
        let chain = &self.chains[key as usize];
        let findings = &mut self.findings;
        let name = || story::key(self.run.names, key);
        let opening = self.run.opening.get(key as usize).copied().map_or(0, i64::from);
        chain.finish(|(fault, count, sentence)| {
            findings.add(fault, count, || format!("{}: {sentence}", name()));
        });
        let model_units = model.units.after(Cause::Expiry, chain.expired);
        let books = match chain.level() {
            Some(_) => Units::of(&chain.balances),
            None => Units::default(),
        };
        let drift = model_units.difference(books);
        findings.add(Fault::Drift, drift, || {
            format!("{}: by its answers it has {model_units:?}, by its books {books:?}", name())
        });
        // What was promised by answers, whatever the books say of it.
        let received = chain.came_back - if chain.begin.on_hand == 0 { opening } else { 0 };
        let too_many = model.granted - (opening + received.max(0));
        let more = u64::try_from(too_many).unwrap_or(0).saturating_sub(chain.oversold);
        findings.add(Fault::Oversold, more, || {
            format!(
                "{}: {} units were granted, but it opened with {opening} and got back {received}",
                name(),
                model.granted
            )
        });
        let left = chain.balances.available;
        let expects_none = self.run.expected.sells_out && model.was_short && received <= 0;
        let undersold = expects_none && left >= i64::from(model.asked_min) && left > 0;
        findings.add(Fault::Undersold, if undersold { left.unsigned_abs() } else { 0 }, || {
            format!(
                "{}: {left} units are left, but {} and more were refused",
                name(),
                model.asked_min
            )
        });
    }

    /// Looks for an order of the operations that explains each key's answers.
    fn witness(&mut self) {
        let mut observations: Vec<Vec<Observation>> =
            (0..self.chains.len()).map(|_| Vec::new()).collect();
        for (place, entry) in self.index.entries() {
            if let Some(of_key) = observations.get_mut(entry.key as usize)
                && let Some(seen) = seen(entry)
            {
                let place_number = u64::from(place.client) << 32 | u64::from(place.entry);
                let span = self.index.span(place);
                of_key.push(Observation { span, seen, place: place_number });
            }
        }
        let (names, logs) = (self.run.names, self.run.logs);
        for (key, mut observations) in (0..).zip(observations) {
            let Some(history) = self.chains[key as usize].history.take() else { continue };
            let linearity = history.check(&mut observations);
            let unkept = linearity.violations - linearity.kept.len() as u64;
            self.findings.figures.not_linearizable += unkept;
            for violation in linearity.kept {
                self.findings.add(Fault::NotLinearizable, 1, || {
                    let (sentence, times) = told(logs, &violation);
                    let around = story::around(logs, key, times);
                    format!("{}: {sentence}{around}", story::key(names, key))
                });
            }
        }
    }
}

/// What an answer says of the state that it saw; none where it says nothing, or of several keys at once.
fn seen(entry: &Entry) -> Option<Seen> {
    if entry.is_basket {
        return None;
    }
    let version = (entry.version > 0).then_some(entry.version);
    let available = (entry.available != NOT_TOLD).then_some(entry.available);
    match (entry.verdict, entry.verb) {
        (Verdict::Done, Verb::Read) => Some(Seen::State { version, available }),
        // A repeat is told the state as it is now.
        (Verdict::Replayed, _) if version.is_some() => Some(Seen::State { version, available }),
        (Verdict::Refused(_), Verb::Reserve | Verb::Sell) if entry.is_sold_out() => {
            Some(Seen::Short { asked: i64::from(entry.quantity), available })
        }
        _ => None,
    }
}

fn told(logs: &[crate::history::log::ClientLog], violation: &Violation) -> (String, Span) {
    match violation {
        Violation::Order { version, span, overtaken, overtaken_span } => {
            let (one, other) = (story::span(*span), story::span(*overtaken_span));
            let text = format!(
                "version {overtaken} ({other}) was answered before version {version} ({one}) was sent"
            );
            (text, *span)
        }
        Violation::Unseen { observation, lowest, highest, after } => {
            let mut text = format!(
                "no version from {lowest} to {highest} explains this answer: {}",
                story::observation(logs, observation)
            );
            if let Some(after) = after {
                text += ". Before it was sent, version ";
                text += &format!("{lowest} had been seen by: {}", story::observation(logs, after));
            }
            (text, observation.span)
        }
    }
}
