//! The audit's own picture of the stock, built from what was asked and what was answered, and from nothing else:
//! it never reads the engine. Every answer is checked against the question when it comes, and kept in so far as
//! the audit can look for it among the engine's movements afterwards.
//!
//! With one invoice in flight the model knows the stock at every moment, so figures in answers are compared at
//! once ([`Model::new`] with `exact`). That ends with the first repeated answer, which tells the present and not
//! the moment of the first one. What cannot be compared at once, the audit compares by version. Versions
//! themselves follow from no answer: a basket that is refused has raised those of the keys before the short one.
//!
//! Memory grows with codes and with lines that were asked for, some 150 bytes each.

use std::collections::{BTreeMap, HashMap};

use saldo_protocol::client::Answer;
use saldo_protocol::{Balances, Level, MovementKind};
use uuid::Uuid;

use crate::replay::disagreements::Disagreements;
use crate::replay::line_account::LineModel;
use crate::replay::stock::{Basket, Stock, adds_up, balances, fact_mark, split};

/// What the answers say of one key.
#[derive(Clone, Debug, Default)]
pub struct KeyModel {
    /// Its balances.
    pub stock: Stock,
    /// Whether an answer brought it into being.
    pub exists: bool,
    /// The sum of the marks of its events without a reservation, see [`fact_mark`].
    pub facts: u64,
    /// What each reservation that asked for it comes to, refused ones too.
    pub lines: BTreeMap<Uuid, LineModel>,
    /// Balances that an answer told with a version: one for each receive, adjustment and return without an order.
    pub told: Vec<(u64, Balances)>,
}

/// What the answers say of all keys at one location.
#[derive(Debug)]
pub struct Model {
    pub(crate) location: String,
    pub(crate) exact: bool,
    pub(crate) keys: BTreeMap<String, KeyModel>,
    /// The homes of granted reservations of several codes.
    pub(crate) homes: HashMap<Uuid, String>,
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
            homes: HashMap::new(),
            disagreements: Disagreements::default(),
        }
    }

    /// Something was answered that must not be.
    pub fn unexpected(&mut self, sentence: impl Into<String>) {
        self.disagreements.add(sentence);
    }

    /// Goods came in, alone on their key: called before the first sale.
    pub fn received(&mut self, code: &str, units: u32, answer: &Answer<Level>) {
        self.fact(code, MovementKind::Received, i64::from(units));
        self.level_answered(code, answer.replayed, &answer.value);
    }

    /// A balance was corrected.
    pub fn adjusted(&mut self, code: &str, delta: i32, answer: &Answer<Level>) {
        self.fact(code, MovementKind::Adjusted, i64::from(delta));
        self.level_answered(code, answer.replayed, &answer.value);
    }

    /// Units came back without an order; one level is told for each code.
    pub fn returned_without_order(&mut self, back: &Basket, levels: &[Level], replayed: bool) {
        for (code, &units) in back {
            self.fact(code, MovementKind::Returned, signed(units));
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

    /// One event of a key that belongs to no reservation.
    fn fact(&mut self, code: &str, kind: MovementKind, units: i64) {
        let key = self.key(code);
        if let Some(after) = key.stock.after(kind, units) {
            key.stock = after;
        }
        key.exists = true;
        key.facts = key.facts.wrapping_add(fact_mark(kind, units));
    }

    /// What is known of a code, from now on at least that it was asked for.
    pub(crate) fn key(&mut self, code: &str) -> &mut KeyModel {
        self.keys.entry(code.to_owned()).or_default()
    }

    /// Compares figures with the model only while nothing else can have moved them.
    pub(crate) fn seen(&mut self, replayed: bool) {
        self.exact &= !replayed;
    }

    fn level_answered(&mut self, code: &str, replayed: bool, level: &Level) {
        self.seen(replayed);
        let told = balances(level);
        let key = self.key(code);
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
        if self.exact && told != expected {
            self.disagreements.add(format!(
                "{code}: the answer tells on_hand {}, reserved {}, committed {}, available {}, elsewhere {} at \
                 version {}; by all answers so far it is {}, {}, {}, {}, 0",
                told.on_hand, told.reserved, told.committed, told.available, split(&told).1, level.version,
                expected.on_hand, expected.reserved, expected.committed, expected.available
            ));
        }
    }
}

/// Units as the balances carry them. A basket that does not fit in 63 bits cannot be asked for.
pub(crate) fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
