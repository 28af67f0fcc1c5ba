//! The feed without a connection: who hears of what, what a slow reader finds, and what is bounded.

mod conflation;
mod event_queues;
mod listeners;
mod pacing;
mod selections;
mod views;

use std::sync::Arc;

use saldo_ledger::{Balances, Level, StockKey, Timestamp};

use super::{Delta, Hub, Outbox, Room, Selection, Subscription, Taken, View};

/// Levels that one take may hold in these tests.
const ALL: usize = 1_000_000;
const ROOM: Room = Room { levels_max: ALL, events_max: ALL };

/// xorshift64*, so that a seed replays a run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap() % bound
    }
}

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

/// Subscribes to exact levels.
fn listen(hub: &Hub, outbox: &Arc<Outbox>, selection: Selection) -> Subscription {
    hub.subscribe(outbox, selection, View::Exact)
}

/// The levels whose turn it is.
fn take(outbox: &Outbox, limit: usize) -> Option<Delta> {
    match outbox.take(limit).unwrap() {
        Some(Taken::Levels(delta)) => Some(delta),
        Some(Taken::Events(batch)) => panic!("events of levels: {batch:?}"),
        None => None,
    }
}

/// Everything that waits, as `sku@location version`.
fn told(outbox: &Arc<Outbox>) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(delta) = take(outbox, ALL) {
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
