//! The audit of one key: its level, its movements from the newest to the oldest, and what the answers say of it.
//! Of the movements only the newest page is in memory.

use std::collections::HashMap;

use saldo_protocol::{Balances, Level, Movement, MovementKind};

use crate::disagreements::Disagreements;
use crate::model::KeyModel;
use crate::stock::{Stock, adds_up, balances, event_mark, split};

/// What the audit finds of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Finding {
    /// Movements read.
    pub movements: u64,
    /// Units that a grant took below what may be promised.
    pub oversold: u64,
    /// Units by which the level, the sum of movements and the model differ.
    pub drift: u64,
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
    /// Balances that answers told, by version, until their movement is found.
    told: HashMap<u64, Balances>,
    /// The version and balances that the next older movement must leave.
    expected: (u64, Balances),
    sum: Stock,
    marks: u64,
    finding: Finding,
}

impl<'a> ChainAudit<'a> {
    /// Begins at the level.
    #[must_use]
    pub fn new(code: &'a str, level: &'a Level, model: &'a KeyModel) -> Self {
        let mut audit = Self {
            code,
            level,
            model,
            told: HashMap::new(),
            expected: (level.version, balances(level)),
            sum: Stock::default(),
            marks: 0,
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
        self.marks = self.marks.wrapping_add(event_mark(
            movement.kind,
            movement.quantity,
            movement.reservation_id,
        ));
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
        if self.level.version != self.model.events {
            self.say(format!(
                "version {}, but {} changes were answered",
                self.level.version, self.model.events
            ));
        }
        if self.marks != self.model.marks {
            self.say("its movements are not the changes that were answered".to_owned());
        }
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
    fn below_zero(&mut self, movement: &Movement) {
        let (before, after) = (movement.before.available, movement.after.available);
        let promise = matches!(movement.kind, MovementKind::Reserved | MovementKind::Sold);
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
