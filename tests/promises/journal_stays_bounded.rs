//! The journal keeps to its length also while much is written, and a reader whose place is gone is told so.

use saldo_tests::{DEADLINE, Engine, Socket};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Commands of a frame; each to a key of its own, so that a frame is a good part of a segment.
const COMMANDS: usize = 4_096;

fn receives() -> Value {
    let commands = (0..COMMANDS).map(|number| {
        json!({"op": "receive", "sku": format!("SKU-{number}"), "location": "OSLO", "quantity": 1})
    });
    json!({"type": "commands", "id": "fill", "commands": commands.collect::<Vec<_>>()})
}

#[tokio::test]
async fn segments_go_while_others_are_written() {
    let engine = Engine::with(&[
        ("segment_bytes", "1048576"),
        ("journal_bytes_max", "4194304"),
        ("journal_retention_hours", "0"),
        ("checkpoint_seconds", "1"),
    ])
    .await;
    let mut writer = Socket::connect(engine.url()).await;
    let frame = receives();
    let end = Instant::now() + DEADLINE;
    while !engine.log().contains("removed old segments") {
        assert!(Instant::now() < end, "no segment went while others were written");
        writer.send(frame.clone()).await;
        writer.next_of("replies").await;
    }

    let mut reader = Socket::connect(engine.url()).await;
    reader.send(json!({"type": "subscribe", "id": "now", "mode": "events"})).await;
    let now = reader.next_of("subscribed").await;
    let now = now["cursor"].as_str().expect("a cursor");
    let journal = now.split('-').next().expect("a journal");
    let first = format!("{journal}-1");
    reader
        .send(json!({"type": "subscribe", "id": "first", "mode": "events", "cursor": first}))
        .await;
    assert_eq!(reader.next_of("subscribed").await["cursor"], first.as_str());
    let gap = reader.next_of("gap").await;
    assert_eq!(gap["id"], "first");
    assert_ne!(gap["earliest"], first.as_str());
}
