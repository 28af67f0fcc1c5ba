//! What was asked under which idempotency key.

use std::collections::HashMap;

use saldo::actor::call::Call;
use saldo_ledger::StockKey;

use super::reserving::summed;
use super::{
    About,
    rules::{Rules, SECOND_US},
};

/// A call that was accepted under a key.
#[derive(Clone, Debug)]
struct Entry {
    call: Call,
    about: About,
    at: u64,
}

/// All remembered keys.
#[derive(Clone, Debug, Default)]
pub struct Remembered(HashMap<String, Entry>);

/// What a key says about a call.
pub enum Known {
    /// It is new, or forgotten.
    Nothing,
    /// The call was carried out.
    Repeat(About),
    /// It stands for another call.
    Reused,
}

impl Remembered {
    /// What a key says about a call.
    pub fn look_up(&self, key: &str, call: &Call, rules: &Rules, now: u64) -> Known {
        let window_us = rules.idempotency_window_seconds * SECOND_US;
        match self.0.get(key).filter(|entry| now < entry.at + window_us) {
            None => Known::Nothing,
            Some(entry) if entry.call == *call => Known::Repeat(entry.about.clone()),
            Some(_) => Known::Reused,
        }
    }

    /// Whether a call was ever accepted under a key.
    pub fn contains(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Remembers an accepted call.
    pub fn insert(&mut self, key: &str, call: Call, about: About, at: u64) {
        self.0.insert(key.to_owned(), Entry { call, about, at });
    }
}

/// The call with left-out defaults filled in, and lines of the same key as one: two calls that differ only in these are
/// the same.
pub fn spelt_out(call: &Call, rules: &Rules) -> Call {
    let mut call = call.clone();
    match &mut call {
        Call::Reserve { lines, hold_seconds, .. } => {
            hold_seconds.get_or_insert(rules.hold_seconds_default);
            *lines = one_a_key(lines);
        }
        Call::AddLines { lines, .. } | Call::Settle { lines: Some(lines), .. } => {
            *lines = one_a_key(lines);
        }
        Call::Return { lines, .. } => lines
            .sort_by_key(|line| (line.key.clone(), line.to.clone(), line.condition, line.quantity)),
        Call::ReturnWithoutOrder { lines, .. } => lines.sort(),
        _ => {}
    }
    call
}

fn one_a_key(lines: &[(StockKey, u32)]) -> Vec<(StockKey, u32)> {
    let sums = summed(lines.iter().map(|(key, quantity)| (key, *quantity)));
    sums.into_iter().map(|(key, units)| (key, u32::try_from(units).unwrap_or(u32::MAX))).collect()
}
