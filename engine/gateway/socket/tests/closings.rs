//! How connections end: by the engine's stop, by silence, by frames that cannot be read, by slow readers.

use futures_util::{SinkExt, StreamExt};
use saldo_protocol::{Code, ServerMessage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::super::limits::SocketLimits;
use super::harness::{Client, PIPE_BYTES, SmallEngine, limits};
use crate::engine::FrameReply;

#[tokio::test]
async fn a_stop_answers_what_is_in_flight_and_then_says_so() {
    let (engine, mut frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client
        .send(r#"{"type":"commands","id":"r1","commands":[{"op":"sell","sku":"A","location":"OSLO","quantity":1}]}"#)
        .await;
    let (_, answer) = frames.recv().await.unwrap();
    client.stop.send(true).unwrap();
    let done = FrameReply::Done { version: 1, available: 0, expires_at: None, replayed: false };
    answer.send(vec![done]).unwrap();
    assert!(matches!(client.hear().await, ServerMessage::Replies { .. }));
    assert_eq!(client.closed().await.code, CloseCode::Away);
    drop(client.socket);
    client.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_stays_and_a_silent_one_is_closed() {
    let (engine, _frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    // Five pings, 100 seconds of the test's own time: reading them answers them.
    for _ in 0..5 {
        assert!(matches!(client.socket.next().await, Some(Ok(Message::Ping(_)))));
    }
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await, ServerMessage::Pong);
    // From here on nothing is read, so no ping is answered.
    client.served.await.unwrap();
    let mut raw = Vec::new();
    client.socket.get_mut().read_to_end(&mut raw).await.unwrap();
    let reason = b"no frame for 60 seconds";
    assert!(raw.ends_with(reason), "{raw:?}");
    let code = raw[raw.len() - reason.len() - 2..].first_chunk().unwrap();
    assert_eq!(CloseCode::from(u16::from_be_bytes(*code)), CloseCode::Policy);
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_told_so_although_it_is_still_coming() {
    let (engine, _frames, _counts) = SmallEngine::new();
    let limits = SocketLimits { frame_bytes_max: 1024, ..limits() };
    let client = Client::connect(&engine, limits, 4096).await;
    let (mut sink, mut stream) = client.socket.split();
    let sent = sink.send(Message::Text("x".repeat(1 << 20).into()));
    let (_, frame) = tokio::join!(sent, stream.next());
    let Some(Ok(Message::Close(Some(frame)))) = frame else {
        panic!("ended with {frame:?}");
    };
    assert_eq!(frame.code, CloseCode::Size);
    client.stop.send_replace(true);
}

#[tokio::test]
async fn a_text_that_is_not_utf_8_closes_the_connection() {
    let (engine, _frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    // A final, masked text frame of two bytes under a mask of zeros: 0xC3 0x28 is no UTF-8.
    let raw = [0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28];
    client.socket.get_mut().write_all(&raw).await.unwrap();
    assert_eq!(client.closed().await.code, CloseCode::Invalid);
}

#[tokio::test]
async fn a_frame_without_a_mask_breaks_the_protocol() {
    let (engine, _frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client.socket.get_mut().write_all(&[0x81, 0x02, b'{', b'}']).await.unwrap();
    assert_eq!(client.closed().await.code, CloseCode::Protocol);
}

#[tokio::test]
async fn a_binary_frame_is_an_error_and_the_connection_stays() {
    let (engine, _frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client.socket.send(Message::Binary(Bytes::from_static(b"{}"))).await.unwrap();
    let ServerMessage::Error { id, code, .. } = client.hear().await else {
        panic!("a binary frame was taken");
    };
    assert_eq!((id, code), (None, Code::Malformed));
    client.socket.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    let pong = client.socket.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"there?")));
    assert_eq!(client.ask(r#"{"type":"ping"}"#).await, ServerMessage::Pong);
}

#[tokio::test]
async fn a_reader_that_lets_too_much_wait_is_closed_with_the_reason() {
    let (engine, _frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client.ask(r#"{"type":"subscribe","id":"a"}"#).await;
    client.hear().await;
    // All in one round, before the connection has its turn: 11 keys where 10 may wait.
    for number in 0..11 {
        engine.change(&format!("A{number}"), "OSLO");
    }
    engine.pass_on();
    let frame = client.closed().await;
    assert_eq!(frame.code, CloseCode::Again);
    assert!(frame.reason.contains("more than 10 levels"), "{}", frame.reason);
    drop(client.socket);
    client.served.await.unwrap();
    assert_eq!(engine.feed_subscriptions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_dead_costs_its_own_connection_only() {
    let (engine, _frames, _counts) = SmallEngine::new();
    for number in 0..50 {
        engine.change(&format!("A{number}"), "OSLO");
    }
    // A pipe that a snapshot does not fit into, and nobody at its end.
    let mut client = Client::connect(&engine, limits(), 256).await;
    client.send(r#"{"type":"subscribe","id":"a"}"#).await;
    client.served.await.unwrap();
    assert_eq!(engine.feed_subscriptions(), 0);
}

#[tokio::test]
async fn a_goodbye_is_answered() {
    let (engine, _frames, _counts) = SmallEngine::new();
    let mut client = Client::connect(&engine, limits(), PIPE_BYTES).await;
    client.socket.send(Message::Close(None)).await.unwrap();
    assert!(matches!(client.socket.next().await, Some(Ok(Message::Close(_)))));
    drop(client.socket);
    client.served.await.unwrap();
}
