//! Bytes that are no frame are an error that tells why: never a panic, and never memory for what is not there.

mod golden_frames;

use golden_frames::{CLIENT, ENGINE, bytes};
use saldo_protocol::binary::{
    ActionRecord, BinaryFault, ClientFrame, CommandRecord, Row, ServerFrame, StockName,
};

fn refusal(hex: &str) -> String {
    ClientFrame::decode(&bytes(hex)).expect_err(hex).to_string()
}

#[test]
fn a_frame_cut_anywhere_is_an_error() {
    for &(text, row) in CLIENT {
        let whole = bytes(row);
        for length in 0..whole.len() {
            assert!(ClientFrame::decode(&whole[..length]).is_err(), "{length} bytes of {text}");
        }
    }
    for &(text, row) in ENGINE {
        let whole = bytes(row);
        for length in 0..whole.len() {
            assert!(ServerFrame::decode(&whole[..length]).is_err(), "{length} bytes of {text}");
        }
    }
}

#[test]
fn bytes_behind_a_frame_are_an_error() {
    for &(text, row) in CLIENT {
        let mut frame = bytes(row);
        frame.extend([0, 0]);
        let fault = ClientFrame::decode(&frame).expect_err(text);
        assert!(matches!(fault, BinaryFault::LeftOver { left: 2 }), "{fault}");
    }
    for &(text, row) in ENGINE {
        let mut frame = bytes(row);
        frame.push(7);
        let fault = ServerFrame::decode(&frame).expect_err(text);
        assert!(matches!(fault, BinaryFault::LeftOver { left: 1 }), "{fault}");
    }
}

/// A list that took memory for its announced length would end the process here.
#[test]
fn lists_take_memory_for_what_is_there() {
    for length in
        ["fa", "fb0000", "fbffff", "fcffffffff", "fdffffffffffffff7f", "fdffffffffffffffff"]
    {
        // The table's keys, the commands, the SKUs, the bytes of a text.
        for frame in ["03 0161", "03 0161 00", "03 0161 01 0141014c", "00 0161 01", "00"] {
            let told = refusal(&format!("{frame} {length} 01"));
            assert!(told.starts_with("not a frame of saldo.v1.bin"), "{told}");
        }
        for frame in ["01 0161", "02 0161", "03 0161", "07 0161"] {
            assert!(ServerFrame::decode(&bytes(&format!("{frame} {length} 01"))).is_err());
        }
    }
}

#[test]
fn what_the_encoding_has_no_meaning_for_is_an_error() {
    for frame in [
        "04",                                 // no such frame
        "0b",                                 // none either
        "fb0000 0161",                        // cut within a wide number
        "fe00000000000000000000000000000000", // 128 bits wide
        "ff",                                 // no width
        "01 01ff",                            // no UTF-8
        "01 02c328",                          // nor this
        "00 0161 02 00 00 00 00 00",          // neither there nor left out
        "00 0161 00 00 00 02 00 00",          // neither true nor false
        "03 0161 01 0141014c 01 00 00 07 01", // no such op
    ] {
        assert!(refusal(frame).starts_with("not a frame of saldo.v1.bin: "), "{frame}");
    }
}

#[test]
fn long_lists_come_back_whole() {
    let name = StockName { sku: "A", location: "L" };
    let action = ActionRecord::Sell { quantity: 1 };
    let command = CommandRecord { stock: 0, key: None, action };
    let frame = ClientFrame::Commands {
        id: "r",
        stocks: Row(vec![name]),
        commands: Row(vec![command; 8_192]),
    };
    let bytes = frame.encode();
    assert_eq!(ClientFrame::decode(&bytes).expect("a frame"), frame);
    assert!(bytes.len() < 8_192 * 5, "{} bytes for 8,192 sales", bytes.len());
}
