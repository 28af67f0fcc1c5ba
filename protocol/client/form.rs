//! The two forms of the feed's frames, JSON as text and its binary twin, and the subprotocols that name them.

use tokio_tungstenite::tungstenite::Message;

use super::FeedError;
use crate::binary::{ClientFrame, ServerFrame};
use crate::{ClientMessage, ServerMessage};

/// How the feed's frames are written. Both forms say the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FeedForm {
    /// `saldo.v1.json`: one JSON object a text frame.
    #[default]
    Json,
    /// `saldo.v1.bin`: one binary frame a message; smaller, and faster to read.
    Binary,
}

impl FeedForm {
    /// The subprotocol's name.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "saldo.v1.json",
            Self::Binary => "saldo.v1.bin",
        }
    }

    /// A frame as it goes out.
    pub(super) fn encoded(self, frame: &ClientMessage) -> Result<Message, FeedError> {
        match self {
            Self::Json => serde_json::to_string(frame)
                .map(Message::text)
                .map_err(|error| FeedError::Settings { reason: error.to_string() }),
            Self::Binary => Ok(Message::binary(ClientFrame::from(frame).encode())),
        }
    }

    /// What a frame that came in says; nothing where it is the WebSocket's own.
    pub(super) fn decoded(self, frame: &Message) -> Result<Option<ServerMessage>, FeedError> {
        let message = match (self, frame) {
            (Self::Json, Message::Text(text)) => {
                serde_json::from_str(text).map_err(|error| error.to_string())
            }
            (Self::Binary, Message::Binary(bytes)) => ServerFrame::decode(bytes)
                .map_err(|fault| fault.to_string())
                .and_then(|frame| frame.try_into().map_err(|e: crate::InvalidField| e.to_string())),
            (Self::Json, Message::Binary(_)) => Err("it is binary, not text".to_owned()),
            (Self::Binary, Message::Text(_)) => Err("it is text, not binary".to_owned()),
            _ => return Ok(None),
        };
        message.map(Some).map_err(|reason| FeedError::Unexpected { reason })
    }
}
