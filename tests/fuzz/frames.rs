//! Frames of the feed in both forms: what is read is written and read back the same, in the other form too.

use std::fmt::Debug;

use saldo_protocol::binary::{ClientFrame, FRAME_BYTES_MAX, ServerFrame};
use saldo_protocol::{ClientMessage, ServerMessage, parse_body};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Binary frames of a client.
///
/// # Panics
/// Where a frame is not read back as it was written.
pub fn client(bytes: &[u8]) {
    let _ = ClientFrame::id_of_unread(bytes);
    let Ok(frame) = ClientFrame::decode(bytes) else { return };
    assert!(bytes.len() <= FRAME_BYTES_MAX, "a frame of {} bytes", bytes.len());
    let again = frame.encode();
    assert_eq!(ClientFrame::decode(&again).expect("its own bytes"), frame);
    if let ClientFrame::Commands { stocks, commands, .. } = &frame {
        for command in &commands.0 {
            // Each is read or refused by itself; a place beyond the list is refused.
            if command.command(&stocks.0).is_ok() {
                let place = usize::try_from(command.stock).expect("a place");
                assert!(place < stocks.0.len(), "a command at stock {place} of {}", stocks.0.len());
            }
        }
    }
    let Ok(message) = ClientMessage::try_from(frame) else { return };
    same_in_json(&message, |json| parse_body(json).ok());
    let binary = ClientFrame::from(&message).encode();
    let binary = ClientFrame::decode(&binary).expect("its own bytes");
    assert_eq!(ClientMessage::try_from(binary).expect("its own frame"), message);
}

/// Binary frames of the engine.
///
/// # Panics
/// Where a frame is not read back as it was written.
pub fn engine(bytes: &[u8]) {
    let Ok(frame) = ServerFrame::decode(bytes) else { return };
    let again = frame.encode();
    assert_eq!(ServerFrame::decode(&again).expect("its own bytes"), frame);
    let Ok(message) = ServerMessage::try_from(frame) else { return };
    same_in_json(&message, |json| serde_json::from_slice(json).ok());
    let binary = ServerFrame::from(&message).encode();
    let binary = ServerFrame::decode(&binary).expect("its own bytes");
    assert_eq!(ServerMessage::try_from(binary).expect("its own frame"), message);
}

/// JSON frames of a client.
///
/// # Panics
/// Where a frame is not read back as it was written.
pub fn client_json(bytes: &[u8]) {
    let name = str::from_utf8(bytes).ok().and_then(ClientMessage::id_of_unread);
    let Ok(message) = parse_body::<ClientMessage>(bytes) else { return };
    let own = match &message {
        ClientMessage::Subscribe(subscribe) => Some(&subscribe.id),
        ClientMessage::Unsubscribe { id } | ClientMessage::Commands { id, .. } => Some(id),
        ClientMessage::Ping => None,
    };
    assert!(own.is_none() || own == name.as_ref(), "{own:?} was told as {name:?}");
    same_in_json(&message, |json| parse_body(json).ok());
    let frame = ClientFrame::from(&message).encode();
    let frame = ClientFrame::decode(&frame).expect("its own bytes");
    assert_eq!(ClientMessage::try_from(frame).expect("its own frame"), message);
}

/// JSON frames of the engine.
///
/// # Panics
/// Where a frame is not read back as it was written.
pub fn engine_json(bytes: &[u8]) {
    let Ok(message) = serde_json::from_slice::<ServerMessage>(bytes) else { return };
    same_in_json(&message, |json| serde_json::from_slice(json).ok());
}

/// Sees that a value's JSON is read as the value.
pub(super) fn same_in_json<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
    read: impl FnOnce(&[u8]) -> Option<T>,
) {
    let json = serde_json::to_vec(value).expect("JSON");
    let told = String::from_utf8_lossy(&json);
    assert_eq!(read(&json).as_ref(), Some(value), "read back from {told}");
}
