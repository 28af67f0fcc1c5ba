//! The audit's own picture of the stock, built from what was asked and what was answered, and from nothing else:
//! it never reads the engine. Every answer is checked against the question when it comes, and kept in so far as
//! the audit can look for it among the engine's movements afterwards.
//!
//! With one invoice in flight the model knows the stock at every moment, so figures in answers are compared at
//! once ([`Model::new`] with `exact`). That ends with the first repeated answer, which tells the present and not
//! the moment of the first one. What cannot be compared at once, the audit compares by version.

use std::collections::BTreeMap;

use saldo_protocol::client::Answer;
use saldo_protocol::{Balances, Level, MovementKind};
use uuid::Uuid;

use crate::disagreements::Disagreements;
use crate::stock::{Basket, Stock, adds_up, balances, event_mark};

/// What the answers say of one key.
#[derive(Clone, Debug, Default)]
pub struct KeyModel {
    /// Its balances.
    pub stock: Stock,
    /// Its accepted changes, which is its version.
    pub events: u64,
    /// The sum of their marks, see [`event_mark`].
    pub marks: u64,
    /// Balances that an answer told with a version: one for each receive, adjustment and return without an order.
    pub told: Vec<(u64, Balances)>,
}

/// What the answers say of all keys at one location.
#[derive(Debug)]
pub struct Model {
    pub(crate) location: String,
    pub(crate) exact: bool,
    pub(crate) keys: BTreeMap<String, KeyModel>,
    pub(crate) disagreements: Disagreements,
}

impl Model {
    /// Nothing is known yet. `exact`: one call at a time will be made.
    #[must_use]
    pub fn new(location: &str, exact: bool) -> Self {
        Self {
            location: location.to_owned(),
            exact,
            keys: BTreeMap::new(),
            disagreements: Disagreements::default(),
        }
    }

    /// Something was answered that must not be.
    pub fn unexpected(&mut self, sentence: impl Into<String>) {
        self.disagreements.add(sentence);
    }

    /// Goods came in, alone on their key: called before the first sale.
    pub fn received(&mut self, code: &str, units: u32, answer: &Answer<Level>) {
        self.moved(code, MovementKind::Received, i64::from(units), None);
        self.level_answered(code, answer.replayed, &answer.value);
    }

    /// A balance was corrected.
    pub fn adjusted(&mut self, code: &str, delta: i32, answer: &Answer<Level>) {
        self.moved(code, MovementKind::Adjusted, i64::from(delta), None);
        self.level_answered(code, answer.replayed, &answer.value);
    }

    /// Units came back without an order; one level is told for each code.
    pub fn returned_without_order(&mut self, back: &Basket, levels: &[Level], replayed: bool) {
        for (code, &units) in back {
            self.moved(code, MovementKind::Returned, signed(units), None);
        }
        if levels.len() != back.len() {
            self.disagreements.add(format!(
                "a return of {} codes was answered with {} levels",
                back.len(),
                levels.len()
            ));
        }
        for (code, level) in back.keys().filter_map(|code| {
            let level = levels.iter().find(|level| level.sku == *code)?;
            Some((code, level))
        }) {
            self.level_answered(code, replayed, level);
        }
    }

    /// One event of a key.
    pub(crate) fn moved(
        &mut self,
        code: &str,
        kind: MovementKind,
        units: i64,
        reservation: Option<Uuid>,
    ) {
        let key = self.keys.entry(code.to_owned()).or_default();
        if let Some(after) = key.stock.after(kind, units) {
            key.stock = after;
        }
        key.events += 1;
        key.marks = key.marks.wrapping_add(event_mark(kind, units, reservation));
    }

    /// Compares figures with the model only while nothing else can have moved them.
    pub(crate) fn seen(&mut self, replayed: bool) {
        self.exact &= !replayed;
    }

    fn level_answered(&mut self, code: &str, replayed: bool, level: &Level) {
        self.seen(replayed);
        let told = balances(level);
        let key = self.keys.entry(code.to_owned()).or_default();
        key.told.push((level.version, told));
        let expected = Balances {
            on_hand: key.stock.on_hand,
            reserved: key.stock.reserved,
            committed: key.stock.committed,
            available: key.stock.available(),
            ..Balances::default()
        };
        if level.sku != code || level.location != self.location {
            self.disagreements.add(format!(
                "{code} at {}: the answer tells of {} at {}",
                self.location, level.sku, level.location
            ));
        }
        if !adds_up(&told) {
            self.disagreements.add(format!(
                "{code}: available {} is not what the other balances of the answer make it",
                told.available
            ));
        }
        if self.exact && (told != expected || level.version != key.events) {
            self.disagreements.add(format!(
                "{code}: the answer tells on_hand {}, reserved {}, committed {}, available {}, version {}; by all \
                 answers so far it is {}, {}, {}, {}, {}",
                told.on_hand, told.reserved, told.committed, told.available, level.version,
                expected.on_hand, expected.reserved, expected.committed, expected.available, key.events
            ));
        }
    }
}

/// Units as the balances carry them. A basket that does not fit in 63 bits cannot be asked for.
pub(crate) fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
