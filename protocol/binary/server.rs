//! What the engine sends, in binary; and frames put together from levels and events that are encoded already.

use super::client::{view_number, view_of};
use super::codec::{BinaryFault, BorrowDecode, Encode, Row, put, take};
use super::level::LevelRecord;
use super::movement::MovementRecord;
use super::reply::{ReplyRecord, code_of};
use crate::{InvalidField, LevelView, Movement, ServerMessage};

/// A frame of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum ServerFrame<'a> {
    /// 0: the subscription stands.
    Subscribed {
        /// The subscription.
        id: &'a str,
        /// Where it begins.
        cursor: &'a str,
        /// 0 exact, 1 banded, 2 boolean.
        view: u8,
    },
    /// 1: a page of the levels as they were when the subscription began.
    Snapshot {
        /// The subscription.
        id: &'a str,
        /// The page.
        levels: Row<LevelRecord<'a>>,
        /// Whether this is the last page.
        done: bool,
        /// Where it stands.
        cursor: &'a str,
        /// Whether all levels are told although a cursor was given.
        full: bool,
    },
    /// 2: levels that changed.
    Delta {
        /// The subscription.
        id: &'a str,
        /// The newest level of each key that changed.
        levels: Row<LevelRecord<'a>>,
        /// Where it stands.
        cursor: &'a str,
    },
    /// 3: events.
    Events {
        /// The subscription.
        id: &'a str,
        /// One or more.
        events: Row<MovementRecord<'a>>,
    },
    /// 4: events are missing, and the subscription has ended.
    Gap {
        /// The subscription.
        id: &'a str,
        /// From here on all events are kept.
        earliest: &'a str,
    },
    /// 5: the subscription has ended.
    Unsubscribed {
        /// The subscription.
        id: &'a str,
    },
    /// 6: someone is there.
    Pong,
    /// 7: what became of a frame of commands.
    Replies {
        /// The frame.
        id: &'a str,
        /// In the commands' order.
        replies: Row<ReplyRecord>,
    },
    /// 8: a frame that was not understood or not allowed.
    Error {
        /// The frame, where it could be told.
        id: Option<&'a str>,
        /// The number of the code.
        code: u16,
        /// What is wrong, for people.
        detail: &'a str,
    },
}

/// Places of the frames that are put together from parts.
const SNAPSHOT: u32 = 1;
const DELTA: u32 = 2;
const EVENTS: u32 = 3;

/// A page of a snapshot around levels that are encoded already.
#[must_use]
pub fn snapshot(
    id: &str,
    levels: &[impl AsRef<[u8]>],
    done: bool,
    cursor: &str,
    full: bool,
) -> Vec<u8> {
    let mut frame = around(SNAPSHOT, id, levels);
    put(&(done, cursor, full), &mut frame);
    frame
}

/// A delta around levels that are encoded already.
#[must_use]
pub fn delta(id: &str, levels: &[impl AsRef<[u8]>], cursor: &str) -> Vec<u8> {
    let mut frame = around(DELTA, id, levels);
    put(&cursor, &mut frame);
    frame
}

/// Events that are encoded already.
#[must_use]
pub fn events(id: &str, events: &[impl AsRef<[u8]>]) -> Vec<u8> {
    around(EVENTS, id, events)
}

fn around(variant: u32, id: &str, parts: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let bytes: usize = parts.iter().map(|part| part.as_ref().len()).sum();
    // Room for the names and the cursor as well.
    let mut frame = Vec::with_capacity(bytes + id.len() + 96);
    put(&(variant, id, u64::try_from(parts.len()).unwrap_or(u64::MAX)), &mut frame);
    parts.iter().for_each(|part| frame.extend_from_slice(part.as_ref()));
    frame
}

impl<'a> ServerFrame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`BinaryFault`], where the bytes are none.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, BinaryFault> {
        take(bytes)
    }

    /// The frame's bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(self, &mut bytes);
        bytes
    }
}

impl<'a> From<&'a ServerMessage> for ServerFrame<'a> {
    fn from(message: &'a ServerMessage) -> Self {
        match message {
            ServerMessage::Subscribed { id, cursor, view } => {
                Self::Subscribed { id, cursor, view: view_number(*view) }
            }
            ServerMessage::Snapshot { id, levels, done, cursor, full } => {
                let levels = levels.iter().map(Into::into).collect();
                Self::Snapshot { id, levels, done: *done, cursor, full: *full }
            }
            ServerMessage::Delta { id, levels, cursor } => {
                Self::Delta { id, levels: levels.iter().map(Into::into).collect(), cursor }
            }
            ServerMessage::Events { id, events } => {
                Self::Events { id, events: events.iter().map(Into::into).collect() }
            }
            ServerMessage::Gap { id, earliest } => Self::Gap { id, earliest },
            ServerMessage::Unsubscribed { id } => Self::Unsubscribed { id },
            ServerMessage::Pong => Self::Pong,
            ServerMessage::Replies { id, replies } => {
                Self::Replies { id, replies: replies.iter().copied().map(Into::into).collect() }
            }
            ServerMessage::Error { id, code, detail } => {
                Self::Error { id: id.as_deref(), code: code.number(), detail }
            }
        }
    }
}

impl TryFrom<ServerFrame<'_>> for ServerMessage {
    type Error = InvalidField;

    /// # Errors
    /// A number that stands for nothing.
    fn try_from(frame: ServerFrame<'_>) -> Result<Self, InvalidField> {
        let text = str::to_owned;
        let told = |levels: Row<LevelRecord<'_>>| -> Vec<LevelView> {
            levels.0.into_iter().map(Into::into).collect()
        };
        Ok(match frame {
            ServerFrame::Subscribed { id, cursor, view } => {
                Self::Subscribed { id: text(id), cursor: text(cursor), view: view_of(view)? }
            }
            ServerFrame::Snapshot { id, levels, done, cursor, full } => Self::Snapshot {
                id: text(id),
                levels: told(levels),
                done,
                cursor: text(cursor),
                full,
            },
            ServerFrame::Delta { id, levels, cursor } => {
                Self::Delta { id: text(id), levels: told(levels), cursor: text(cursor) }
            }
            ServerFrame::Events { id, events } => {
                let events = events.0.into_iter().map(Movement::from).collect();
                Self::Events { id: text(id), events }
            }
            ServerFrame::Gap { id, earliest } => {
                Self::Gap { id: text(id), earliest: text(earliest) }
            }
            ServerFrame::Unsubscribed { id } => Self::Unsubscribed { id: text(id) },
            ServerFrame::Pong => Self::Pong,
            ServerFrame::Replies { id, replies } => {
                let replies =
                    replies.0.into_iter().map(TryInto::try_into).collect::<Result<_, _>>();
                Self::Replies { id: text(id), replies: replies? }
            }
            ServerFrame::Error { id, code, detail } => {
                Self::Error { id: id.map(text), code: code_of(code)?, detail: text(detail) }
            }
        })
    }
}
