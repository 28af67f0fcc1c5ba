//! The two forms of the feed's messages: text frames of JSON and binary frames of bincode. Everything that is
//! sent is put into words here, and levels and events once for all readers of the same form and view.

use saldo_ledger::Level;
use saldo_protocol::binary::{self, LevelRecord, MovementRecord, ReplyRecord, Row, ServerFrame};
use saldo_protocol::{Code, FrameId, LevelView, Reply, ServerMessage};

use super::incoming::Misunderstood;
use super::json;
use crate::actor::call::Movement;
use crate::engine::FrameReply;
use crate::feed::{Band, SharedEvent, SharedLevel, View};
use crate::gateway::{convert, refusal};

/// How messages are put into words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// `saldo.v1.json`.
    #[default]
    Json,
    /// `saldo.v1.bin`.
    Binary,
}

/// A message in its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Text(String),
    Bytes(Vec<u8>),
}

/// A message on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    /// Its `type`.
    pub(super) kind: &'static str,
    /// Where to resume behind it.
    pub(super) cursor: Option<String>,
    pub(super) words: Words,
}

/// A page of a snapshot but for its levels.
pub(super) struct Page<'a> {
    pub(super) done: bool,
    pub(super) cursor: String,
    pub(super) full: bool,
    pub(super) id: &'a str,
}

impl Form {
    /// A message without levels and events.
    pub(super) fn message(self, message: &ServerMessage) -> Outgoing {
        let (kind, cursor) = match message {
            ServerMessage::Subscribed { cursor, .. } => ("subscribed", Some(cursor.clone())),
            ServerMessage::Snapshot { cursor, .. } => ("snapshot", Some(cursor.clone())),
            ServerMessage::Delta { cursor, .. } => ("delta", Some(cursor.clone())),
            ServerMessage::Events { .. } => ("events", None),
            // Who goes on from there is told all that there is.
            ServerMessage::Gap { earliest, .. } => ("gap", Some(earliest.clone())),
            ServerMessage::Unsubscribed { .. } => ("unsubscribed", None),
            ServerMessage::Pong => ("pong", None),
            ServerMessage::Replies { .. } => ("replies", None),
            ServerMessage::Error { .. } => ("error", None),
        };
        let words = match self {
            Self::Json => Words::Text(json::text(message)),
            Self::Binary => Words::Bytes(ServerFrame::from(message).encode()),
        };
        Outgoing { kind, cursor, words }
    }

    /// What is wrong with a frame.
    pub(super) fn error(self, misunderstood: Misunderstood) -> Outgoing {
        self.message(&ServerMessage::Error {
            id: misunderstood.id.map(text_of),
            code: misunderstood.code,
            detail: misunderstood.detail,
        })
    }

    /// A level of a snapshot, in words of its own.
    pub(super) fn level(self, level: &Level, band: Band, view: View) -> Vec<u8> {
        let level = convert::level_view(level, band, view);
        match self {
            Self::Json => json::text::<LevelView>(&level).into_bytes(),
            Self::Binary => LevelRecord::from(&level).encode(),
        }
    }

    /// A level of a delta, in the words that all its readers share.
    pub(super) fn shared_level(self, level: &SharedLevel, view: View) -> &[u8] {
        level.words(self.wording(view), |level, band| self.level(level, band, view))
    }

    /// An event from the journal; `cursor` is its place there.
    pub(super) fn event(self, movement: &Movement, cursor: String) -> Vec<u8> {
        let movement = convert::movement(movement.clone(), cursor);
        match self {
            Self::Json => json::text(&movement).into_bytes(),
            Self::Binary => MovementRecord::from(&movement).encode(),
        }
    }

    /// A live event, in the words that all its readers share.
    pub(super) fn shared_event(
        self,
        event: &SharedEvent,
        cursor: impl FnOnce(u64) -> String,
    ) -> &[u8] {
        event.words(self.place(), |movement| self.event(movement, cursor(movement.sequence)))
    }

    /// A page of a snapshot.
    pub(super) fn snapshot(self, page: Page<'_>, levels: &[impl AsRef<[u8]>]) -> Outgoing {
        let Page { done, cursor, full, id } = page;
        let words = match self {
            Self::Json => Words::Text(json::snapshot(id, levels, done, &cursor, full)),
            Self::Binary => Words::Bytes(binary::snapshot(id, levels, done, &cursor, full)),
        };
        Outgoing { kind: "snapshot", cursor: Some(cursor), words }
    }

    /// A delta.
    pub(super) fn delta(self, id: &str, levels: &[impl AsRef<[u8]>], cursor: String) -> Outgoing {
        let words = match self {
            Self::Json => Words::Text(json::delta(id, levels, &cursor)),
            Self::Binary => Words::Bytes(binary::delta(id, levels, &cursor)),
        };
        Outgoing { kind: "delta", cursor: Some(cursor), words }
    }

    /// Events, the last of them at `cursor`.
    pub(super) fn events(self, id: &str, events: &[impl AsRef<[u8]>], cursor: String) -> Outgoing {
        let words = match self {
            Self::Json => Words::Text(json::events(id, events)),
            Self::Binary => Words::Bytes(binary::events(id, events)),
        };
        Outgoing { kind: "events", cursor: Some(cursor), words }
    }

    /// The replies to a frame: the engine's in order, with `malformed` at those places of the frame.
    pub(super) fn replies(
        self,
        id: FrameId,
        decided: Vec<FrameReply>,
        malformed: &[usize],
    ) -> Outgoing {
        let commands = decided.len() + malformed.len();
        let mut decided = decided.into_iter().map(reply);
        let mut malformed = malformed.iter().copied().peekable();
        let replies = (0..commands).filter_map(|place| match malformed.next_if_eq(&place) {
            Some(_) => Some(Reply::Refused { code: Code::Malformed, available: None }),
            None => decided.next(),
        });
        match self {
            Self::Json => {
                let replies = replies.collect();
                self.message(&ServerMessage::Replies { id: text_of(id), replies })
            }
            Self::Binary => {
                let replies: Row<_> = replies.map(ReplyRecord::from).collect();
                let frame = ServerFrame::Replies { id: id.as_str(), replies };
                Outgoing { kind: "replies", cursor: None, words: Words::Bytes(frame.encode()) }
            }
        }
    }

    const fn place(self) -> usize {
        match self {
            Self::Json => 0,
            Self::Binary => 1,
        }
    }

    /// The number of this form's words for a level in a view.
    const fn wording(self, view: View) -> usize {
        let view = match view {
            View::Exact => 0,
            View::Banded => 1,
            View::Boolean => 2,
        };
        2 * view + self.place()
    }
}

// Each view in each form has words of its own, and each form for events.
const _: () = {
    assert!(Form::Binary.wording(View::Boolean) + 1 == crate::feed::WORDINGS);
    assert!(Form::Binary.place() + 1 == crate::feed::EVENT_FORMS);
};

/// The text of a client's name for something.
pub(super) fn text_of(id: FrameId) -> String {
    id.into_boxed_str().into_string()
}

fn reply(reply: FrameReply) -> Reply {
    match reply {
        FrameReply::Done { version, available, expires_at, replayed } => {
            Reply::Done { version, available, expires_at: expires_at.map(convert::time), replayed }
        }
        FrameReply::Refused { code, available } => {
            Reply::Refused { code: refusal::code(code), available }
        }
    }
}
