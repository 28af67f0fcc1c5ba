//! A frame of reserves of one key whose ids alone change, and what its replies say, both without JSON's cost.

use crate::BenchError;

/// Digits of the id's last group, which counts.
const COUNTER_DIGITS: usize = 12;
const ID_ZERO: &str = "-0000-7000-8000-000000000000";
const GRANTED: &[u8] = br#""ok":true"#;
const REFUSED: &[u8] = br#""ok":false"#;
const SHORT: &[u8] = br#""code":"insufficient_stock""#;

/// A frame with places for the ids.
#[derive(Clone, Debug)]
pub struct ReserveFrame {
    text: Vec<u8>,
    /// Where each id's counter ends.
    ends: Vec<usize>,
    next: u64,
}

impl ReserveFrame {
    /// A frame of so many reserves of one unit. Each connection has a number of its own, so that no id is another's.
    #[must_use]
    pub fn new(connection: u32, commands: usize, sku: &str, location: &str) -> Self {
        let mut text = String::from(r#"{"type":"commands","id":"r","commands":["#);
        let mut ends = Vec::with_capacity(commands);
        for number in 0..commands {
            let comma = if number == 0 { "" } else { "," };
            let id = format!("{connection:08x}{ID_ZERO}");
            text += &format!(r#"{comma}{{"op":"reserve","reservation_id":"{id}"#);
            ends.push(text.len());
            text += &format!(r#"","sku":"{sku}","location":"{location}","quantity":1}}"#);
        }
        text += "]}";
        Self { text: text.into_bytes(), ends, next: 0 }
    }

    /// The frame with ids that were never used.
    ///
    /// # Errors
    /// [`BenchError::Answer`] where it is no text, which it is.
    pub fn renewed(&mut self) -> Result<String, BenchError> {
        for end in &self.ends {
            self.next += 1;
            let mut rest = self.next;
            for digit in self.text[end - COUNTER_DIGITS..*end].iter_mut().rev() {
                *digit = b"0123456789abcdef"[usize::from(rest.to_le_bytes()[0] & 15)];
                rest >>= 4;
            }
        }
        String::from_utf8(self.text.clone()).map_err(|error| BenchError::Answer(error.to_string()))
    }
}

/// How many of a frame's commands were granted, and how many refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replies {
    /// Carried out.
    pub granted: u64,
    /// For want of stock.
    pub short: u64,
    /// For anything else.
    pub refused: u64,
}

impl Replies {
    /// Counts a frame's replies.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let (granted, short) = (occurrences(text, GRANTED), occurrences(text, SHORT));
        Self { granted, short, refused: occurrences(text, REFUSED) - short }
    }

    /// All of them.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.granted + self.short + self.refused
    }

    /// Adds another frame's.
    pub fn add(&mut self, other: Self) {
        self.granted += other.granted;
        self.short += other.short;
        self.refused += other.refused;
    }
}

/// All that is looked for begins with a quote, which is rare enough to leap from one to the next.
fn occurrences(text: &str, what: &[u8]) -> u64 {
    let bytes = text.as_bytes();
    let found = text.match_indices('"').filter(|(at, _)| bytes[*at..].starts_with(what));
    u64::try_from(found.count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use saldo_protocol::{Action, ClientMessage};

    use super::*;

    #[test]
    fn a_frame_is_what_the_protocol_reads_and_no_id_comes_twice() {
        let mut frame = ReserveFrame::new(7, 20, "HOT", "X");
        let mut ids = Vec::new();
        for _ in 0..2 {
            let text = frame.renewed().expect("text");
            let message: ClientMessage = serde_json::from_str(&text).expect("a frame");
            let ClientMessage::Commands { commands, .. } = message else { panic!("{text}") };
            ids.extend(commands.iter().map(|command| match command.action {
                Action::Reserve { reservation_id, .. } => reservation_id.to_string(),
                other => panic!("{other:?}"),
            }));
        }
        assert_eq!(ids[0], "00000007-0000-7000-8000-000000000001");
        assert_eq!(ids[39], "00000007-0000-7000-8000-000000000028");
        ids.dedup();
        assert_eq!(ids.len(), 40);
    }

    #[test]
    fn replies_are_counted() {
        let text = r#"{"type":"replies","id":"r","replies":[{"ok":true,"version":2},{"ok":false,"code":"overloaded"},
            {"ok":false,"code":"insufficient_stock","available":0}]}"#;
        assert_eq!(Replies::read(text), Replies { granted: 1, short: 1, refused: 1 });
    }
}
