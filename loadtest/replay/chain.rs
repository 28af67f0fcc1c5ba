//! The audit of one key: its level, its movements from the newest to the oldest, and what the answers say of it.
//! Of the movements only the newest page is in memory, and what they come to for each reservation.

use std::collections::{BTreeMap, HashMap};

use saldo_protocol::{Balances, Level, Movement, MovementKind};
use uuid::Uuid;

use crate::replay::disagreements::Disagreements;
use crate::replay::line_account::{LineAccount, LineModel};
use crate::replay::model::KeyModel;
use crate::replay::stock::{Stock, adds_up, balances, fact_mark, split};

/// What the audit finds of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Movements read.
    pub movements: u64,
    /// Units that a grant took below what may be promised.
    pub oversold: u64,
    /// Units by which the level, the sum of movements and the model differ.
    pub drift: u64,
    /// Attempts that reserved its units and released them again.
    pub withdrawn: u64,
    /// Whether a fact took it below zero at any time.
    pub negative_by_fact: bool,
    /// In words.
    pub disagreements: Disagreements,
}

/// Walks the movements of one key, newest first.
#[derive(Debug)]
pub struct ChainAudit<'a> {
    code: &'a str,
    level: &'a Level,
    model: &'a KeyModel,
    /// Whether attempts may have ended without an answer, see [`LineModel::withdrawn_in`].
    disturbed: bool,
    /// Balances that answers told, by version, until their movement is found.
    told: HashMap<u64, Balances>,
    /// The version and balances that the next older movement must leave.
    expected: (u64, Balances),
    sum: Stock,
    /// The sum of the marks of its movements without a reservation.
    facts: u64,
    lines: BTreeMap<Uuid, LineAccount>,
    finding: Finding,
}

impl<'a> ChainAudit<'a> {
    /// Begins at the level.
    #[must_use]
    pub fn new(code: &'a str, level: &'a Level, model: &'a KeyModel, disturbed: bool) -> Self {
        let mut audit = Self {
            code,
            level,
            model,
            disturbed,
            told: HashMap::new(),
            expected: (level.version, balances(level)),
            sum: Stock::default(),
            facts: 0,
            lines: BTreeMap::new(),
            finding: Finding::default(),
        };
        for &(version, balances) in &model.told {
            if audit.told.insert(version, balances).is_some_and(|other| other != balances) {
                audit.say(format!("two answers tell version {version} differently"));
            }
        }
        audit
    }

    /// Takes the next older movement.
    pub fn take(&mut self, movement: &Movement) {
        self.finding.movements += 1;
        let (version, left) = self.expected;
        if movement.sku != self.code || movement.location != self.level.location {
            self.say(format!("a movement of {} at {}", movement.sku, movement.location));
        }
        if movement.version != version {
            self.say(format!("version {} where {version} was due", movement.version));
        }
        if movement.after != left {
            self.say(format!(
                "version {} leaves other balances than the next one finds",
                movement.version
            ));
        }
        if !adds_up(&movement.after) {
            self.say(format!(
                "version {}: available is not what the other balances make it",
                movement.version
            ));
        }
        if let Some(told) = self.told.remove(&movement.version)
            && told != movement.after
        {
            self.say(format!(
                "version {} was answered with other balances than its movement has",
                movement.version
            ));
        }
        self.arithmetic(movement);
        self.below_zero(movement);
        self.account(movement);
        self.expected = (movement.version.saturating_sub(1), movement.before);
    }

    /// Compares the ends: the oldest movement begins at nothing, and nothing that was answered is missing.
    #[must_use]
    pub fn finish(mut self) -> Finding {
        let (version, begin) = self.expected;
        if version != 0 || begin != Balances::default() {
            self.say(format!(
                "the oldest movement begins at version {version}, not at an empty key"
            ));
        }
        if self.facts != self.model.facts {
            self.say(
                "its movements without a reservation are not the receipts, adjustments and returns that were answered"
                    .to_owned(),
            );
        }
        self.compare_lines();
        if !self.told.is_empty() {
            self.say(format!("{} answers tell versions that no movement has", self.told.len()));
        }
        let (stock, foreign) = split(&balances(self.level));
        let model = self.model.stock;
        let apart = stock.difference(model).max(stock.difference(self.sum));
        self.finding.drift = apart.max(model.difference(self.sum)) + foreign;
        if self.finding.drift > 0 {
            let sum = self.sum;
            self.say(format!(
                "the level is {stock:?}, its movements add up to {sum:?}, the answers to {model:?}"
            ));
        }
        self.finding
    }

    /// Books a movement to its reservation, or to the facts.
    fn account(&mut self, movement: &Movement) {
        let (kind, units) = (movement.kind, movement.quantity);
        let Some(id) = movement.reservation_id else {
            self.facts = self.facts.wrapping_add(fact_mark(kind, units));
            return;
        };
        if !self.lines.entry(id).or_default().take(kind, units) {
            self.say(format!(
                "version {}: {kind:?} is no step of a reservation, yet it names {id}",
                movement.version
            ));
        }
    }

    /// For each reservation the movements must be what the answers say, no less and no more.
    fn compare_lines(&mut self) {
        let mut found = std::mem::take(&mut self.lines);
        for (id, told) in &self.model.lines {
            let found = found.remove(id).unwrap_or_default();
            match told.withdrawn_in(&found, self.disturbed) {
                Some(attempts) => self.finding.withdrawn += attempts,
                None => self.say(unlike(*id, told, &found)),
            }
        }
        for (id, found) in found {
            self.say(format!("this run never asked it for reservation {id}: {found}"));
        }
    }

    /// What the kind and quantity say must be what before and after say.
    fn arithmetic(&mut self, movement: &Movement) {
        let (kind, units) = (movement.kind, movement.quantity);
        let Some(sum) = self.sum.after(kind, units) else {
            self.say(format!("version {}: this run never caused {kind:?}", movement.version));
            return;
        };
        self.sum = sum;
        let (before, foreign_before) = split(&movement.before);
        let (after, foreign_after) = split(&movement.after);
        if before.after(kind, units) != Some(after) || foreign_before != foreign_after {
            self.say(format!(
                "version {}: {kind:?} of {units} does not lead from its balances before to those after",
                movement.version
            ));
        }
    }

    /// A promise never leaves less than the oversell limit allows; only an adjustment may take stock below zero.
    /// What closes a plan moves no unit and promises nothing: an adjustment may have come before it.
    fn below_zero(&mut self, movement: &Movement) {
        let (before, after) = (movement.before.available, movement.after.available);
        let promise = movement.quantity > 0
            && matches!(movement.kind, MovementKind::Reserved | MovementKind::Sold);
        let floor = -self.level.oversell_limit;
        if promise && after < floor {
            let units = (floor - after).min(before - after).max(1);
            self.finding.oversold += units.unsigned_abs();
            self.say(format!(
                "version {} promised {} units and left available at {after}",
                movement.version, movement.quantity
            ));
        } else if after < 0 && after < before {
            if movement.kind == MovementKind::Adjusted {
                self.finding.negative_by_fact = true;
            } else if !promise {
                self.say(format!(
                    "version {}: {:?} took available to {after}; only an adjustment may",
                    movement.version, movement.kind
                ));
            }
        }
    }

    fn say(&mut self, sentence: String) {
        let (code, location) = (self.code, &self.level.location);
        self.finding.disagreements.add(format!("{code} at {location}: {sentence}"));
    }
}

fn unlike(id: Uuid, told: &LineModel, found: &LineAccount) -> String {
    let attempts = match told.withdrawn {
        0 => String::new(),
        count => format!(", and {count} times {} reserved and released again", told.asked),
    };
    format!(
        "reservation {id}: its movements come to {found}; by the answers it is {}{attempts}",
        told.account
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use MovementKind::{Adjusted, Received, Reserved};
    use saldo_protocol::Timestamp;

    const ORDER: Option<Uuid> = Some(Uuid::from_u128(1));

    /// A key's history of these events, its level and what answers would say of it.
    fn history(events: &[(MovementKind, i64, Option<Uuid>)]) -> (Vec<Movement>, Level, KeyModel) {
        let (mut stock, mut model) = (Stock::default(), KeyModel::default());
        let balances = |stock: Stock| Balances {
            on_hand: stock.on_hand,
            reserved: stock.reserved,
            available: stock.available(),
            ..Balances::default()
        };
        let mut movements = Vec::new();
        for (version, &(kind, quantity, reservation_id)) in (1..).zip(events) {
            let before = balances(stock);
            stock = stock.after(kind, quantity).unwrap();
            match reservation_id {
                Some(id) => {
                    assert!(model.lines.entry(id).or_default().account.take(kind, quantity))
                }
                None => model.facts = model.facts.wrapping_add(fact_mark(kind, quantity)),
            }
            movements.push(Movement {
                cursor: String::new(),
                sku: "11111".to_owned(),
                location: "UK-DC".to_owned(),
                version,
                kind,
                quantity,
                before,
                after: balances(stock),
                reservation_id,
                reason: None,
                reference: None,
                at: Timestamp::from_micros(0).unwrap(),
            });
        }
        model.lines.values_mut().for_each(|line| line.asked = line.account.reserved);
        (model.stock, model.exists) = (stock, true);
        let after = balances(stock);
        let level = Level {
            sku: "11111".to_owned(),
            location: "UK-DC".to_owned(),
            on_hand: after.on_hand,
            reserved: after.reserved,
            committed: 0,
            damaged: 0,
            quality_control: 0,
            safety_stock: 0,
            incoming: 0,
            available: after.available,
            oversell_limit: 0,
            version: movements.last().unwrap().version,
            as_of: Timestamp::from_micros(0).unwrap(),
        };
        (movements, level, model)
    }

    fn audited(events: &[(MovementKind, i64, Option<Uuid>)]) -> Finding {
        let (movements, level, model) = history(events);
        let mut audit = ChainAudit::new("11111", &level, &model, false);
        movements.iter().rev().for_each(|movement| audit.take(movement));
        audit.finish()
    }

    #[test]
    fn what_closes_a_plan_promises_nothing_though_an_adjustment_came_before_it() {
        let planned = [(Received, 2, None), (Reserved, 2, ORDER), (Adjusted, -5, None)];
        let closed = audited(&[&planned[..], &[(Reserved, 0, ORDER)]].concat());
        assert_eq!(
            (closed.oversold, closed.drift, closed.disagreements.count),
            (0, 0, 0),
            "{closed:?}"
        );
        assert!(closed.negative_by_fact);
        let promised = audited(&[&planned[..], &[(Reserved, 1, ORDER)]].concat());
        assert_eq!((promised.oversold, promised.drift), (1, 0), "{promised:?}");
    }
}
