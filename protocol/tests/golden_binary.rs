//! The two forms of a frame say the same, and the bytes of the binary one never change.

mod golden_frames;

use golden_frames::{CLIENT, ENGINE, bytes};
use saldo_protocol::binary::{ActionRecord, ClientFrame, ServerFrame};
use saldo_protocol::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The table's JSON on one line: compared as text, so that the order of the fields counts too.
fn compact(text: &str) -> String {
    text.lines().map(str::trim_start).collect()
}

#[test]
fn frames_of_a_client_have_these_bytes() {
    for &(text, row) in CLIENT {
        let golden = bytes(row);
        let message: ClientMessage = parse_body(text.as_bytes()).expect(text);
        assert_eq!(hex(&ClientFrame::from(&message).encode()), hex(&golden), "{text}");
        let frame = ClientFrame::decode(&golden).expect(text);
        assert_eq!(ClientMessage::try_from(frame).expect(text), message);
        assert_eq!(serde_json::to_string(&message).expect("JSON"), compact(text));
    }
}

#[test]
fn frames_of_the_engine_have_these_bytes() {
    for &(text, row) in ENGINE {
        let golden = bytes(row);
        let message: ServerMessage = serde_json::from_str(text).expect(text);
        assert_eq!(hex(&ServerFrame::from(&message).encode()), hex(&golden), "{text}");
        let frame = ServerFrame::decode(&golden).expect(text);
        assert_eq!(ServerMessage::try_from(frame).expect(text), message);
        assert_eq!(serde_json::to_string(&message).expect("JSON"), compact(text));
    }
}

#[test]
fn the_table_has_every_frame_op_and_view() {
    let first_bytes = |rows: &[(&str, &str)]| {
        let mut seen: Vec<u8> = rows.iter().map(|(_, row)| bytes(row)[0]).collect();
        seen.dedup();
        seen
    };
    assert_eq!(first_bytes(CLIENT), [0, 1, 2, 3]);
    assert_eq!(first_bytes(ENGINE), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    let all = CLIENT.iter().chain(ENGINE).map(|(text, _)| *text).collect::<String>();
    for name in [
        "reserve",
        "extend",
        "commit",
        "fulfil",
        "release",
        "sell",
        "receive",
        "exact",
        "banded",
        "boolean",
        "out_of_stock",
        "low_stock",
        "in_stock",
        "is_available",
        "earliest",
        "events",
    ] {
        assert!(all.contains(&format!("\"{name}\"")), "{name} is missing in the table");
    }
}

#[test]
fn kinds_of_events_are_numbered_in_their_order() {
    let kinds = "received adjusted counted policy_set reserved extended committed fulfilled released expired \
        returned sold opening";
    let (text, row) = ENGINE.iter().find(|(text, _)| text.contains("events")).expect("a row");
    // Frame, id, length, cursor, sku, location and version lie before it.
    let (at, mut golden) = (11, bytes(row));
    for (number, kind) in (0..).zip(kinds.split_whitespace()) {
        let text = text.replace("\"reserved\",\"q", &format!("\"{kind}\",\"q"));
        let message: ServerMessage = serde_json::from_str(&text).expect(kind);
        golden[at] = number;
        assert_eq!(hex(&ServerFrame::from(&message).encode()), hex(&golden), "{kind}");
    }
    golden[at] = 13;
    assert!(ServerFrame::decode(&golden).is_err(), "there is no fourteenth kind");
}

#[test]
fn numbers_that_stand_for_nothing_are_refused_by_name() {
    let refused = |frame: &[u8]| {
        let frame = ServerFrame::decode(frame).expect("well-formed");
        ServerMessage::try_from(frame).expect_err("refused").to_string()
    };
    let view = refused(&bytes("00 0161 0178 03"));
    assert_eq!(view, "`view` must be a whole number from 0 to 2, found 3");
    let code = refused(&bytes("08 00 18 00"));
    assert_eq!(code, "`code` must be a whole number from 1 to 23, found 24");

    let refused = |frame: &[u8]| {
        let frame = ClientFrame::decode(frame).expect("well-formed");
        ClientMessage::try_from(frame).expect_err("refused").to_string()
    };
    for (frame, told) in [
        ("01 00", "`id` must be 1 to 64 bytes"),
        ("00 0161 010100 00 00 00 00 00", "`sku` must be 1 to 64 bytes"),
        ("00 0161 00 010100 00 00 00 00", "`sku_prefixes` must be 1 to 64 bytes"),
        ("00 0161 00 00 01010a2121212121212121210a 00 00 00", "no control characters"),
        ("00 0161 00 00 00 00 0103 00", "`view` must be a whole number from 0 to 2, found 3"),
        ("00 0161 00 00 00 01 0100 00", "`view` is not taken with `\"mode\":\"events\"`"),
        ("00 0161 00 00 00 00 00 010120", "`cursor` must hold visible"),
        ("03 0161 00 01 00 00 05 01", "`stock` must be a whole number from 0 to -1, found 0"),
        (
            "03 0161 01 0141014c 01 01 00 05 01",
            "`stock` must be a whole number from 0 to 0, found 1",
        ),
        ("03 0161 01 0141014c 01 00 00 05 00", "`quantity` must be a whole number from 1"),
        ("03 0161 01 0141014c 01 00 010120 05 01", "idempotency"),
    ] {
        let told_here = refused(&bytes(frame));
        assert!(told_here.to_lowercase().contains(told), "{told_here:?} must say {told:?}");
    }
}

#[test]
fn one_bad_command_can_be_told_from_the_others() {
    let golden = bytes("03 0161 01 0141014c 03 00 00 05 01 07 00 05 01 00 00 06 00");
    let frame = ClientFrame::decode(&golden).expect("well-formed");
    assert_eq!(frame.id(), Some("a"));
    let ClientFrame::Commands { stocks, commands, .. } = frame else { panic!("no commands") };
    let read: Vec<bool> = commands.0.iter().map(|c| c.command(&stocks.0).is_ok()).collect();
    assert_eq!(read, [true, false, false]);
    assert_eq!(commands.0[2].action, ActionRecord::Receive { quantity: 0 });
}
