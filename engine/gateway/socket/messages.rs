//! What the engine says on the feed, as text frames. Messages full of levels are assembled from levels that are
//! encoded already; their shape is that of `saldo_protocol::ServerMessage` all the same.

use saldo_ledger::{Level, Timestamp};
use saldo_protocol::{Code, FrameId, Reply, ServerMessage};

use super::incoming::Misunderstood;
use crate::engine::FrameReply;
use crate::gateway::{convert, refusal};

/// A level takes about so many bytes of JSON: the first capacity of a message is a multiple of it.
const LEVEL_BYTES: usize = 320;

/// A message around a list of levels, begun.
#[derive(Debug)]
pub(super) struct LevelsMessage {
    text: String,
    levels: usize,
}

impl LevelsMessage {
    pub(super) fn snapshot(id: &FrameId, levels: usize) -> Self {
        Self::begin("snapshot", id, levels)
    }

    pub(super) fn delta(id: &FrameId, levels: usize) -> Self {
        Self::begin("delta", id, levels)
    }

    fn begin(kind: &str, id: &FrameId, levels: usize) -> Self {
        let mut text = String::with_capacity(LEVEL_BYTES * (levels + 1));
        text.push_str(r#"{"type":""#);
        text.push_str(kind);
        text.push_str(r#"","id":"#);
        text.push_str(&json(id.as_str()));
        text.push_str(r#","levels":["#);
        Self { text, levels: 0 }
    }

    pub(super) fn push(&mut self, level_json: &str) {
        if self.levels > 0 {
            self.text.push(',');
        }
        self.levels += 1;
        self.text.push_str(level_json);
    }

    /// The end of a snapshot's page.
    pub(super) fn page(mut self, done: bool, cursor: &str, full: bool) -> String {
        self.text.push_str(if done { r#"],"done":true"# } else { r#"],"done":false"# });
        if full {
            self.text.push_str(r#","full":true"#);
        }
        self.end(cursor)
    }

    /// The end of a delta.
    pub(super) fn changes(mut self, cursor: &str) -> String {
        self.text.push(']');
        self.end(cursor)
    }

    fn end(mut self, cursor: &str) -> String {
        self.text.push_str(r#","cursor":"#);
        self.text.push_str(&json(cursor));
        self.text.push('}');
        self.text
    }
}

/// A level as every call and message carries it.
pub(super) fn level(level: &Level) -> String {
    json(&convert::level(level))
}

/// A message without levels.
pub(super) fn message(message: &ServerMessage) -> String {
    json(message)
}

/// What is wrong with a frame.
pub(super) fn error(misunderstood: Misunderstood) -> String {
    json(&ServerMessage::Error {
        id: misunderstood.id.map(text_of),
        code: misunderstood.code,
        detail: misunderstood.detail,
    })
}

/// The replies to a frame: the engine's in order, with `malformed` at those places of the frame.
pub(super) fn replies(id: FrameId, decided: Vec<FrameReply>, malformed: &[usize]) -> String {
    let commands = decided.len() + malformed.len();
    let mut decided = decided.into_iter().map(reply);
    let mut malformed = malformed.iter().copied().peekable();
    let replies = (0..commands)
        .filter_map(|place| match malformed.next_if_eq(&place) {
            Some(_) => Some(Reply::Refused { code: Code::Malformed, available: None }),
            None => decided.next(),
        })
        .collect();
    json(&ServerMessage::Replies { id: text_of(id), replies })
}

/// The text of a client's name for something.
pub(super) fn text_of(id: FrameId) -> String {
    id.into_boxed_str().into_string()
}

/// The first bytes of a text, at most so many, and no half character.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

fn reply(reply: FrameReply) -> Reply {
    match reply {
        FrameReply::Done { version, available, expires_at, replayed } => {
            Reply::Done { version, available, expires_at: expires_at.map(time), replayed }
        }
        FrameReply::Refused { code, available } => {
            Reply::Refused { code: refusal::code(code), available }
        }
    }
}

fn time(time: Timestamp) -> saldo_protocol::Timestamp {
    saldo_protocol::Timestamp::from_micros_clamped(time.as_micros())
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    // Only texts, numbers and lists of them are ever given, which JSON can always carry.
    serde_json::to_string(value).unwrap_or_default()
}
