//! Frames with bytes changed, cut, doubled and spliced are read or refused, never a panic; and what is read is read
//! back the same from what it is written as.
//!
//! Each run prints its seed. `SALDO_FUZZ_SEED=<seed>` repeats a run, `SALDO_FUZZ_CASES=<number>` sets the cases of
//! each test (100,000). The long form, some minutes:
//! `SALDO_FUZZ_CASES=20000000 cargo test --release -p saldo-protocol --test hostile_frames`.

mod golden_frames;

use golden_frames::{CLIENT, ENGINE, bytes};
use saldo_protocol::binary::{ClientFrame, ServerFrame};
use saldo_protocol::*;
use std::hash::{BuildHasher, RandomState};

/// Cases of each test when nothing else is asked for.
const CASES: u64 = 100_000;
/// Changes to one frame at most.
const CHANGES_MAX: u64 = 6;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `end`, which is at least 1.
    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).expect("64 bits")).expect("below `end`")
    }

    fn byte(&mut self) -> u8 {
        // Values at which the encodings turn are worth more than others.
        const EDGES: [u8; 12] = [0, 1, 0x7f, 0x80, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, b'"', b'{'];
        match self.below(2) {
            0 => EDGES[self.below(EDGES.len())],
            _ => self.next().to_le_bytes()[0],
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a whole number, found {text:?}")))
}

/// Runs `check` on frames made from `whole` ones, each a few changes away from one of them.
fn mutated(test: &str, whole: &[Vec<u8>], check: impl Fn(&[u8])) {
    let seed = setting("SALDO_FUZZ_SEED").unwrap_or_else(|| RandomState::new().hash_one(test));
    let cases = setting("SALDO_FUZZ_CASES").unwrap_or(CASES);
    println!("{test}: SALDO_FUZZ_SEED={seed} SALDO_FUZZ_CASES={cases}");
    let mut random = Random(seed);
    for _ in 0..cases {
        let mut frame = whole[random.below(whole.len())].clone();
        for _ in 0..=random.next() % CHANGES_MAX {
            change(&mut frame, whole, &mut random);
        }
        check(&frame);
    }
}

fn change(frame: &mut Vec<u8>, whole: &[Vec<u8>], random: &mut Random) {
    let at = random.below(frame.len() + 1);
    match random.below(7) {
        0 if at < frame.len() => frame[at] = random.byte(),
        1 if at < frame.len() => frame[at] ^= 1 << random.below(8),
        2 => frame.insert(at, random.byte()),
        3 => frame.truncate(at),
        4 => {
            let end = (at + 1 + random.below(9)).min(frame.len());
            drop(frame.drain(at..end));
        }
        5 => {
            // A piece of another frame, at most 64 bytes, so that frames stay short and cases many.
            let other = &whole[random.below(whole.len())];
            let start = random.below(other.len());
            let end = (start + 1 + random.below(64)).min(other.len());
            frame.splice(at..at, other[start..end].iter().copied());
        }
        _ => {
            let end = (at + 1 + random.below(16)).min(frame.len());
            frame.extend_from_within(at..end);
        }
    }
}

fn binary(rows: &[(&str, &str)]) -> Vec<Vec<u8>> {
    rows.iter().map(|(_, row)| bytes(row)).collect()
}

fn texts(rows: &[(&str, &str)]) -> Vec<Vec<u8>> {
    rows.iter().map(|(text, _)| text.as_bytes().to_vec()).collect()
}

#[test]
fn of_a_client_in_binary() {
    mutated("of_a_client_in_binary", &binary(CLIENT), |bytes| {
        let Ok(frame) = ClientFrame::decode(bytes) else { return };
        let again = frame.encode();
        assert_eq!(ClientFrame::decode(&again).expect("its own bytes"), frame);
        if let ClientFrame::Commands { stocks, commands, .. } = &frame {
            for command in &commands.0 {
                // Each is read or refused by itself.
                let _ = command.command(&stocks.0);
            }
        }
        if let Ok(message) = ClientMessage::try_from(frame) {
            let json = serde_json::to_vec(&message).expect("JSON");
            assert_eq!(parse_body::<ClientMessage>(&json).expect("its own JSON"), message);
        }
    });
}

#[test]
fn of_the_engine_in_binary() {
    mutated("of_the_engine_in_binary", &binary(ENGINE), |bytes| {
        let Ok(frame) = ServerFrame::decode(bytes) else { return };
        let again = frame.encode();
        assert_eq!(ServerFrame::decode(&again).expect("its own bytes"), frame);
        if let Ok(message) = ServerMessage::try_from(frame) {
            let json = serde_json::to_vec(&message).expect("JSON");
            assert_eq!(serde_json::from_slice::<ServerMessage>(&json).expect("its own"), message);
        }
    });
}

#[test]
fn of_a_client_in_json() {
    mutated("of_a_client_in_json", &texts(CLIENT), |bytes| {
        let _ = str::from_utf8(bytes).map(ClientMessage::id_of_unread);
        let Ok(message) = parse_body::<ClientMessage>(bytes) else { return };
        let frame = ClientFrame::from(&message).encode();
        let frame = ClientFrame::decode(&frame).expect("a frame");
        assert_eq!(ClientMessage::try_from(frame).expect("its own bytes"), message);
    });
}

#[test]
fn of_the_engine_in_json() {
    mutated("of_the_engine_in_json", &texts(ENGINE), |bytes| {
        let Ok(message) = serde_json::from_slice::<ServerMessage>(bytes) else { return };
        let json = serde_json::to_vec(&message).expect("JSON");
        assert_eq!(serde_json::from_slice::<ServerMessage>(&json).expect("its own"), message);
    });
}
