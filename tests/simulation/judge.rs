//! Holds every answer against the book: what was told must have happened, and what was refused must have had a reason.

use std::collections::BTreeMap;

use saldo::actor::call::{Answer, Call, Outcome};
use saldo::engine::{FrameOp, FrameReply};
use saldo_ledger::{Change, Level, Refusal, RefusalCode, ReservationView, StockKey};
use saldo_loadtest::history::log::Span;
use saldo_loadtest::history::witness::{Observation, Seen};

use super::asked::{Answered, Attempt, Calls, What};
use super::book::cart::State;
use super::book::{Book, fold};
use super::broken::{Broken, Held};
use super::matches::{all_listed, check_grant, is_of, is_told, movements};
use super::refusals::{self, Moment};

/// What was asked and answered so far, and what it tells of each key.
#[derive(Default)]
pub struct Judge {
    pub calls: Calls,
    /// Reads and refusals by key.
    pub seen: BTreeMap<StockKey, Vec<Observation>>,
}

/// An answer with all that it is judged by.
pub struct Heard<'a> {
    pub book: &'a Book,
    pub attempt: &'a Attempt,
    pub tick: u64,
    pub moment: &'a Moment,
}

impl Heard<'_> {
    fn span(&self) -> Span {
        Span { sent_ns: self.attempt.sent, answered_ns: self.tick }
    }
}

impl Judge {
    /// Takes in an event that has become durable: whose call it was, and whether a basket got what it asked for.
    pub fn happened(&mut self, book: &Book, sequence: u64) -> Held {
        let Some(happened) = book.event(sequence) else { return Ok(()) };
        let Some(call) = self.calls.happened(sequence, &happened.event) else { return Ok(()) };
        if self.calls.asked[call].is_shared {
            return Ok(());
        }
        let asked = match &self.calls.asked[call].what {
            What::Call(Call::Reserve { lines, mode, .. } | Call::AddLines { lines, mode, .. }) => {
                (lines.iter().map(|line| u64::from(line.1)).sum::<u64>(), *mode)
            }
            _ => return Ok(()),
        };
        match &happened.event.change {
            Change::Reserved { id, .. } | Change::Added { id, .. } | Change::Granted { id, .. } => {
                check_grant(sequence, book.carts.get(id), asked)
            }
            _ => Ok(()),
        }
    }

    /// Judges an answer.
    pub fn answered(&mut self, heard: &Heard<'_>, answered: &Answered) -> Held {
        let what = self.calls.asked[heard.attempt.call].what.clone();
        match answered {
            Answered::Call(Ok(answer)) => self.done(heard, &what, answer),
            Answered::Command(reply) => self.replied(heard, &what, *reply),
            Answered::Level(Ok(level)) => self.level(heard, level),
            Answered::Placed(Ok(placed)) => {
                for placed in placed {
                    let known = heard.book.keys.get(&placed.level.key);
                    let at = known.and_then(|it| it.at(placed.level.version));
                    if at.is_none_or(|(sequence, _)| sequence != placed.place) {
                        return Err(Broken::new(
                            "P5",
                            format!("{placed:?} is in the book at {at:?}"),
                        ));
                    }
                    self.level(heard, &placed.level)?;
                }
                let keys: Vec<_> = placed.iter().map(|placed| &placed.level.key).collect();
                all_listed(heard, &what, &keys)
            }
            Answered::Reservation(Ok(view)) => self.view(heard, view, None),
            Answered::Reservations(Ok(page)) => {
                page.items.iter().try_for_each(|view| self.view(heard, view, None))
            }
            Answered::Movements(Ok(page)) => movements(heard, &what, &page.items),
            Answered::Call(Err(refusal))
            | Answered::Level(Err(refusal))
            | Answered::Placed(Err(refusal))
            | Answered::Reservation(Err(refusal))
            | Answered::Reservations(Err(refusal))
            | Answered::Movements(Err(refusal)) => self.refused(heard, &what, refusal),
        }
    }

    fn done(&mut self, heard: &Heard<'_>, what: &What, answer: &Answer) -> Held {
        match &answer.outcome {
            Outcome::Level(level) => {
                if !answer.replayed {
                    self.wrote(heard, what, &level.key, level.version)?;
                }
                self.told(heard, answer.replayed)?;
                self.level(heard, level)
            }
            Outcome::Levels(levels) => {
                self.told(heard, answer.replayed)?;
                levels.iter().try_for_each(|level| self.level(heard, level))
            }
            Outcome::Reservation(view) => {
                let call = heard.attempt.call;
                let asked = &self.calls.asked[call];
                let is_new = asked.effects.is_empty() && !asked.is_shared;
                if is_new && matches!(what, What::Call(Call::Reserve { .. })) {
                    let made = heard.book.carts.get(&view.id).and_then(|cart| cart.past.first());
                    let Some(made) = made else {
                        return Err(Broken::new(
                            "P2",
                            format!("{view:?} was told and is not in the journal"),
                        ));
                    };
                    if self.calls.of_event.contains_key(&made.sequence) {
                        return Err(Broken::new("P4", format!("{view:?} was another call's")));
                    }
                    self.calls.has_effect(call, made.sequence);
                }
                self.told(heard, answer.replayed)?;
                let effect = self.calls.asked[call].effects.last().map(|effect| effect.sequence);
                self.view(heard, view, effect)
            }
        }
    }

    /// A change of one key was told to have made this version: it is in the journal, and it is this call's.
    fn wrote(&mut self, heard: &Heard<'_>, what: &What, key: &StockKey, version: u64) -> Held {
        let at = heard.book.keys.get(key).and_then(|it| it.at(version));
        let happened = at.and_then(|(sequence, _)| Some((sequence, heard.book.event(sequence)?)));
        let Some((sequence, happened)) = happened else {
            return Err(Broken::new(
                "P2",
                format!(
                    "{what:?} was told to be version {version} of {key}, which is not in the journal"
                ),
            ));
        };
        if !is_of(what, happened, heard.book) {
            return Err(Broken::new(
                "P2",
                format!(
                    "{what:?} was told to be version {version} of {key}, which is {happened:?}"
                ),
            ));
        }
        match self.calls.of_event.get(&sequence) {
            _ if self.calls.asked[heard.attempt.call].is_shared => {}
            Some(call) if *call == heard.attempt.call => {}
            None if self.calls.asked[heard.attempt.call].once.is_none() => {
                self.calls.has_effect(heard.attempt.call, sequence);
            }
            other => {
                let other = other.map(|call| &self.calls.asked[*call]);
                return Err(Broken::new(
                    "P4",
                    format!("{what:?} was told to be event {sequence}, which is of {other:?}"),
                ));
            }
        }
        Ok(())
    }

    /// The effect of a call was told.
    fn told(&mut self, heard: &Heard<'_>, replayed: bool) -> Held {
        let asked = &mut self.calls.asked[heard.attempt.call];
        let named = asked.is_named();
        if asked.is_shared {
            return Ok(());
        }
        match asked.effects.last_mut() {
            Some(effect) => {
                if !replayed && effect.sequence <= heard.attempt.known && named {
                    return Err(Broken::new(
                        "P4",
                        format!("{asked:?} was told to be new, and was durable before it was sent"),
                    ));
                }
                effect.told.get_or_insert(heard.tick);
                Ok(())
            }
            None if named => Err(Broken::new(
                "P2",
                format!("{asked:?} was told to be done and is not in the journal"),
            )),
            None => Ok(()),
        }
    }

    fn replied(&mut self, heard: &Heard<'_>, what: &What, reply: FrameReply) -> Held {
        let What::Command(command) = what else { return Ok(()) };
        let (version, available, replayed) = match reply {
            FrameReply::Done { version, available, replayed, .. } => (version, available, replayed),
            FrameReply::Refused { code, available } => {
                let requested = u64::from(command.quantity.unwrap_or(0));
                let refusal = Refusal {
                    code,
                    requested,
                    available: available.unwrap_or(0),
                    lines: Vec::new(),
                };
                return self.refused(heard, what, &refusal);
            }
        };
        if !replayed {
            self.wrote(heard, what, &command.key, version)?;
        }
        self.told(heard, replayed)?;
        let at = heard.book.keys.get(&command.key).and_then(|it| it.at(version));
        if at.is_none_or(|(_, balances)| fold::available(&balances) != available) {
            return Err(Broken::new(
                "P5",
                format!("{command:?} was answered {reply:?}, the book has {at:?}"),
            ));
        }
        let seen = at.map(|(_, balances)| fold::available(&balances) + balances.oversell_limit);
        if command.op != FrameOp::Reserve || replayed {
            self.see(heard, &command.key, Seen::State { version: Some(version), available: seen });
        }
        Ok(())
    }

    fn level(&mut self, heard: &Heard<'_>, level: &Level) -> Held {
        let at = heard.book.keys.get(&level.key).and_then(|it| it.at(level.version));
        let known = at.filter(|(sequence, balances)| {
            *balances == level.balances
                && heard.book.event(*sequence).is_some_and(|it| it.event.at == level.as_of)
        });
        let Some((_, balances)) = known else {
            return Err(Broken::new("P5", format!("{level:?} was told, the book has {at:?}")));
        };
        let available = Some(fold::available(&balances) + balances.oversell_limit);
        self.see(heard, &level.key, Seen::State { version: Some(level.version), available });
        Ok(())
    }

    fn see(&mut self, heard: &Heard<'_>, key: &StockKey, seen: Seen) {
        let place = heard.attempt.call as u64;
        let observation = Observation { span: heard.span(), seen, place };
        self.seen.entry(key.clone()).or_default().push(observation);
    }

    /// A reservation was told: it was like this, not before what was durable when it was asked for.
    fn view(&self, heard: &Heard<'_>, view: &ReservationView, effect: Option<u64>) -> Held {
        let Some(cart) = heard.book.carts.get(&view.id) else {
            return Err(Broken::new("P2", format!("{view:?} was told and is not in the journal")));
        };
        let from = refusals::first_state(cart, heard.attempt.known.max(effect.unwrap_or(0)));
        let fits = |state: &State| is_told(view, state, heard.book, heard.moment.now);
        if cart.past[from..].iter().any(fits) {
            return Ok(());
        }
        let states = &cart.past[from..];
        Err(Broken::new(
            "P3",
            format!("{view:?} was told, and what it can have been is {states:?}"),
        ))
    }

    fn refused(&mut self, heard: &Heard<'_>, what: &What, refusal: &Refusal) -> Held {
        let asked = &self.calls.asked[heard.attempt.call];
        refusals::check(heard, asked, refusal)?;
        if refusal.code != RefusalCode::InsufficientStock {
            return Ok(());
        }
        if refusal.lines.is_empty() {
            let Some(key) = what.key().cloned() else {
                return Err(Broken::new("P7", format!("{what:?}: {refusal:?} names no line")));
            };
            let asked = match what {
                What::Call(Call::Sell { quantity, .. }) => u64::from(*quantity),
                _ => refusal.requested,
            };
            self.short(heard, &key, asked, refusal.available);
        }
        for line in &refusal.lines {
            if line.code == RefusalCode::InsufficientStock {
                self.short(heard, &line.key, line.requested, line.available);
            }
        }
        Ok(())
    }

    fn short(&mut self, heard: &Heard<'_>, key: &StockKey, asked: u64, available: i64) {
        let asked = i64::try_from(asked).unwrap_or(i64::MAX);
        let available = (!heard.moment.oversells).then_some(available);
        self.see(heard, key, Seen::Short { asked, available });
    }
}
