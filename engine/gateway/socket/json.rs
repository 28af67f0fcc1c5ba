//! Messages in JSON. Those full of levels or events are put together from parts that are encoded already; their
//! shape is that of `saldo_protocol::ServerMessage` all the same.

use serde::Serialize;

/// A page of a snapshot.
pub(super) fn snapshot(
    id: &str,
    levels: &[impl AsRef<[u8]>],
    done: bool,
    cursor: &str,
    full: bool,
) -> String {
    let mut message = Assembly::begin("snapshot", id, "levels", levels);
    message.push(if done { r#","done":true"# } else { r#","done":false"# });
    if full {
        message.push(r#","full":true"#);
    }
    message.end(Some(cursor))
}

/// A delta.
pub(super) fn delta(id: &str, levels: &[impl AsRef<[u8]>], cursor: &str) -> String {
    Assembly::begin("delta", id, "levels", levels).end(Some(cursor))
}

/// Events.
pub(super) fn events(id: &str, events: &[impl AsRef<[u8]>]) -> String {
    Assembly::begin("events", id, "events", events).end(None)
}

/// A value as JSON.
pub(super) fn text<T: Serialize + ?Sized>(value: &T) -> String {
    // Only texts, numbers and lists of them are ever given, which JSON can always carry.
    serde_json::to_string(value).unwrap_or_default()
}

/// The first bytes of a text, at most so many, and no half character.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Bytes of a message besides its parts, its name and its cursor.
const FRAME_BYTES: usize = 128;

struct Assembly(Vec<u8>);

impl Assembly {
    fn begin(kind: &str, id: &str, list: &str, parts: &[impl AsRef<[u8]>]) -> Self {
        let bytes: usize = parts.iter().map(|part| part.as_ref().len() + 1).sum();
        let mut message = Self(Vec::with_capacity(bytes + 2 * id.len() + FRAME_BYTES));
        message.push(r#"{"type":""#);
        message.push(kind);
        message.push(r#"","id":"#);
        message.push(&text(id));
        message.push(r#",""#);
        message.push(list);
        message.push(r#"":["#);
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                message.push(",");
            }
            message.0.extend_from_slice(part.as_ref());
        }
        message.push("]");
        message
    }

    fn push(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
    }

    fn end(mut self, cursor: Option<&str>) -> String {
        if let Some(cursor) = cursor {
            self.push(r#","cursor":"#);
            self.push(&text(cursor));
        }
        self.push("}");
        // Every part is JSON, which is UTF-8.
        String::from_utf8(self.0).unwrap_or_default()
    }
}
