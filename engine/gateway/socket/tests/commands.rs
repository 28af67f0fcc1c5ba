//! Commands over a connection: their replies, their order, what is in flight, and a client that goes away.

use saldo_ledger::{RefusalCode, Timestamp};
use saldo_protocol::{Code, Reply, ServerMessage};

use super::harness::{Client, PIPE_BYTES, SmallEngine, limits};
use crate::engine::{FrameOp, FrameReply};

fn sell(id: &str, quantities: &[i64]) -> String {
    let commands: Vec<String> = quantities
        .iter()
        .map(|quantity| {
            format!(r#"{{"op":"sell","sku":"A","location":"OSLO","quantity":{quantity}}}"#)
        })
        .collect();
    format!(r#"{{"type":"commands","id":"{id}","commands":[{}]}}"#, commands.join(","))
}

fn done(version: u64) -> FrameReply {
    FrameReply::Done { version, available: 5, expires_at: None, replayed: false }
}

fn replies(message: ServerMessage) -> (String, Vec<Reply>) {
    match message {
        ServerMessage::Replies { id, replies } => (id, replies),
        other => panic!("no replies: {other:?}"),
    }
}

#[tokio::test]
async fn every_command_gets_its_reply_in_its_place() {
    let (engine, mut frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client
        .send(
            r#"{"type":"commands","id":"r1","commands":[{"op":"sell","sku":"A","location":"OSLO","quantity":0},
            {"op":"reserve","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"OSLO","quantity":2,"hold_seconds":60,"key":"k1"},
            7,{"op":"release","reservation_id":"01940000-0000-7000-8000-000000000001","sku":"A","location":"OSLO","from":"committed"}]}"#,
        )
        .await;
    let (commands, reply) = frames.recv().await.unwrap();
    let ops: Vec<_> = commands.iter().map(|command| command.op).collect();
    assert_eq!(ops, [FrameOp::Reserve, FrameOp::Cancel]);
    assert_eq!(commands[0].once.as_deref(), Some("k1"));
    assert_eq!((commands[0].quantity, commands[0].hold_seconds), (Some(2), Some(60)));
    assert_eq!(commands[1].quantity, None);
    assert!(commands[0].id.is_some() && commands[0].id == commands[1].id);

    let granted = FrameReply::Done {
        version: 7,
        available: -1,
        expires_at: Some(Timestamp::from_micros(1)),
        replayed: true,
    };
    let short =
        FrameReply::Refused { code: RefusalCode::QuantityExceedsCommitted, available: Some(0) };
    reply.send(vec![granted, short]).unwrap();
    let malformed = Reply::Refused { code: Code::Malformed, available: None };
    let granted = Reply::Done {
        version: 7,
        available: -1,
        expires_at: Some(saldo_protocol::Timestamp::from_micros(1).unwrap()),
        replayed: true,
    };
    let short = Reply::Refused { code: Code::QuantityExceedsCommitted, available: Some(0) };
    let expected = vec![malformed, granted, malformed, short];
    assert_eq!(replies(client.hear().await), ("r1".to_owned(), expected));
}

#[tokio::test]
async fn frames_reach_the_engine_in_order_and_are_answered_as_they_complete() {
    let (engine, mut frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client.send(&sell("r1", &[1])).await;
    client.send(&sell("r2", &[2, 3])).await;
    let (first, answer_first) = frames.recv().await.unwrap();
    let (second, answer_second) = frames.recv().await.unwrap();
    assert_eq!((first[0].quantity, second[1].quantity), (Some(1), Some(3)));
    answer_second.send(vec![done(2), done(3)]).unwrap();
    assert_eq!(replies(client.hear().await).0, "r2");
    answer_first.send(vec![done(1)]).unwrap();
    assert_eq!(replies(client.hear().await).0, "r1");
}

#[tokio::test]
async fn reading_pauses_while_too_many_frames_are_in_flight() {
    let (engine, mut frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    for id in ["r1", "r2", "r3"] {
        client.send(&sell(id, &[1])).await;
    }
    client.send(r#"{"type":"ping"}"#).await;
    let (_, answer_first) = frames.recv().await.unwrap();
    let (_, answer_second) = frames.recv().await.unwrap();
    // A reply proves that the connection had its turn, and still the third frame was not begun before.
    tokio::task::yield_now().await;
    assert!(frames.try_recv().is_err());
    answer_first.send(vec![done(1)]).unwrap();
    assert_eq!(replies(client.hear().await).0, "r1");
    let (_, answer_third) = frames.recv().await.unwrap();
    assert_eq!(client.hear().await, ServerMessage::Pong);
    answer_third.send(vec![done(3)]).unwrap();
    assert_eq!(replies(client.hear().await).0, "r3");
    answer_second.send(vec![done(2)]).unwrap();
    assert_eq!(replies(client.hear().await).0, "r2");
}

#[tokio::test]
async fn a_client_that_goes_away_stops_nothing() {
    let (engine, mut frames, mut counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client.send(&sell("r1", &[1, 1, 1])).await;
    let (_, answer) = frames.recv().await.unwrap();
    drop(client.socket);
    client.served.await.unwrap();
    answer.send(vec![done(1), done(2), done(3)]).unwrap();
    assert_eq!(counts.recv().await, Some(3));
    assert_eq!(engine.feed_subscriptions(), 0);
}

#[tokio::test]
async fn a_frame_of_too_many_commands_is_refused_whole_and_an_empty_one_answered() {
    let (engine, mut frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    for frame in [sell("r1", &[1, 1, 1, 1, 1]), sell("r1", &[0, 1, 1, 1, 1])] {
        let ServerMessage::Error { id, code, detail } = client.ask(&frame).await else {
            panic!("a frame of 5 commands was taken");
        };
        assert_eq!((id.as_deref(), code), (Some("r1"), Code::LimitExceeded));
        assert!(detail.contains("5 commands, at most 4"), "{detail}");
    }
    assert!(frames.try_recv().is_err());
    client.send(&sell("r2", &[])).await;
    let (commands, answer) = frames.recv().await.unwrap();
    assert!(commands.is_empty());
    answer.send(Vec::new()).unwrap();
    assert_eq!(replies(client.hear().await), ("r2".to_owned(), vec![]));
}
