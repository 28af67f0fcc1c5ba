//! What a binary frame may say, and what is said about one that says something else.

use futures_util::SinkExt;
use saldo_protocol::binary::{ActionRecord, ClientFrame, CommandRecord, Row, StockName};
use saldo_protocol::{Code, ServerMessage};
use tokio_tungstenite::tungstenite::Message;

use super::super::form::Form;
use super::super::incoming::Incoming;
use super::harness::{ALL, Client, PIPE_BYTES, SmallEngine, limits};
use super::random::Random;

const COMMANDS_MAX: usize = 4;
const ID: [u8; 16] = 0x0194_0000_0000_7000_8000_0000_0000_0001_u128.to_be_bytes();
const GOOD: CommandRecord<'_> =
    CommandRecord { stock: 1, key: Some("k"), action: ActionRecord::Receive { quantity: 1 } };

/// A frame whose table names a key that is none, one that is, and one at a place that is none.
fn frame<'a>(commands: &[CommandRecord<'a>]) -> ClientFrame<'a> {
    let stocks = [("", "OSLO"), ("A", "OSLO"), ("A", "..")];
    let stocks = stocks.map(|(sku, location)| StockName { sku, location });
    let commands = Row(commands.to_vec());
    ClientFrame::Commands { id: "r1", stocks: Row(stocks.to_vec()), commands }
}

#[test]
fn a_malformed_command_costs_itself_alone() {
    let sell = |stock, quantity| CommandRecord {
        stock,
        key: None,
        action: ActionRecord::Sell { quantity },
    };
    let of_action = |action| CommandRecord { stock: 1, key: None, action };
    for bad in [
        sell(0, 1),
        sell(2, 1),
        sell(3, 1),
        sell(u32::MAX, 1),
        sell(1, 0),
        sell(1, 1 << 31),
        CommandRecord { key: Some(""), ..sell(1, 1) },
        CommandRecord { key: Some("två ord"), ..sell(1, 1) },
        of_action(ActionRecord::Reserve {
            reservation_id: [0; 16],
            quantity: 1,
            hold_seconds: None,
        }),
        of_action(ActionRecord::Reserve { reservation_id: ID, quantity: 1, hold_seconds: Some(0) }),
        of_action(ActionRecord::Extend { reservation_id: ID, hold_seconds: 1 << 31 }),
        of_action(ActionRecord::Commit { reservation_id: ID, quantity: Some(0) }),
        of_action(ActionRecord::Release {
            reservation_id: [0; 16],
            quantity: None,
            from_committed: false,
        }),
    ] {
        let bytes = frame(&[GOOD, bad, GOOD]).encode();
        let Ok(Incoming::Commands(read)) = Incoming::read_bytes(&bytes, COMMANDS_MAX) else {
            panic!("the frame was refused for {bad:?}");
        };
        assert_eq!((read.commands.len(), read.malformed), (2, vec![1]), "{bad:?}");
        assert_eq!(read.id.as_str(), "r1");
        assert_eq!(read.commands[1].once.as_deref(), Some("k"));
        assert_eq!(read.commands[1].key.to_string(), "A@OSLO");
    }
}

#[test]
fn commands_say_the_same_in_both_forms() {
    let id = "01940000-0000-7000-8000-000000000001";
    let stock = r#""sku":"A","location":"OSLO""#;
    for command in [
        format!(
            r#"{{"op":"reserve","reservation_id":"{id}",{stock},"quantity":2,"hold_seconds":60}}"#
        ),
        format!(r#"{{"op":"reserve","reservation_id":"{id}",{stock},"quantity":2,"key":"k1"}}"#),
        format!(r#"{{"op":"extend","reservation_id":"{id}",{stock},"hold_seconds":60}}"#),
        format!(r#"{{"op":"commit","reservation_id":"{id}",{stock}}}"#),
        format!(r#"{{"op":"fulfil","reservation_id":"{id}",{stock},"quantity":1}}"#),
        format!(r#"{{"op":"release","reservation_id":"{id}",{stock}}}"#),
        format!(r#"{{"op":"release","reservation_id":"{id}",{stock},"from":"committed"}}"#),
        format!(r#"{{"op":"sell",{stock},"quantity":2147483647}}"#),
        format!(r#"{{"op":"receive",{stock},"quantity":1}}"#),
    ] {
        let text = format!(r#"{{"type":"commands","id":"r","commands":[{command}]}}"#);
        let message = serde_json::from_str(&text).unwrap();
        let bytes = ClientFrame::from(&message).encode();
        let [text, bytes] =
            [Incoming::read_text(&text, COMMANDS_MAX), Incoming::read_bytes(&bytes, COMMANDS_MAX)]
                .map(|read| match read {
                    Ok(Incoming::Commands(frame)) if frame.malformed.is_empty() => {
                        format!("{:?}", frame.commands)
                    }
                    other => panic!("{command}: {other:?}"),
                });
        assert_eq!(text, bytes);
    }
}

#[test]
fn a_frame_of_too_many_commands_is_refused_whole() {
    let refused = Incoming::read_bytes(&frame(&[GOOD; 5]).encode(), COMMANDS_MAX).unwrap_err();
    assert_eq!((refused.code, refused.id.unwrap().as_str()), (Code::LimitExceeded, "r1"));
}

#[test]
fn bytes_that_are_no_frame_are_an_error_whatever_they_are() {
    let whole = frame(&[GOOD; 3]).encode();
    for length in 0..whole.len() {
        let refused = Incoming::read_bytes(&whole[..length], COMMANDS_MAX).unwrap_err();
        assert_eq!(refused.code, Code::Malformed, "the first {length} bytes");
    }
    let refused = Incoming::read_bytes(&[&whole[..], b"x"].concat(), COMMANDS_MAX).unwrap_err();
    assert!(refused.detail.contains("1 bytes are left over"), "{}", refused.detail);
    for seed in 1..=2_000 {
        let mut random = Random(seed);
        let mut bytes = whole.clone();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = u8::try_from(random.below(256)).unwrap();
        }
        // Read as something or refused: it is enough that it ends, whatever lengths it announces.
        let _ = Incoming::read_bytes(&bytes, COMMANDS_MAX);
        bytes.iter_mut().for_each(|byte| *byte = u8::try_from(random.below(256)).unwrap());
        let _ = Incoming::read_bytes(&bytes, COMMANDS_MAX);
    }
}

#[test]
fn names_out_of_range_are_malformed() {
    let long = "x".repeat(65);
    for frame in [
        ClientFrame::Unsubscribe { id: "" },
        ClientFrame::Unsubscribe { id: &long },
        ClientFrame::Commands { id: "\n", stocks: Row(vec![]), commands: Row(vec![]) },
    ] {
        let refused = Incoming::read_bytes(&frame.encode(), COMMANDS_MAX).unwrap_err();
        assert_eq!((refused.code, refused.id), (Code::Malformed, None), "{frame:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_an_error_and_the_connection_stays() {
    let text = || Message::Text(r#"{"type":"ping"}"#.into());
    let bytes = |bytes: &[u8]| Message::Binary(bytes.to_vec().into());
    for (form, sent, words) in [
        (Form::Json, bytes(&ClientFrame::Ping.encode()), "saldo.v1.json"),
        (Form::Json, Message::Text("garbage".into()), "expected value"),
        (Form::Binary, text(), "saldo.v1.bin"),
        (Form::Binary, bytes(b""), "saldo.v1.bin"),
        (Form::Binary, bytes(b"{}"), "saldo.v1.bin"),
        (Form::Binary, bytes(&[0xFF; 1_000]), "saldo.v1.bin"),
        (Form::Binary, bytes(&[3, 0, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF]), "saldo.v1.bin"),
    ] {
        let (engine, _frames, _counts) = SmallEngine::new();
        let mut client = Client::connect_as(&engine, form, ALL, limits(), PIPE_BYTES).await;
        client.socket.send(sent.clone()).await.unwrap();
        let ServerMessage::Error { id, code, detail } = client.hear().await else {
            panic!("{form:?} took {sent:?}");
        };
        assert_eq!((id, code), (None, Code::Malformed), "{sent:?}");
        assert!(detail.contains(words), "{sent:?}: {detail}");
        assert_eq!(client.ask(r#"{"type":"ping"}"#).await, ServerMessage::Pong);
    }
}
