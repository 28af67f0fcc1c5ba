//! The model's side of reservations: what a grant, a commit, a fulfilment, a return or a refusal must say, and
//! what it moves.

use std::collections::HashMap;

use saldo_protocol::client::Answer;
use saldo_protocol::{Code, MovementKind, Problem, Reservation, ReservationLine};
use uuid::Uuid;

use crate::replay::model::{Model, signed};
use crate::replay::stock::Basket;

/// A part of a return that goes against an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderReturn {
    /// What comes back.
    pub code: String,
    /// How many units of it.
    pub units: u64,
    /// Units of that line that came back before.
    pub returned_before: u64,
}

impl Model {
    /// The invoice was granted: every line whole, in one state.
    pub fn reserved(&mut self, id: Uuid, asked: &Basket, answer: &Answer<Reservation>) {
        self.step(MovementKind::Reserved, id, asked, answer);
    }

    /// All its units are promised.
    pub fn committed(&mut self, id: Uuid, asked: &Basket, answer: &Answer<Reservation>) {
        self.step(MovementKind::Committed, id, asked, answer);
    }

    /// All its units are handed over.
    pub fn fulfilled(&mut self, id: Uuid, asked: &Basket, answer: &Answer<Reservation>) {
        self.step(MovementKind::Fulfilled, id, asked, answer);
    }

    /// The hold ran out before it was committed, by the engine's own answer: its units are free again.
    pub fn expired(&mut self, id: Uuid, asked: &Basket) {
        for (code, &units) in asked {
            self.moved(code, MovementKind::Expired, signed(units), id);
        }
    }

    /// Units came back to their order.
    pub fn returned_to_order(
        &mut self,
        id: Uuid,
        back: &[OrderReturn],
        answer: &Answer<Reservation>,
    ) {
        self.seen(answer.replayed);
        self.identity(id, &answer.value);
        // The home decides every step, also one that moves only other lines.
        if let Some(home) = self.homes.get(&id).cloned()
            && back.iter().all(|part| part.code != home)
        {
            self.moved(&home, MovementKind::Returned, 0, id);
        }
        let lines = by_code(&self.location, &answer.value);
        for part in back {
            self.moved(&part.code, MovementKind::Returned, signed(part.units), id);
            let Some(line) = self.line(id, &part.code, &lines) else {
                continue;
            };
            let after = part.returned_before + part.units;
            let agrees =
                if self.exact { line.returned == after } else { line.returned >= part.units };
            if !agrees || line.fulfilled + line.returned != line.quantity {
                self.disagreements.add(format!(
                    "reservation {id}, {}: of {} sold, {after} came back; the answer tells fulfilled {}, returned {}",
                    part.code, line.quantity, line.fulfilled, line.returned
                ));
            }
        }
    }

    /// The invoice was refused by an earlier process of this run, which alone knew at which line.
    pub fn refused_before(&mut self, id: Uuid, asked: &Basket) {
        for (code, &units) in asked {
            self.key(code).lines.entry(id).or_default().asked = signed(units);
        }
    }

    /// The invoice was refused for want of stock: the lines that are named must be those that fell short.
    pub fn refused(&mut self, invoice: &str, id: Uuid, asked: &Basket, problem: &Problem) {
        // Keys are asked in their order until one falls short: those before it held their units for a moment.
        let short = problem.lines.iter().map(|line| &line.sku).min();
        for (code, &units) in asked {
            let line = self.key(code).lines.entry(id).or_default();
            line.asked = signed(units);
            line.withdrawn += u64::from(short.is_some_and(|short| code < short));
        }
        for line in &problem.lines {
            let short = match line.code {
                Code::InsufficientStock => line.available < signed(line.requested),
                Code::UnknownStock => line.available == 0,
                _ => true,
            };
            let same =
                line.location == self.location && asked.get(&line.sku) == Some(&line.requested);
            if !same || !short {
                self.disagreements.add(format!(
                    "invoice {invoice} asked for {:?} of {}; it was refused ({}) for {} with {} available",
                    asked.get(&line.sku), line.sku, line.code, line.requested, line.available
                ));
            }
        }
        if self.exact && matches!(problem.code, Code::InsufficientStock | Code::UnknownStock) {
            self.refused_exactly(invoice, asked, problem);
        }
    }

    fn refused_exactly(&mut self, invoice: &str, asked: &Basket, problem: &Problem) {
        let short = |code: &String, units: u64| {
            let key = self.keys.get(code)?;
            let (why, available) = if key.exists {
                (Code::InsufficientStock, key.stock.available())
            } else {
                (Code::UnknownStock, 0)
            };
            (!key.exists || available < signed(units)).then(|| (code.clone(), why, available))
        };
        let expected: Vec<_> = asked.iter().filter_map(|(c, &u)| short(c, u)).collect();
        let mut told: Vec<_> = problem
            .lines
            .iter()
            .map(|line| (line.sku.clone(), line.code, line.available))
            .collect();
        told.sort();
        let first = expected.iter().map(|&(_, why, _)| why).min();
        if told != expected || first != Some(problem.code) {
            self.disagreements.add(format!(
                "invoice {invoice} was refused ({}) for {told:?}; by all answers so far it falls short by {expected:?}",
                problem.code
            ));
        }
    }

    fn step(&mut self, kind: MovementKind, id: Uuid, asked: &Basket, answer: &Answer<Reservation>) {
        self.seen(answer.replayed);
        let told = &answer.value;
        self.identity(id, told);
        if told.lines.len() != asked.len() {
            self.disagreements.add(format!(
                "reservation {id} asked for {} codes; the answer has {} lines",
                asked.len(),
                told.lines.len()
            ));
        }
        let lines = by_code(&self.location, told);
        for (code, &units) in asked {
            let Some(line) = self.line(id, code, &lines) else {
                continue;
            };
            let (reached, state) = match kind {
                MovementKind::Reserved => (line.quantity, line.held),
                MovementKind::Committed => {
                    (line.committed + line.fulfilled + line.returned, line.committed)
                }
                _ => (line.fulfilled + line.returned, line.fulfilled),
            };
            // A repeat tells states as they are now; the first answer tells the step itself.
            let agrees = reached == units && (answer.replayed || state == units);
            if !agrees || line.quantity != units || line.requested != units {
                self.disagreements.add(format!(
                    "reservation {id}, {code}: {units} units asked for and {kind:?}; the answer tells requested {}, \
                     quantity {}, held {}, committed {}, fulfilled {}, returned {}",
                    line.requested, line.quantity, line.held, line.committed, line.fulfilled, line.returned
                ));
            }
            if kind == MovementKind::Reserved {
                self.key(code).lines.entry(id).or_default().asked = signed(units);
            }
            self.moved(code, kind, signed(reached), id);
        }
        if let Some(home) = asked.keys().next()
            && kind == MovementKind::Reserved
            && asked.len() > 1
        {
            // What closes the plan.
            self.moved(home, kind, 0, id);
            self.homes.insert(id, home.clone());
        }
    }

    /// One event of a reservation at one of its keys.
    fn moved(&mut self, code: &str, kind: MovementKind, units: i64, id: Uuid) {
        let key = self.key(code);
        if let Some(after) = key.stock.after(kind, units) {
            key.stock = after;
        }
        // False for kinds that nothing here asks for.
        let counted = key.lines.entry(id).or_default().account.take(kind, units);
        debug_assert!(counted, "{kind:?} is no step of a reservation");
    }

    fn identity(&mut self, id: Uuid, told: &Reservation) {
        if told.id != id {
            self.disagreements
                .add(format!("reservation {id}: the answer tells of reservation {}", told.id));
        }
        for line in told.lines.iter().filter(|line| !whole(line)) {
            self.disagreements.add(format!(
                "reservation {id}, {}: the states of the answer do not add up to quantity {}",
                line.sku, line.quantity
            ));
        }
    }

    fn line<'a>(
        &mut self,
        id: Uuid,
        code: &str,
        lines: &HashMap<&str, &'a ReservationLine>,
    ) -> Option<&'a ReservationLine> {
        let found = lines.get(code).copied();
        if found.is_none() {
            self.disagreements.add(format!("reservation {id}: the answer has no line for {code}"));
        }
        found
    }
}

/// The answer's lines here, to be found by code: a basket has up to a thousand.
fn by_code<'a>(location: &str, told: &'a Reservation) -> HashMap<&'a str, &'a ReservationLine> {
    let here = told.lines.iter().filter(|line| line.location == location);
    here.map(|line| (line.sku.as_str(), line)).collect()
}

/// Whether every unit of the line is in one state.
fn whole(line: &ReservationLine) -> bool {
    let states = line.held + line.committed + line.fulfilled + line.released;
    line.quantity == states + line.expired + line.returned
}
