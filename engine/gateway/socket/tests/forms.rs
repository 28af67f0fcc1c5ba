//! Both forms say the same: one conversation, held in JSON and in binary at the same time.

use saldo_ledger::{RefusalCode, Timestamp};
use saldo_protocol::ServerMessage;

use super::super::form::Form;
use super::harness::{ALL, Client, PIPE_BYTES, SmallEngine, limits};
use super::small_engine::FramesTaken;
use crate::engine::FrameReply;

/// The same engine, twice, with a client of each form.
struct Both {
    engines: [(SmallEngine, FramesTaken); 2],
    clients: [Client; 2],
}

impl Both {
    async fn connect() -> Self {
        let engines = [SmallEngine::new(), SmallEngine::new()].map(|it| (it.0, it.1));
        let client =
            |at: usize, form| Client::connect_as(&engines[at].0, form, ALL, limits(), PIPE_BYTES);
        let clients = [client(0, Form::Json).await, client(1, Form::Binary).await];
        Self { engines, clients }
    }

    /// Says this to both, and hears so many messages: the same from both.
    async fn say(&mut self, frame: &str, messages: usize) -> Vec<ServerMessage> {
        for client in &mut self.clients {
            client.send(frame).await;
        }
        self.hear(messages).await
    }

    async fn hear(&mut self, messages: usize) -> Vec<ServerMessage> {
        let mut heard = Vec::new();
        for _ in 0..messages {
            let [json, binary] = &mut self.clients;
            let (json, binary) = (json.hear().await, binary.hear().await);
            assert_eq!(json, binary);
            heard.push(json);
        }
        heard
    }

    fn change(&self, changes: &[(&str, &str, i64)]) {
        for (engine, _) in &self.engines {
            for (sku, location, delta) in changes {
                engine.change_by(sku, location, *delta);
            }
        }
    }

    fn pass_on(&self) {
        self.engines.iter().for_each(|(engine, _)| engine.pass_on());
    }
}

fn kinds(heard: &[ServerMessage]) -> Vec<String> {
    let kind =
        |message| serde_json::to_value(message).unwrap()["type"].as_str().unwrap().to_owned();
    heard.iter().map(kind).collect()
}

#[tokio::test]
async fn one_conversation_is_the_same_in_both_forms() {
    let mut both = Both::connect().await;
    both.change(&[("A", "OSLO", 7), ("räv \"1\"", "MALMÖ", -3), ("TEE-1", "OSLO", 1)]);
    both.pass_on();
    let heard =
        both.say(r#"{"type":"subscribe","id":"l","skus":["A","räv \"1\"","TEE-1"]}"#, 3).await;
    assert_eq!(kinds(&heard), ["subscribed", "snapshot", "snapshot"]);
    let heard =
        both.say(r#"{"type":"subscribe","id":"e","mode":"events","cursor":"earliest"}"#, 3).await;
    assert_eq!(kinds(&heard), ["subscribed", "events", "events"]);
    let heard =
        both.say(r#"{"type":"subscribe","id":"b","view":"boolean","locations":["OSLO"]}"#, 3).await;
    assert_eq!(kinds(&heard), ["subscribed", "snapshot", "snapshot"]);

    // One key each, so that nothing else than the turns decides on the order.
    both.change(&[("A", "OSLO", -7)]);
    both.pass_on();
    let mut heard = kinds(&both.hear(3).await);
    heard.sort_unstable();
    assert_eq!(heard, ["delta", "delta", "events"]);

    for (frame, kind) in [
        (r#"{"type":"ping"}"#, "pong"),
        (r#"{"type":"subscribe","id":"e"}"#, "error"),
        (r#"{"type":"subscribe","id":"x"}"#, "error"),
        (r#"{"type":"unsubscribe","id":"x"}"#, "error"),
        (r#"{"type":"subscribe","id":"x","skus":[]}"#, "error"),
        (r#"{"type":"subscribe","id":"x","skus":["1","2","3","4"]}"#, "error"),
        (r#"{"type":"unsubscribe","id":"b"}"#, "unsubscribed"),
    ] {
        assert_eq!(kinds(&both.say(frame, 1).await), [kind], "{frame}");
    }
    for cursor in ["99", "theirs"] {
        let frame =
            format!(r#"{{"type":"subscribe","id":"g","mode":"events","cursor":"{cursor}"}}"#);
        assert_eq!(kinds(&both.say(&frame, 2).await), ["subscribed", "gap"], "{frame}");
        let frame = format!(
            r#"{{"type":"subscribe","id":"f","view":"banded","skus":["A"],"cursor":"{cursor}"}}"#
        );
        let heard = both.say(&frame, 2).await;
        assert!(matches!(heard[1], ServerMessage::Snapshot { full: true, .. }), "{heard:?}");
        both.say(r#"{"type":"unsubscribe","id":"f"}"#, 1).await;
    }
}

#[tokio::test]
async fn replies_are_the_same_in_both_forms() {
    let mut both = Both::connect().await;
    let sell = r#"{"op":"sell","sku":"A","location":"OSLO","quantity":1}"#;
    let frame =
        format!(r#"{{"type":"commands","id":"r","commands":[{sell},{sell},{sell},{sell}]}}"#);
    let at = Timestamp::from_micros(1_767_225_600_000_000);
    let replies = vec![
        FrameReply::Done { version: 1, available: -5, expires_at: None, replayed: false },
        FrameReply::Done { version: 1 << 53, available: 0, expires_at: Some(at), replayed: true },
        FrameReply::Refused { code: RefusalCode::InsufficientStock, available: Some(3) },
        FrameReply::Refused { code: RefusalCode::Overloaded, available: None },
    ];
    for client in &mut both.clients {
        client.send(&frame).await;
    }
    for (_, frames) in &mut both.engines {
        let (commands, reply) = frames.recv().await.unwrap();
        assert_eq!(commands.len(), 4);
        reply.send(replies.clone()).unwrap();
    }
    assert_eq!(kinds(&both.hear(1).await), ["replies"]);
    let frame = format!(r#"{{"type":"commands","id":"r","commands":[{}]}}"#, [sell; 5].join(","));
    assert_eq!(kinds(&both.say(&frame, 1).await), ["error"]);
}
