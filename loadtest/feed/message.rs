//! What a message of the feed says, read as far as a subscriber needs: of each level its key, version, available and
//! time.

use saldo_protocol::Timestamp;
use saldo_protocol::binary::{LevelRecord, ServerFrame};
use saldo_protocol::client::FeedForm;
use serde::Deserialize;

/// A level as far as it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// What.
    pub sku: &'a str,
    /// Where.
    pub location: &'a str,
    /// The number of the key's last event.
    pub version: u64,
    /// What can be promised.
    pub available: i64,
    /// When that was decided, in microseconds since 1970.
    pub as_of_us: u64,
}

/// What kind of message it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Levels that changed.
    Delta,
    /// A page of the beginning.
    Snapshot {
        /// Whether it is the last one.
        done: bool,
    },
    /// Nothing of levels.
    Other,
}

/// Reads a message; `heard` gets the levels of a snapshot or a delta after their kind.
///
/// # Errors
/// What the engine says is wrong, or why its message cannot be read.
pub fn read(
    form: FeedForm,
    payload: &[u8],
    heard: impl FnMut(Kind, Told<'_>),
) -> Result<Kind, String> {
    match form {
        FeedForm::Json => json(payload, heard),
        FeedForm::Binary => binary(payload, heard),
    }
}

/// Names of a run need no escapes, so texts are borrowed.
#[derive(Deserialize)]
struct MessageSeen<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default, borrow)]
    levels: Vec<LevelSeen<'a>>,
    #[serde(default)]
    done: bool,
    #[serde(default)]
    detail: Option<String>,
}

#[derive(Deserialize)]
struct LevelSeen<'a> {
    sku: &'a str,
    location: &'a str,
    version: u64,
    available: i64,
    as_of: &'a str,
}

fn json(payload: &[u8], mut heard: impl FnMut(Kind, Told<'_>)) -> Result<Kind, String> {
    let message: MessageSeen<'_> = serde_json::from_slice(payload)
        .map_err(|error| format!("a message that cannot be read: {error}"))?;
    let kind = match message.kind {
        "delta" => Kind::Delta,
        "snapshot" => Kind::Snapshot { done: message.done },
        "error" => return Err(message.detail.unwrap_or_default()),
        _ => Kind::Other,
    };
    for level in message.levels {
        let LevelSeen { sku, location, version, available, as_of } = level;
        let as_of = Timestamp::parse(as_of).map_err(|error| format!("{as_of}: {error}"))?;
        heard(kind, Told { sku, location, version, available, as_of_us: as_of.as_micros() });
    }
    Ok(kind)
}

fn binary(payload: &[u8], mut heard: impl FnMut(Kind, Told<'_>)) -> Result<Kind, String> {
    let frame = ServerFrame::decode(payload).map_err(|error| error.to_string())?;
    let (kind, levels) = match frame {
        ServerFrame::Delta { levels, .. } => (Kind::Delta, levels),
        ServerFrame::Snapshot { levels, done, .. } => (Kind::Snapshot { done }, levels),
        ServerFrame::Error { detail, .. } => return Err(detail.to_owned()),
        _ => return Ok(Kind::Other),
    };
    for level in levels.0 {
        let LevelRecord::Exact { sku, location, balances, version, as_of, .. } = level else {
            return Err("less than the exact levels; the token must be allowed to see them".into());
        };
        let available = balances.available;
        heard(kind, Told { sku, location, version, available, as_of_us: as_of });
    }
    Ok(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use saldo_protocol::{Code, Level, LevelView, ServerMessage};

    fn level(version: u64) -> LevelView {
        LevelView::Exact(Level {
            sku: "A".to_owned(),
            location: "L".to_owned(),
            on_hand: 9,
            reserved: 2,
            committed: 0,
            damaged: 0,
            quality_control: 0,
            safety_stock: 0,
            incoming: 0,
            available: 7,
            oversell_limit: 0,
            version,
            as_of: Timestamp::from_micros_clamped(1_700_000_000_000_001),
        })
    }

    /// A message's kind, and of its levels version, available and time.
    type Heard = (Kind, Vec<(u64, i64, u64)>);

    fn heard(message: &ServerMessage) -> [Result<Heard, String>; 2] {
        let text = serde_json::to_vec(message).unwrap();
        let bytes = ServerFrame::from(message).encode();
        [(FeedForm::Json, text), (FeedForm::Binary, bytes)].map(|(form, payload)| {
            let mut all = Vec::new();
            let kind = read(form, &payload, |_, told| {
                assert_eq!((told.sku, told.location), ("A", "L"));
                all.push((told.version, told.available, told.as_of_us));
            })?;
            Ok((kind, all))
        })
    }

    #[test]
    fn both_forms_say_the_same() {
        let (id, cursor) = ("s".to_owned(), "c".to_owned());
        let levels = vec![level(3), level(4)];
        let told = vec![(3, 7, 1_700_000_000_000_001), (4, 7, 1_700_000_000_000_001)];
        let delta =
            ServerMessage::Delta { id: id.clone(), levels: levels.clone(), cursor: cursor.clone() };
        let done = true;
        let snapshot = ServerMessage::Snapshot {
            id: id.clone(),
            levels,
            done,
            cursor: cursor.clone(),
            full: false,
        };
        let fault =
            ServerMessage::Error { id: None, code: Code::Forbidden, detail: "no".to_owned() };
        for found in heard(&delta) {
            assert_eq!(found.unwrap(), (Kind::Delta, told.clone()));
        }
        for found in heard(&snapshot) {
            assert_eq!(found.unwrap(), (Kind::Snapshot { done: true }, told.clone()));
        }
        for found in heard(&ServerMessage::Pong) {
            assert_eq!(found.unwrap(), (Kind::Other, Vec::new()));
        }
        for found in heard(&fault) {
            assert_eq!(found.unwrap_err(), "no");
        }
    }
}
