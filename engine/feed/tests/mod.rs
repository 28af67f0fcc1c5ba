//! The feed without a connection: who hears of what, what a slow reader finds, and what is bounded.

mod conflation;
mod listeners;
mod selections;

use std::sync::Arc;

use saldo_ledger::{Balances, Level, StockKey, Timestamp};

use super::{Delta, Hub, Outbox, Selection};

/// Levels that one take may hold in these tests.
const ALL: usize = 1_000_000;

fn key(sku: &str, location: &str) -> StockKey {
    StockKey::new(sku, location).unwrap()
}

/// A level whose `on_hand` is its version.
fn level(sku: &str, location: &str, version: u64) -> Level {
    Level {
        key: key(sku, location),
        balances: Balances { on_hand: i64::try_from(version).unwrap(), ..Balances::default() },
        version,
        as_of: Timestamp::from_micros(version),
    }
}

fn publish(hub: &Hub, levels: impl IntoIterator<Item = Level>, sequence: u64) {
    hub.publish(&mut levels.into_iter(), sequence);
}

fn selection(skus: &[&str], prefixes: &[&str], locations: &[&str]) -> Selection {
    let list = |texts: &[&str]| {
        let texts = texts.iter().map(|text| Box::from(*text)).collect();
        Some(texts).filter(|texts: &Vec<Box<str>>| !texts.is_empty())
    };
    Selection::new(list(skus), list(prefixes), list(locations))
}

/// Everything that waits, as `sku@location version`.
fn told(outbox: &Arc<Outbox>) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(delta) = outbox.take(ALL).unwrap() {
        told.extend(texts(&delta));
    }
    told
}

fn texts(delta: &Delta) -> Vec<String> {
    delta
        .levels
        .iter()
        .map(|level| format!("{} {}", level.level().key, level.level().version))
        .collect()
}
