//! A snapshot and the deltas around it tell everything, whatever happens in which order; and going on from any
//! cursor would miss nothing that was not told.

use std::collections::HashMap;

use futures_util::FutureExt;
use saldo_protocol::{Cursor, ServerMessage, Subscribe};

use super::super::form::{Form, Outgoing, Words};
use super::super::limits::SocketLimits;
use super::super::source::Source;
use super::super::subscriptions::{Reading, Subscriptions};
use super::super::walk::Walk;
use super::harness::{ALL, SmallEngine, limits};
use super::random::Random;
use crate::feed::{Selection, Taken};

/// What a client knows that keeps the highest version of each key.
#[derive(Default)]
struct Known {
    versions: HashMap<String, u64>,
    delta_versions: HashMap<String, u64>,
    cursor: u64,
    done: bool,
    /// Where the connection began again.
    since: u64,
}

impl Known {
    fn hear(&mut self, told: &Outgoing) {
        let Words::Text(text) = &told.words else {
            panic!("no text: {told:?}");
        };
        let (levels, cursor) = match serde_json::from_str(text).unwrap() {
            ServerMessage::Subscribed { cursor, .. } => (vec![], cursor),
            ServerMessage::Snapshot { levels, done, cursor, .. } => {
                assert!(!self.done, "a page after the last one");
                self.done = done;
                for level in &levels {
                    // `as_of` of this engine is the sequence number of the key's last event.
                    let changed = level.as_of().as_micros();
                    assert!(changed > self.since, "changed at {changed}, told of {}", self.since);
                }
                (levels, cursor)
            }
            ServerMessage::Delta { levels, cursor, .. } => {
                for level in &levels {
                    let key = format!("{}@{}", level.sku(), level.location());
                    let before = self.delta_versions.insert(key.clone(), level.version());
                    assert!(before < Some(level.version()), "{key} fell or stood still in deltas");
                }
                (levels, cursor)
            }
            other => panic!("heard {other:?}"),
        };
        for level in levels {
            let known =
                self.versions.entry(format!("{}@{}", level.sku(), level.location())).or_default();
            *known = level.version().max(*known);
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
    limits.room.levels_max = 1000;
    let (wanted, selection) = subscribe(&mut random);
    let mut known = Known::default();
    let (mut subscriptions, mut walk) = connect(&engine, limits, wanted.clone(), &mut known);
    let mut steps = 0;
    while steps < 200 || walk.is_some() {
        steps += 1;
        match random.below(60) {
            0..20 => change(&engine, &mut random),
            20..30 => engine.pass_on(),
            30..40 => {
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
            // The connection is cut, and begins again where it stood: as the close frame says, or the last message.
            40 => {
                let resume = subscriptions.resume_cursor().unwrap();
                assert_eq!(resume, known.cursor.to_string());
                let wanted = Subscribe {
                    cursor: Some(Cursor::new(resume.as_str()).unwrap()),
                    ..wanted.clone()
                };
                (subscriptions, walk) = connect(&engine, limits, wanted, &mut known);
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

/// Subscribes on a new connection.
fn connect(
    engine: &SmallEngine,
    limits: SocketLimits,
    wanted: Subscribe,
    known: &mut Known,
) -> (Subscriptions<SmallEngine>, Option<Walk>) {
    let mut subscriptions = Subscriptions::new(engine.clone(), Form::Json, ALL, limits);
    (known.delta_versions, known.done, known.since) = (HashMap::new(), false, known.cursor);
    let begun = subscriptions.subscribe(wanted).unwrap();
    begun.told.iter().for_each(|told| known.hear(told));
    let Some(Reading::Levels(walk)) = begun.reading else {
        panic!("no snapshot is read");
    };
    (subscriptions, Some(walk))
}

fn tell_delta(
    engine: &SmallEngine,
    subscriptions: &mut Subscriptions<SmallEngine>,
    limit: usize,
    known: &mut Known,
) {
    let dispatched = engine.feed().dispatched();
    let Some(Taken::Levels(delta)) = subscriptions.outbox().take(limit).unwrap() else {
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
