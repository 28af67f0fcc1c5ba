//! How much a subscriber takes of what has come, and what of it counts.

use std::sync::Arc;

use saldo_protocol::{Level, LevelView, ServerMessage, Timestamp};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::*;
use crate::feed::frame::put_server_head;
use crate::workload::names::Names;

/// A delta of the run's only key, as a frame.
fn delta(names: &Names, version: u64) -> Vec<u8> {
    let stock = names.stock(0);
    let level = Level {
        sku: stock.sku.to_string(),
        location: stock.location.to_string(),
        on_hand: 9,
        reserved: 2,
        committed: 0,
        damaged: 0,
        quality_control: 0,
        safety_stock: 0,
        incoming: 0,
        available: 7,
        oversell_limit: 0,
        version,
        as_of: Timestamp::from_micros_clamped(1_700_000_000_000_000),
    };
    let message = ServerMessage::Delta {
        id: "s".to_owned(),
        levels: vec![LevelView::Exact(level)],
        cursor: "c".to_owned(),
    };
    let payload = serde_json::to_vec(&message).unwrap();
    let mut frame = Vec::new();
    put_server_head(Opcode::Text, payload.len(), &mut frame);
    frame.extend(payload);
    frame
}

/// A subscriber that was sent these deltas, and the first bytes of one more.
async fn sent(manner: Manner, deltas: u64) -> (Reader, Rc<Shared>) {
    let names = Arc::new(Names::new(1, 1, 1));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut engine, _) = listener.accept().await.unwrap();
    let mut bytes: Vec<u8> = (1..=deltas).flat_map(|version| delta(&names, version)).collect();
    bytes.extend(&delta(&names, deltas + 1)[..9]);
    engine.write_all(&bytes).await.unwrap();
    let shared = Rc::new(Shared {
        form: FeedForm::Json,
        keys: Keys::new(names),
        tally: RefCell::default(),
        buffer: RefCell::new(vec![0; READ_BYTES]),
    });
    let reader = Reader::new(0, manner, stream, Held::new(0..1), Rc::clone(&shared));
    // A few hundred bytes, written at once.
    reader.stream.readable().await.unwrap();
    (reader, shared)
}

#[tokio::test]
async fn a_paced_subscriber_takes_one_message_at_a_time() {
    let (mut reader, shared) = sent(Manner::Paced, 5).await;
    assert_eq!(reader.read_kept(None), Ok(false), "nothing was read yet");
    assert_eq!(reader.read(None), Ok(true));
    assert_eq!(shared.tally.borrow().paced.messages, 1);
    assert_eq!(reader.read_kept(None), Ok(true));
    let wanted = [Final { version: 5, available: 7 }];
    {
        let tally = shared.tally.borrow();
        let heard = (tally.paced.messages, tally.paced.levels, tally.paced.delays.len());
        assert_eq!((heard, tally.version_faults), ((2, 2, 2), 0));
        assert_eq!(reader.held.aim(&wanted), 1);
    }
    // The end is announced: no more pauses, and no more rates and delays.
    let span = shared.tally.borrow().paced.span_us;
    assert_eq!(reader.read_kept(Some(&wanted)), Ok(true));
    let tally = shared.tally.borrow();
    assert_eq!((reader.held.behind(), tally.version_faults), (0, 0));
    assert_eq!((tally.paced.messages, tally.paced.levels), (5, 5));
    assert_eq!((tally.paced.messages_at_end, tally.paced.levels_at_end), (3, 3));
    assert_eq!((tally.paced.delays.len(), tally.paced.span_us), (2, span));
    drop(tally);
    assert_eq!(reader.read_kept(Some(&wanted)), Ok(false), "the rest is no whole frame");
}

#[tokio::test]
async fn any_other_subscriber_takes_all_there_is() {
    let (mut reader, shared) = sent(Manner::Reads, 5).await;
    assert_eq!(reader.read(None), Ok(true));
    let tally = shared.tally.borrow();
    assert_eq!((tally.reads.messages, tally.reads.delays.len()), (5, 5));
    assert_eq!((tally.paced.messages, tally.reads.messages_at_end), (0, 0));
}
