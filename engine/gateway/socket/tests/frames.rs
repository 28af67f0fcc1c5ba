//! What a text frame may say, and what is said about one that says something else.

use saldo_protocol::Code;

use super::super::incoming::{Incoming, Misunderstood};

const COMMANDS_MAX: usize = 4;

fn misunderstood(frame: &str) -> Misunderstood {
    match Incoming::read_text(frame, COMMANDS_MAX) {
        Err(misunderstood) => misunderstood,
        Ok(read) => panic!("{frame} was read as {read:?}"),
    }
}

#[test]
fn what_is_no_message_is_malformed_with_its_id_where_it_has_one() {
    let deep = format!(r#"{{"type":"ping","x":{}}}"#, "[".repeat(100_000));
    for (frame, id) in [
        ("", None),
        ("{", None),
        ("[]", None),
        ("null", None),
        (r#""subscribe""#, None),
        ("{}", None),
        (r#"{"id":"a"}"#, Some("a")),
        (r#"{"type":"hello","id":"a"}"#, Some("a")),
        (r#"{"type":"ping","id":"a"}"#, Some("a")),
        (r#"{"type":"subscribe","id":7}"#, None),
        (r#"{"type":"commands","id":"a"}"#, Some("a")),
        (r#"{"type":"commands","id":"a","commands":{}}"#, Some("a")),
        (r#"{"type":"commands","id":"a","commands":[],"x":1}"#, Some("a")),
        (r#"{"type":"commands","commands":[]}"#, None),
        (deep.as_str(), None),
    ] {
        let misunderstood = misunderstood(frame);
        let shown = &frame[..frame.len().min(80)];
        assert_eq!(misunderstood.code, Code::Malformed, "{shown}");
        assert_eq!(misunderstood.id.as_ref().map(AsRef::as_ref), id, "{shown}");
        assert!(!misunderstood.detail.is_empty(), "{shown}");
    }
}

#[test]
fn an_error_does_not_repeat_a_whole_frame() {
    let misunderstood = misunderstood(&format!(r#"{{"type":"{}"}}"#, "räv".repeat(100_000)));
    assert!(misunderstood.detail.len() <= 512, "{}", misunderstood.detail.len());
}

#[test]
fn a_malformed_command_costs_itself_alone() {
    const ID: &str = "01940000-0000-7000-8000-000000000001";
    const NIL: &str = "00000000-0000-0000-0000-000000000000";
    let good = r#"{"op":"receive","sku":"A","location":"OSLO","quantity":1}"#;
    for bad in [
        "null".to_owned(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"op":"steal","sku":"A","location":"OSLO","quantity":1}"#.to_owned(),
        r#"{"op":"sell","sku":"","location":"OSLO","quantity":1}"#.to_owned(),
        r#"{"op":"sell","sku":"A\n","location":"OSLO","quantity":1}"#.to_owned(),
        r#"{"op":"sell","sku":"A","location":"OSLO","quantity":1.5}"#.to_owned(),
        r#"{"op":"sell","sku":"A","location":"OSLO","quantity":"1"}"#.to_owned(),
        r#"{"op":"sell","sku":"A","location":"OSLO","quantity":2147483648}"#.to_owned(),
        r#"{"op":"sell","sku":"A","location":"OSLO"}"#.to_owned(),
        r#"{"op":"sell","sku":"A","location":"OSLO","quantity":1,"colour":"red"}"#.to_owned(),
        format!(
            r#"{{"op":"sell","reservation_id":"{ID}","sku":"A","location":"OSLO","quantity":1}}"#
        ),
        format!(
            r#"{{"op":"reserve","reservation_id":"{NIL}","sku":"A","location":"OSLO","quantity":1}}"#
        ),
        format!(r#"{{"op":"extend","reservation_id":"{ID}","sku":"A","location":"OSLO"}}"#),
        format!(
            r#"{{"op":"commit","reservation_id":"{ID}","sku":"A","location":"OSLO","from":"held"}}"#
        ),
    ] {
        let frame = format!(r#"{{"commands":[{good},{bad},{good}],"id":"r1","type":"commands"}}"#);
        let Ok(Incoming::Commands(read)) = Incoming::read_text(&frame, COMMANDS_MAX) else {
            panic!("the frame was refused for {bad}");
        };
        assert_eq!((read.commands.len(), read.malformed), (2, vec![1]), "{bad}");
        assert_eq!(read.id.as_str(), "r1");
    }
}
