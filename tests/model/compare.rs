//! Answers and states of a subject beside the model's.

use saldo::actor::call::{Answer, CallResult, Outcome};
use saldo_ledger::{Level, LineRefusal, Refusal, RefusalCode, ReservationView, StockKey, Units};

use super::{About, Done, Figures, Line, Model, No, NoLine, Order};

/// By how much times of one call may differ, in microseconds: a call over several keys reads the clock several times.
const SAME_CALL_US: u64 = 1_000;

/// The model's view of a level's balances.
#[must_use]
pub fn figures_of(level: &Level) -> Figures {
    let balances = &level.balances;
    Figures {
        on_hand: balances.on_hand,
        reserved: balances.reserved,
        committed: balances.committed,
        damaged: balances.damaged,
        quality_control: balances.quality_control,
        safety_stock: balances.safety_stock,
        incoming: balances.incoming,
        oversell_limit: balances.oversell_limit,
    }
}

fn line_of(units: &Units) -> Line {
    Line {
        requested: u64::from(units.requested),
        held: u64::from(units.held),
        committed: u64::from(units.committed),
        fulfilled: u64::from(units.fulfilled),
        released: u64::from(units.released),
        expired: u64::from(units.expired),
        returned: u64::from(units.returned),
    }
}

fn differ(what: &str, told: &impl std::fmt::Debug, expected: &impl std::fmt::Debug) -> String {
    format!("{what}:\n  told     {told:?}\n  expected {expected:?}")
}

fn is_close(left: u64, right: u64) -> bool {
    left.abs_diff(right) <= SAME_CALL_US
}

impl Model {
    /// Compares an answer, and learns what the rules leave open: versions, and the microsecond.
    ///
    /// # Errors
    /// Where they differ, as sentences.
    pub fn compare_answer(
        &mut self,
        expected: &Result<Done, No>,
        told: &CallResult,
        now: u64,
    ) -> Result<(), String> {
        match (expected, told) {
            (Ok(done), Ok(answer)) => self.compare_done(done, answer, now),
            (Err(no), Err(refusal)) => compare_refusal(no, refusal),
            _ => Err(differ("answer", told, expected)),
        }
    }

    fn compare_done(&mut self, done: &Done, answer: &Answer, now: u64) -> Result<(), String> {
        if done.replayed != answer.replayed {
            return Err(differ("repeat", &answer.replayed, &done.replayed));
        }
        match (&done.about, &answer.outcome) {
            (About::Level(key), Outcome::Level(level)) if *key == level.key => {
                self.compare_level(level)
            }
            (About::Levels(keys), Outcome::Levels(levels))
                if keys.iter().eq(levels.iter().map(|level| &level.key)) =>
            {
                levels.iter().try_for_each(|level| self.compare_level(level))
            }
            (About::Order(id), Outcome::Reservation(view)) if *id == view.id => {
                self.compare_order(view, now)
            }
            _ => Err(differ("answer", answer, done)),
        }
    }

    /// Learns when a reservation was made by a call that was one of many made at once.
    pub fn learn_when_made(&mut self, view: &ReservationView, until: u64) {
        let made_at = view.created_at.as_micros();
        let Some(order) = self.orders.get_mut(&view.id) else { return };
        let is_new = order.granted_at == order.created_at;
        if is_new && (order.created_at..=until).contains(&made_at) {
            let later_by = made_at - order.created_at;
            order.created_at += later_by;
            order.granted_at += later_by;
            order.deadline += later_by;
        }
    }

    /// Compares a level, and learns its version.
    ///
    /// # Errors
    /// Where they differ, as sentences.
    pub fn compare_level(&mut self, level: &Level) -> Result<(), String> {
        let key = &level.key;
        let Some(stock) = self.stocks.get_mut(key) else {
            return Err(format!("{key:?} exists, but nothing ever created it"));
        };
        let told = figures_of(level);
        if told != stock.figures {
            return Err(differ(&format!("balances of {key:?}"), &told, &stock.figures));
        }
        if level.balances.available() != stock.figures.available() {
            return Err(format!("available of {key:?} is not what its parts add up to"));
        }
        stock.learn(level.version).map_err(|wrong| format!("{key:?}: {wrong}"))
    }

    /// Compares a reservation, and learns the microsecond of its deadline.
    ///
    /// # Errors
    /// Where they differ, as sentences.
    pub fn compare_order(&mut self, view: &ReservationView, now: u64) -> Result<(), String> {
        let id = view.id;
        let (rules, resumed_at) = (self.rules, self.resumed_at);
        let Some(order) = self.orders.get_mut(&id).filter(|order| order.is_kept(&rules, now))
        else {
            return Err(format!("reservation {id:?} is found, but it is not kept any more"));
        };
        let told: Vec<_> =
            view.lines.iter().map(|line| (line.key.clone(), line_of(&line.units))).collect();
        if !told.iter().map(|(key, line)| (key, line)).eq(order.lines.iter()) {
            return Err(differ(&format!("lines of {id:?}"), &told, &order.lines));
        }
        if view.lines.iter().any(|line| line.units.granted() != granted(&line_of(&line.units))) {
            return Err(format!(
                "what was granted to {id:?} is not the sum of where its units are"
            ));
        }
        if view.status() != order.status() {
            return Err(differ(&format!("status of {id:?}"), &view.status(), &order.status()));
        }
        if view.references != order.references {
            return Err(differ("references", &view.references, &order.references));
        }
        order.learn_times(view, resumed_at, &rules)
    }
}

fn granted(line: &Line) -> u64 {
    line.held + line.committed + line.fulfilled + line.released + line.expired + line.returned
}

impl Order {
    fn learn_times(
        &mut self,
        view: &ReservationView,
        resumed_at: u64,
        rules: &super::Rules,
    ) -> Result<(), String> {
        if !is_close(view.created_at.as_micros(), self.created_at) {
            return Err(differ("created_at", &view.created_at, &self.created_at));
        }
        self.created_at = view.created_at.as_micros();
        let deadline = self.deadline(rules, resumed_at);
        let expected = (self.sum(|line| line.held) > 0).then_some(deadline);
        let told = view.expires_at.map(saldo_ledger::Timestamp::as_micros);
        match (told, expected) {
            (None, None) => {}
            (Some(told), Some(expected)) if is_close(told, expected) => {
                if deadline == self.deadline {
                    self.deadline = told;
                }
            }
            _ => return Err(differ(&format!("expires_at of {:?}", self.id), &told, &expected)),
        }
        Ok(())
    }
}

fn compare_refusal(no: &No, refusal: &Refusal) -> Result<(), String> {
    if no.code != refusal.code {
        return Err(differ("refusal", refusal, no));
    }
    let told: Vec<&LineRefusal> = refusal
        .lines
        .iter()
        // Beside keys that do not exist, lines that fell short may be named or not.
        .filter(|line| no.code != RefusalCode::UnknownStock || line.code == no.code)
        .collect();
    let is_same = match (told.as_slice(), no.lines.as_slice()) {
        // What is about one key may leave the line out.
        ([], [line]) => {
            line.code == RefusalCode::UnknownStock
                || (refusal.requested == line.requested && is_told(line, refusal.available))
        }
        (told, expected) => {
            let names = |key: &StockKey| told.iter().any(|line| line.key == *key);
            told.iter().all(|told| {
                expected.iter().any(|line| {
                    (&told.key, told.code, told.requested) == (&line.key, line.code, line.requested)
                        && is_told(line, told.available)
                })
            }) && expected.iter().all(|line| !line.is_certain || names(&line.key))
        }
    };
    if is_same { Ok(()) } else { Err(differ("refused lines", refusal, no)) }
}

fn is_told(line: &NoLine, available: i64) -> bool {
    available == line.available || available == line.available_swept
}
