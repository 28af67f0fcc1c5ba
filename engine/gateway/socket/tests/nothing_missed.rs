//! A snapshot and the deltas around it tell everything, whatever happens in which order; and going on from any
//! cursor would miss nothing that was not told.

use std::collections::HashMap;

use futures_util::FutureExt;
use saldo_protocol::{ServerMessage, Subscribe};

use super::super::source::Source;
use super::super::subscriptions::Subscriptions;
use super::super::walk::Walk;
use super::harness::{SmallEngine, limits};
use crate::feed::Selection;

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

/// What a client knows that keeps the highest version of each key.
#[derive(Default)]
struct Known {
    versions: HashMap<String, u64>,
    delta_versions: HashMap<String, u64>,
    cursor: u64,
    done: bool,
}

impl Known {
    fn hear(&mut self, text: &str) {
        let (levels, cursor) = match serde_json::from_str(text).unwrap() {
            ServerMessage::Subscribed { cursor, .. } => (vec![], cursor),
            ServerMessage::Snapshot { levels, done, cursor, .. } => {
                assert!(!self.done, "a page after the last one");
                self.done = done;
                (levels, cursor)
            }
            ServerMessage::Delta { levels, cursor, .. } => {
                for level in &levels {
                    let key = format!("{}@{}", level.sku, level.location);
                    let before = self.delta_versions.insert(key.clone(), level.version);
                    assert!(before < Some(level.version), "{key} fell or stood still in deltas");
                }
                (levels, cursor)
            }
            other => panic!("heard {other:?}"),
        };
        for level in levels {
            let known =
                self.versions.entry(format!("{}@{}", level.sku, level.location)).or_default();
            *known = level.version.max(*known);
        }
        self.cursor = cursor.parse().unwrap();
    }

    /// Every selected key that the client has not the newest level of changed after its cursor.
    fn check(&self, engine: &SmallEngine, selection: &Selection) {
        for level in engine.all() {
            let key = level.key.to_string();
            let known = self.versions.get(&key).copied().unwrap_or_default();
            if !selection.contains(&level.key) {
                assert_eq!(known, 0, "{key} was not asked for");
            } else if known < level.version {
                // `as_of` of this engine is the sequence number of the key's last event.
                let changed = level.as_of.as_micros();
                assert!(
                    changed > self.cursor,
                    "{key} changed at {changed}, cursor {}",
                    self.cursor
                );
            }
        }
    }
}

fn subscribe(random: &mut Random) -> (Subscribe, Selection) {
    let frame = [
        r#"{"type":"subscribe","id":"a"}"#,
        r#"{"type":"subscribe","id":"a","skus":["A1","B2","NONE"]}"#,
        r#"{"type":"subscribe","id":"a","sku_prefixes":["A","A1"],"skus":["B0","A2"],"locations":["L0","L2"]}"#,
    ][random.below(3)];
    let Ok(saldo_protocol::ClientMessage::Subscribe(wanted)) = serde_json::from_str(frame) else {
        panic!("{frame}");
    };
    let list = |values: Vec<String>| values.into_iter().map(String::into_boxed_str).collect();
    let json: serde_json::Value = serde_json::from_str(frame).unwrap();
    let texts = |field: &str| {
        let values: Option<Vec<String>> = serde_json::from_value(json[field].clone()).unwrap();
        values.map(list)
    };
    let selection = Selection::new(texts("skus"), texts("sku_prefixes"), texts("locations"));
    (wanted, selection)
}

fn change(engine: &SmallEngine, random: &mut Random) {
    let sku = format!("{}{}", ["A", "B"][random.below(2)], random.below(4));
    engine.change(&sku, &format!("L{}", random.below(3)));
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let (engine, _frames, _counts) = SmallEngine::new();
    for _ in 0..random.below(30) {
        change(&engine, &mut random);
    }
    let mut limits = limits();
    limits.pending_levels_max = 1000;
    let mut subscriptions = Subscriptions::new(engine.clone(), limits);
    let (wanted, selection) = subscribe(&mut random);
    let (subscribed, walk) = subscriptions.subscribe(wanted).unwrap();
    let mut known = Known::default();
    known.hear(&subscribed);
    let mut walk: Option<Walk> = Some(walk);
    let mut steps = 0;
    while steps < 200 || walk.is_some() {
        steps += 1;
        match random.below(6) {
            0 | 1 => change(&engine, &mut random),
            2 => engine.pass_on(),
            3 => {
                let Some(mut under_way) = walk.take() else {
                    continue;
                };
                let page = under_way.page(&engine, limits.snapshot_levels).now_or_never();
                // What changes between the reading of a page and its telling is told by a delta.
                if random.below(2) == 0 {
                    change(&engine, &mut random);
                }
                let text = subscriptions.page(&under_way, &page.unwrap().unwrap());
                text.iter().for_each(|text| known.hear(text));
                walk = Some(under_way).filter(|walk| !walk.is_done());
            }
            _ => tell_delta(&engine, &mut subscriptions, 1 + random.below(3), &mut known),
        }
        known.check(&engine, &selection);
    }
    engine.pass_on();
    while subscriptions.outbox().ready().now_or_never().is_some() {
        tell_delta(&engine, &mut subscriptions, 3, &mut known);
    }
    assert!(known.done);
    for level in engine.all() {
        if selection.contains(&level.key) {
            let key = level.key.to_string();
            assert_eq!(known.versions.get(&key), Some(&level.version), "{key}");
        }
    }
}

fn tell_delta(
    engine: &SmallEngine,
    subscriptions: &mut Subscriptions<SmallEngine>,
    limit: usize,
    known: &mut Known,
) {
    let dispatched = engine.feed().dispatched();
    let Some(delta) = subscriptions.outbox().take(limit).unwrap() else {
        return;
    };
    let text = subscriptions.delta(&delta, dispatched);
    text.iter().for_each(|text| known.hear(text));
}

#[test]
fn snapshot_and_deltas_tell_everything() {
    for seed in 1..=500 {
        println!("seed {seed}");
        run(seed);
    }
}
