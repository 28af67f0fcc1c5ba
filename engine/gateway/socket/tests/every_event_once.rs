//! Every selected event once and in order, whatever happens in which order: live, from the journal, too much at
//! once, and over connections that are cut.

use std::collections::VecDeque;

use futures_util::FutureExt;
use saldo_protocol::{ClientMessage, Cursor, ServerMessage, Subscribe};

use super::super::catch_up::CatchUp;
use super::super::form::{Form, Outgoing, Words};
use super::super::limits::SocketLimits;
use super::super::source::Source;
use super::super::subscriptions::{Reading, Subscriptions};
use super::harness::{ALL, SmallEngine, limits};
use super::random::Random;
use crate::feed::{Room, Selection, Taken};

const WANTED: [&str; 3] = [
    r#"{"type":"subscribe","id":"e0","mode":"events"}"#,
    r#"{"type":"subscribe","id":"e1","mode":"events","skus":["A1","B2"]}"#,
    r#"{"type":"subscribe","id":"e2","mode":"events","sku_prefixes":["A"],"locations":["L0"]}"#,
];

/// One subscription's reader.
struct Reader {
    selection: Selection,
    /// The cursor of the last message.
    cursor: u64,
    /// Places of the events that it heard.
    heard: Vec<u64>,
    began: u64,
}

/// A connection on which all of [`WANTED`] are subscribed.
struct Connected {
    subscriptions: Subscriptions<SmallEngine>,
    readings: VecDeque<CatchUp>,
}

fn wanted(at: usize) -> Subscribe {
    match serde_json::from_str(WANTED[at]).unwrap() {
        ClientMessage::Subscribe(wanted) => wanted,
        other => panic!("{other:?}"),
    }
}

fn selection(at: usize) -> Selection {
    let list = |texts: &[&str]| Some(texts.iter().map(|text| Box::from(*text)).collect());
    match at {
        0 => Selection::all(),
        1 => Selection::new(list(&["A1", "B2"]), None, None),
        _ => Selection::new(None, list(&["A"]), list(&["L0"])),
    }
}

fn message(told: &Outgoing) -> ServerMessage {
    match &told.words {
        Words::Text(text) => serde_json::from_str(text).unwrap(),
        Words::Bytes(_) => panic!("no text: {told:?}"),
    }
}

fn hear(readers: &mut [Reader], told: &[Outgoing]) {
    for told in told {
        match message(told) {
            ServerMessage::Subscribed { id, cursor, .. } => {
                let reader = &mut readers[at(&id)];
                let place = cursor.parse().unwrap();
                if reader.cursor != u64::MAX {
                    assert_eq!(place, reader.cursor, "{id} resumes elsewhere");
                } else {
                    reader.began = place;
                }
                reader.cursor = place;
            }
            ServerMessage::Events { id, events } => {
                assert!(!events.is_empty(), "{id} was told of nothing");
                let reader = &mut readers[at(&id)];
                for event in &events {
                    let place: u64 = event.cursor.parse().unwrap();
                    assert!(place > reader.cursor, "{id}: {place} after {}", reader.cursor);
                    reader.cursor = place;
                    reader.heard.push(place);
                }
                assert_eq!(told.cursor, events.last().map(|last| last.cursor.clone()));
            }
            other => panic!("heard {other:?}"),
        }
    }
}

fn at(id: &str) -> usize {
    id[1..].parse().unwrap()
}

fn connect(engine: &SmallEngine, limits: SocketLimits, readers: &mut [Reader]) -> Connected {
    let mut subscriptions = Subscriptions::new(engine.clone(), Form::Json, ALL, limits);
    let mut readings = VecDeque::new();
    for at in 0..readers.len() {
        let cursor = match readers[at].cursor {
            u64::MAX => None,
            cursor => Some(Cursor::new(cursor.to_string()).unwrap()),
        };
        let begun = subscriptions.subscribe(Subscribe { cursor, ..wanted(at) }).unwrap();
        hear(readers, &begun.told);
        readings.extend(begun.reading.map(catch_up));
    }
    Connected { subscriptions, readings }
}

fn catch_up(reading: Reading) -> CatchUp {
    match reading {
        Reading::Events(catch_up) => catch_up,
        Reading::Levels(walk) => panic!("levels of events: {walk:?}"),
    }
}

impl Connected {
    /// Reads a page for one that is behind.
    fn read(
        &mut self,
        engine: &SmallEngine,
        limit: usize,
        readers: &mut [Reader],
        meanwhile: impl FnOnce(),
    ) {
        let Some(mut reading) = self.readings.pop_front() else {
            return;
        };
        let page = reading.page(engine, limit).now_or_never().unwrap().unwrap();
        meanwhile();
        let (told, reading) = self.subscriptions.events(reading, &page);
        hear(readers, &told);
        self.readings.extend(reading.map(catch_up));
    }

    /// Takes live events; false where there are none.
    fn take(&mut self, limit: usize, readers: &mut [Reader]) -> bool {
        match self.subscriptions.outbox().take(limit).unwrap() {
            Some(Taken::Events(batch)) => {
                let (told, reading) = self.subscriptions.batch(&batch);
                hear(readers, &told);
                self.readings.extend(reading.map(catch_up));
                true
            }
            Some(Taken::Levels(delta)) => panic!("levels of events: {delta:?}"),
            None => false,
        }
    }
}

fn change(engine: &SmallEngine, random: &mut Random) {
    let sku = format!("{}{}", ["A", "B"][random.below(2)], random.below(3));
    engine.change(&sku, &format!("L{}", random.below(2)));
}

fn run(seed: u64) {
    let mut random = Random(seed);
    let (engine, _frames, _counts) = SmallEngine::new();
    for _ in 0..random.below(20) {
        change(&engine, &mut random);
    }
    let events_max = 1 + random.below(6);
    let limits = SocketLimits { room: Room { events_max, ..limits().room }, ..limits() };
    let reader =
        |at| Reader { selection: selection(at), cursor: u64::MAX, heard: Vec::new(), began: 0 };
    let mut readers: Vec<Reader> = (0..WANTED.len()).map(reader).collect();
    let mut connected = connect(&engine, limits, &mut readers);
    for _ in 0..300 {
        let limit = 1 + random.below(3);
        match random.below(40) {
            0..12 => change(&engine, &mut random),
            12..20 => engine.pass_on(),
            20..28 => {
                let meanwhile = random.below(4);
                connected.read(&engine, limit, &mut readers, || {
                    if meanwhile > 0 {
                        engine.change("A1", "L0");
                    }
                    if meanwhile > 1 {
                        engine.pass_on();
                    }
                });
            }
            28 => {
                connected.subscriptions.resume_cursor().unwrap();
                connected = connect(&engine, limits, &mut readers);
            }
            29 => engine.feed().fail_live(engine.durable_sequence()),
            _ => {
                connected.take(limit, &mut readers);
            }
        }
    }
    engine.pass_on();
    while connected.take(2, &mut readers) || !connected.readings.is_empty() {
        connected.read(&engine, 2, &mut readers, || {});
    }
    let events = engine.events_so_far();
    for reader in &readers {
        let selected = events
            .iter()
            .filter(|event| event.sequence > reader.began && reader.selection.contains(&event.key));
        let expected: Vec<u64> = selected.map(|event| event.sequence).collect();
        assert_eq!(reader.heard, expected);
    }
}

#[test]
fn no_event_is_left_out_and_none_comes_twice() {
    for seed in 1..=1_000 {
        println!("seed {seed}");
        run(seed);
    }
}

#[test]
fn a_place_that_is_not_kept_is_a_gap_also_in_the_middle() {
    let (engine, _frames, _counts) = SmallEngine::new();
    for _ in 0..10 {
        engine.change("A", "L0");
    }
    let subscribe = |subscriptions: &mut Subscriptions<SmallEngine>, cursor: &str| {
        let cursor = Some(Cursor::new(cursor).unwrap());
        subscriptions.subscribe(Subscribe { cursor, ..wanted(0) }).unwrap()
    };
    let mut subscriptions = Subscriptions::new(engine.clone(), Form::Json, ALL, limits());
    let mut reading = catch_up(subscribe(&mut subscriptions, "2").reading.unwrap());
    let page = reading.page(&engine, 2).now_or_never().unwrap().unwrap();
    let (_, reading) = subscriptions.events(reading, &page);
    engine.remove_events_to(7);
    let mut reading = catch_up(reading.unwrap());
    let fault = reading.page(&engine, 2).now_or_never().unwrap().unwrap_err();
    let lost = subscriptions.lost(reading.subscription, &fault).unwrap();
    let gap = ServerMessage::Gap { id: "e0".to_owned(), earliest: "7".to_owned() };
    assert_eq!(message(&lost), gap);
    assert!(!subscriptions.has(reading.subscription));

    // The name is free, and from the place that was told all is kept.
    for (cursor, is_kept) in [("6", false), ("7", true), ("10", true), ("11", false)] {
        let mut subscriptions = Subscriptions::new(engine.clone(), Form::Json, ALL, limits());
        let begun = subscribe(&mut subscriptions, cursor);
        assert_eq!(begun.reading.is_some(), is_kept, "{cursor}");
        if !is_kept {
            assert_eq!(message(&begun.told[1]), gap, "{cursor}");
        }
    }
    assert!(subscribe(&mut subscriptions, "earliest").reading.is_some());
}
