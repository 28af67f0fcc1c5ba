//! Frames of the feed and their answers. Frames of commands are counted, not read: in JSON by their braces, in binary
//! by the length that stands behind the table of keys.

use saldo_protocol::binary::ServerFrame;
use saldo_protocol::client::FeedForm;
use saldo_protocol::{ClientMessage, FeedMode, ServerMessage, View, binary::ClientFrame};

use crate::feed::frame::{self, Opcode, put_server_head, unmask};
use crate::targets::echo::replies::{Counter, Templates};

/// What a frame of commands begins with, as the protocol's own types write it.
const JSON_COMMANDS: &[u8] = br#"{"type":"commands","id":""#;
/// The number of a client's frame of commands, and of the frame of replies.
const BINARY_COMMANDS: u8 = 3;
const BINARY_REPLIES: u8 = 7;
/// Lengths up to this stand in one byte; longer ones behind a mark.
const VARINT_BYTE_MAX: u8 = 250;
const CURSOR: &str = "echo";

/// The feed of one connection.
pub(super) struct Feed {
    form: FeedForm,
    templates: Templates,
    /// Whether the other side closed.
    pub(super) is_closed: bool,
}

/// A frame of commands: its name and how many there are.
struct Commands<'a> {
    id: &'a [u8],
    count: usize,
}

impl Feed {
    pub(super) fn new(form: FeedForm) -> Self {
        Self { form, templates: Templates::new(form), is_closed: false }
    }

    /// Answers all whole frames. Tells how many bytes they took, and how many the next one has. None where something
    /// is no frame.
    pub(super) fn frames(
        &mut self,
        bytes: &mut [u8],
        counter: &mut Counter,
        out: &mut Vec<u8>,
    ) -> Option<(usize, usize)> {
        let mut at = 0;
        loop {
            let rest = &mut bytes[at..];
            let Some(head) = frame::head(rest).ok()? else { return Some((at, 0)) };
            let Some(payload) = rest.get_mut(head.payload_at..head.end) else {
                return Some((at, head.end));
            };
            unmask(payload, head.mask);
            match head.opcode {
                Opcode::Text | Opcode::Binary => self.message(payload, counter, out)?,
                Opcode::Ping => put_frame(Opcode::Pong, payload, out),
                Opcode::Close => {
                    put_frame(Opcode::Close, payload, out);
                    self.is_closed = true;
                }
                Opcode::Pong => {}
            }
            at += head.end;
        }
    }

    fn message(&self, payload: &[u8], counter: &mut Counter, out: &mut Vec<u8>) -> Option<()> {
        let commands = match self.form {
            FeedForm::Json => json_commands(payload),
            FeedForm::Binary => binary_commands(payload),
        };
        if let Some(commands) = commands {
            self.put_replies(&commands, counter, out);
            return Some(());
        }
        let message = match self.form {
            FeedForm::Json => serde_json::from_slice(payload).ok()?,
            FeedForm::Binary => ClientMessage::try_from(ClientFrame::decode(payload).ok()?).ok()?,
        };
        for answer in answers(message) {
            match self.form {
                FeedForm::Json => {
                    put_frame(Opcode::Text, &serde_json::to_vec(&answer).ok()?, out);
                }
                FeedForm::Binary => {
                    put_frame(Opcode::Binary, &ServerFrame::from(&answer).encode(), out);
                }
            }
        }
        Some(())
    }

    fn put_replies(&self, commands: &Commands<'_>, counter: &mut Counter, out: &mut Vec<u8>) {
        let Commands { id, count } = *commands;
        let replies = self.templates.bytes(count);
        match self.form {
            FeedForm::Json => {
                let head = [br#"{"type":"replies","id":""#.as_slice(), id, br#"","replies":["#];
                let head_bytes: usize = head.iter().map(|part| part.len()).sum();
                // The last comma becomes the end of the list; of no replies there is none.
                let end: &[u8] = if count > 0 { b"}" } else { b"]}" };
                put_server_head(Opcode::Text, head_bytes + replies + end.len(), out);
                head.iter().for_each(|part| out.extend_from_slice(part));
                self.templates.put(count, counter, out);
                if let (true, Some(last)) = (count > 0, out.last_mut()) {
                    *last = b']';
                }
                out.extend_from_slice(end);
            }
            FeedForm::Binary => {
                let mut head = vec![BINARY_REPLIES];
                put_varint(id.len(), &mut head);
                head.extend_from_slice(id);
                put_varint(count, &mut head);
                put_server_head(Opcode::Binary, head.len() + replies, out);
                out.extend_from_slice(&head);
                self.templates.put(count, counter, out);
            }
        }
    }
}

fn put_frame(opcode: Opcode, payload: &[u8], out: &mut Vec<u8>) {
    put_server_head(opcode, payload.len(), out);
    out.extend_from_slice(payload);
}

/// Each command is an object without another in it, within one object; a run's names have no braces.
fn json_commands(payload: &[u8]) -> Option<Commands<'_>> {
    let rest = payload.strip_prefix(JSON_COMMANDS)?;
    let id = &rest[..rest.iter().position(|byte| *byte == b'"')?];
    let count = rest.iter().filter(|byte| **byte == b'{').count();
    Some(Commands { id, count })
}

fn binary_commands(payload: &[u8]) -> Option<Commands<'_>> {
    let (&BINARY_COMMANDS, mut rest) = payload.split_first()? else { return None };
    let id = text(&mut rest)?;
    let stocks = varint(&mut rest)?;
    for _ in 0..stocks {
        let (_sku, _location) = (text(&mut rest)?, text(&mut rest)?);
    }
    // Each takes a byte at least.
    let count = varint(&mut rest).filter(|count| *count <= rest.len())?;
    Some(Commands { id, count })
}

fn text<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = varint(bytes)?;
    let (found, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(found)
}

/// A length: one byte, or a mark and then 2, 4 or 8 of them, the lowest first.
fn varint(bytes: &mut &[u8]) -> Option<usize> {
    let (&first, rest) = bytes.split_first()?;
    let wide = match first {
        0..=VARINT_BYTE_MAX => 0,
        251 => 2,
        252 => 4,
        253 => 8,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(wide)?;
    *bytes = rest;
    if wide == 0 {
        return Some(usize::from(first));
    }
    let number = digits.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    usize::try_from(number).ok()
}

/// Of a length that fits into 32 bits; a frame has none beyond.
fn put_varint(length: usize, out: &mut Vec<u8>) {
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short <= VARINT_BYTE_MAX => out.push(short),
        (_, Ok(middle)) => {
            out.push(251);
            out.extend(middle.to_le_bytes());
        }
        _ => {
            out.push(252);
            out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
}

/// Answers to what is not said often.
fn answers(message: ClientMessage) -> Vec<ServerMessage> {
    match message {
        ClientMessage::Ping => vec![ServerMessage::Pong],
        ClientMessage::Unsubscribe { id } => {
            vec![ServerMessage::Unsubscribed { id: id.to_string() }]
        }
        ClientMessage::Subscribe(subscribe) => {
            let (id, cursor) = (subscribe.id.to_string(), CURSOR.to_owned());
            let view = View::Exact;
            let subscribed =
                ServerMessage::Subscribed { id: id.clone(), cursor: cursor.clone(), view };
            let (levels, done, full) = (Vec::new(), true, false);
            let snapshot = ServerMessage::Snapshot { id, levels, done, cursor, full };
            match subscribe.mode {
                FeedMode::Levels => vec![subscribed, snapshot],
                FeedMode::Events => vec![subscribed],
            }
        }
        // Written otherwise than the fast way knows: no replies, which shows at once.
        ClientMessage::Commands { id, .. } => {
            vec![ServerMessage::Replies { id: id.to_string(), replies: Vec::new() }]
        }
    }
}
