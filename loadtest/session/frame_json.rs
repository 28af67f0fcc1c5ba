//! Frames of commands and replies in JSON (`saldo.v1.json`).

use std::fmt::Write as _;

use saldo_protocol::Reply;
use serde::Deserialize;

use crate::session::SessionError;
use crate::session::frame_binary::{needs_key, refused, unfit};
use crate::session::websocket::batch_of;
use crate::workload::names::{Names, Stock};
use crate::workload::op::{Op, Verb};
use crate::workload::outcome::{Outcome, Verdict};

/// About as long is a command.
pub const COMMAND_BYTES: usize = 160;

/// Writes the frame. Names of a run need no escape.
///
/// # Errors
/// [`SessionError::Unfit`] for what is no command.
pub fn write(text: &mut String, batch: u64, ops: &[Op], names: &Names) -> Result<(), SessionError> {
    // A String takes everything.
    let _ = write!(text, r#"{{"type":"commands","id":"{batch}","commands":["#);
    for (place, op) in ops.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        write_command(text, op, names)?;
    }
    text.push_str("]}");
    Ok(())
}

fn write_command(text: &mut String, op: &Op, names: &Names) -> Result<(), SessionError> {
    if op.lines.is_some() {
        return Err(unfit("a basket"));
    }
    let Stock { sku, location } = names.stock(op.key);
    let verb = match op.verb {
        verb @ (Verb::Return | Verb::Read) => return Err(unfit(verb.name())),
        Verb::Cancel => Verb::Release,
        verb => verb,
    };
    let _ = write!(text, r#"{{"op":"{}","sku":"{sku}","location":"{location}""#, verb.name());
    if verb.has_reservation() {
        let id = names.reservation(op.reservation);
        let _ = write!(text, r#","reservation_id":"{}""#, id.as_hyphenated());
    }
    let has_quantity = match verb {
        Verb::Reserve | Verb::Sell | Verb::Receive => true,
        Verb::Commit | Verb::Fulfil | Verb::Release => !op.is_whole,
        Verb::Extend | Verb::Cancel | Verb::Return | Verb::Read => false,
    };
    if has_quantity {
        let _ = write!(text, r#","quantity":{}"#, op.quantity);
    }
    if matches!(verb, Verb::Reserve | Verb::Extend) && op.hold_seconds > 0 {
        let _ = write!(text, r#","hold_seconds":{}"#, op.hold_seconds);
    }
    if op.verb == Verb::Cancel {
        text.push_str(r#","from":"committed""#);
    }
    if needs_key(op) {
        let _ = write!(text, r#","key":"{}""#, names.idempotency_key(op.name));
    }
    text.push('}');
    Ok(())
}

#[derive(Deserialize)]
struct FrameSeen<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default)]
    id: Option<&'a str>,
    #[serde(default)]
    replies: Vec<Reply>,
}

/// Reads a frame of replies.
///
/// # Errors
/// [`SessionError::Answer`] for any other frame.
pub fn read(text: &str, outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError> {
    let unfit = |why: &str| {
        let shown: String = text.chars().take(300).collect();
        SessionError::Answer(format!("{why}: {shown}"))
    };
    let frame: FrameSeen<'_> =
        serde_json::from_str(text).map_err(|error| unfit(&error.to_string()))?;
    let (kind, Some(id)) = (frame.kind, frame.id) else { return Err(unfit("no replies")) };
    if kind != "replies" {
        return Err(unfit("no replies"));
    }
    outcomes.extend(frame.replies.iter().map(|reply| match *reply {
        // A repeat tells how things are now, not how they were after it.
        Reply::Done { replayed: true, .. } => Outcome::plain(Verdict::Replayed),
        Reply::Done { version, available, .. } => {
            Outcome { verdict: Verdict::Done, version, available }
        }
        Reply::Refused { code, available } => refused(code, available),
    }));
    batch_of(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::frame_binary::{self, StockTable};
    use crate::workload::names::Ticket;
    use saldo_protocol::binary::ClientFrame;
    use saldo_protocol::{ClientMessage, FrameId};

    fn ops() -> Vec<Op> {
        let ticket = Ticket::new(1, 5);
        let op = |verb, is_whole, hold_seconds| Op {
            verb,
            is_whole,
            hold_seconds,
            ..Op::reserve(ticket, 1, 3, 0)
        };
        vec![
            op(Verb::Reserve, false, 0),
            op(Verb::Reserve, false, 60),
            op(Verb::Extend, false, 60),
            op(Verb::Commit, true, 0),
            op(Verb::Commit, false, 0),
            op(Verb::Fulfil, false, 0),
            op(Verb::Release, true, 0),
            op(Verb::Cancel, false, 0),
            Op { key: 0, ..op(Verb::Sell, false, 0) },
            Op { key: 0, ..op(Verb::Receive, false, 0) },
        ]
    }

    #[test]
    fn both_forms_say_the_same() {
        let names = Names::new(9, 2, 1);
        let mut text = String::new();
        write(&mut text, 12, &ops(), &names).unwrap();
        let said: ClientMessage = serde_json::from_str(&text).unwrap();
        let mut table = StockTable::new(2);
        for _ in 0..2 {
            let bytes = frame_binary::encoded(12, &ops(), &names, &mut table).unwrap();
            let binary = ClientFrame::decode(&bytes).unwrap();
            assert_eq!(ClientMessage::try_from(binary).unwrap(), said);
        }
        let ClientMessage::Commands { id, commands } = said else { panic!("{said:?}") };
        assert_eq!((id, commands.len()), (FrameId::new("12").unwrap(), ops().len()));
        let keyed: Vec<bool> = commands.iter().map(|command| command.key.is_some()).collect();
        assert_eq!(keyed, [false, false, true, false, true, true, false, true, true, true]);
    }

    #[test]
    fn what_is_no_command_is_refused() {
        let names = Names::new(9, 2, 1);
        for verb in [Verb::Return, Verb::Read] {
            let op = Op { verb, ..Op::reserve(Ticket::new(0, 0), 0, 1, 0) };
            assert!(write(&mut String::new(), 1, std::slice::from_ref(&op), &names).is_err());
            let mut table = StockTable::new(2);
            assert!(frame_binary::encoded(1, &[op], &names, &mut table).is_err());
        }
    }

    #[test]
    fn only_replies_are_replies() {
        let mut outcomes = Vec::new();
        let text = r#"{"type":"replies","id":"7","replies":[{"ok":true,"version":4,"available":2},
            {"ok":false,"code":"insufficient_stock","available":0},{"ok":false,"code":"outcome_unknown"},
            {"ok":true,"version":9,"available":2,"replayed":true}]}"#;
        assert_eq!(read(text, &mut outcomes).unwrap(), 7);
        assert_eq!(outcomes[0], Outcome { verdict: Verdict::Done, version: 4, available: 2 });
        assert!(outcomes[1].verdict.is_sold_out() && outcomes[1].available == 0);
        assert_eq!(outcomes[2].verdict, Verdict::Unknown);
        assert_eq!(outcomes[3], Outcome::plain(Verdict::Replayed));
        for other in [
            r#"{"type":"error","id":"7","code":"malformed","detail":"x"}"#,
            r#"{"type":"pong"}"#,
            r#"{"type":"replies","id":"x","replies":[]}"#,
            "",
        ] {
            assert!(read(other, &mut outcomes).is_err(), "{other}");
        }
    }
}
