//! What a client's text frame says. A frame is read in one pass; only where that fails is it looked at again, so
//! that a malformed command costs its own reply and not the whole frame.

use saldo_ledger::{ReservationId, StockKey};
use saldo_protocol::{Action, ClientMessage, Code, Command, FrameId, ReleaseFrom, Subscribe};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::messages::cut;
use crate::engine::{FrameCommand, FrameOp};

/// The longest `detail` of an error in bytes: parsers quote what they were given.
const DETAIL_BYTES_MAX: usize = 512;

/// A frame that was understood.
#[derive(Debug)]
pub(super) enum Incoming {
    Subscribe(Subscribe),
    Unsubscribe(FrameId),
    Ping,
    Commands(CommandFrame),
}

/// A frame of commands.
#[derive(Debug)]
pub(super) struct CommandFrame {
    /// The client's name for it.
    pub(super) id: FrameId,
    /// Those that make sense, in order.
    pub(super) commands: Vec<FrameCommand>,
    /// Places in the frame, rising, of those that do not.
    pub(super) malformed: Vec<usize>,
}

/// A frame that is answered with `error`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misunderstood {
    /// The frame's, where it has one.
    pub(super) id: Option<FrameId>,
    pub(super) code: Code,
    pub(super) detail: String,
}

impl Misunderstood {
    pub(super) fn malformed(detail: String) -> Self {
        Self { id: None, code: Code::Malformed, detail }
    }

    pub(super) fn limit_exceeded(id: FrameId, detail: String) -> Self {
        Self { id: Some(id), code: Code::LimitExceeded, detail }
    }
}

/// A frame of commands whose commands are not read yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnreadCommands<'a> {
    #[serde(rename = "type")]
    _frame_type: CommandsType,
    id: FrameId,
    #[serde(borrow)]
    commands: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CommandsType {
    Commands,
}

impl Incoming {
    /// Reads a text frame; a frame of more than `commands_max` commands is refused whole.
    pub(super) fn read(text: &str, commands_max: usize) -> Result<Self, Misunderstood> {
        let error = match serde_json::from_str::<ClientMessage>(text) {
            Ok(ClientMessage::Subscribe(subscribe)) => return Ok(Self::Subscribe(subscribe)),
            Ok(ClientMessage::Unsubscribe { id }) => return Ok(Self::Unsubscribe(id)),
            Ok(ClientMessage::Ping) => return Ok(Self::Ping),
            Ok(ClientMessage::Commands { id, commands }) => {
                return few_enough(id, commands.len(), commands_max)
                    .map(|id| Self::Commands(command_frame(id, commands.into_iter().map(Some))));
            }
            Ok(_) => "frames of this type are not taken".to_owned(),
            Err(error) => error.to_string(),
        };
        if let Ok(frame) = serde_json::from_str::<UnreadCommands<'_>>(text) {
            let id = few_enough(frame.id, frame.commands.len(), commands_max)?;
            let commands =
                frame.commands.iter().map(|command| serde_json::from_str(command.get()).ok());
            return Ok(Self::Commands(command_frame(id, commands)));
        }
        Err(Misunderstood {
            id: ClientMessage::id_of_unread(text),
            code: Code::Malformed,
            detail: cut(&error, DETAIL_BYTES_MAX).to_owned(),
        })
    }
}

fn few_enough(id: FrameId, found: usize, commands_max: usize) -> Result<FrameId, Misunderstood> {
    if found <= commands_max {
        return Ok(id);
    }
    let detail = format!(
        "the frame has {found} commands, at most {commands_max} are allowed: send several frames"
    );
    Err(Misunderstood::limit_exceeded(id, detail))
}

fn command_frame(
    id: FrameId,
    read: impl ExactSizeIterator<Item = Option<Command>>,
) -> CommandFrame {
    let mut commands = Vec::with_capacity(read.len());
    let mut malformed = Vec::new();
    for (place, command) in read.enumerate() {
        match command.and_then(in_domain_types) {
            Some(command) => commands.push(command),
            None => malformed.push(place),
        }
    }
    CommandFrame { id, commands, malformed }
}

/// None where the command names the nil UUID, which is no reservation.
fn in_domain_types(command: Command) -> Option<FrameCommand> {
    let (op, id, quantity, hold_seconds) = match command.action {
        Action::Reserve { reservation_id, quantity, hold_seconds } => {
            let hold_seconds = hold_seconds.map(u32::from);
            (FrameOp::Reserve, Some(reservation_id), Some(quantity), hold_seconds)
        }
        Action::Extend { reservation_id, hold_seconds } => {
            (FrameOp::Extend, Some(reservation_id), None, Some(hold_seconds.get()))
        }
        Action::Commit { reservation_id, quantity } => {
            (FrameOp::Commit, Some(reservation_id), quantity, None)
        }
        Action::Fulfil { reservation_id, quantity } => {
            (FrameOp::Fulfil, Some(reservation_id), quantity, None)
        }
        Action::Release { reservation_id, quantity, from } => {
            let op = match from {
                ReleaseFrom::Held => FrameOp::Release,
                ReleaseFrom::Committed => FrameOp::Cancel,
            };
            (op, Some(reservation_id), quantity, None)
        }
        Action::Sell { quantity } => (FrameOp::Sell, None, Some(quantity), None),
        Action::Receive { quantity } => (FrameOp::Receive, None, Some(quantity), None),
        _ => return None,
    };
    let id = match id {
        Some(id) => Some(ReservationId::new(id.as_u128())?),
        None => None,
    };
    Some(FrameCommand {
        op,
        key: StockKey::new(command.sku.as_str(), command.location.as_str()).ok()?,
        id,
        quantity: quantity.map(u32::from),
        hold_seconds,
        once: command.key.map(saldo_protocol::IdempotencyKey::into_boxed_str),
    })
}
