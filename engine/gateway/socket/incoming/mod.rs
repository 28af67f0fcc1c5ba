//! What a client's frame says, in either form. A malformed command costs its own reply and not the whole frame.

mod binary;
mod json;

use saldo_ledger::{ReservationId, StockKey};
use saldo_protocol::{Action, Code, FrameId, ReleaseFrom, Subscribe};

use super::json::cut;
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
    pub(super) fn malformed(id: Option<FrameId>, detail: &str) -> Self {
        let detail = cut(detail, DETAIL_BYTES_MAX).to_owned();
        Self { id, code: Code::Malformed, detail }
    }

    pub(super) fn forbidden(id: FrameId, detail: &str) -> Self {
        Self { id: Some(id), code: Code::Forbidden, detail: detail.to_owned() }
    }

    pub(super) fn limit_exceeded(id: FrameId, detail: String) -> Self {
        Self { id: Some(id), code: Code::LimitExceeded, detail }
    }
}

impl Incoming {
    /// Reads a text frame; a frame of more than `commands_max` commands is refused whole.
    pub(super) fn read_text(text: &str, commands_max: usize) -> Result<Self, Misunderstood> {
        json::read(text, commands_max)
    }

    /// Reads a binary frame, under the same rules.
    pub(super) fn read_bytes(bytes: &[u8], commands_max: usize) -> Result<Self, Misunderstood> {
        binary::read(bytes, commands_max)
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

/// Tells commands that make sense from those that do not.
fn command_frame(
    id: FrameId,
    read: impl ExactSizeIterator<Item = Option<FrameCommand>>,
) -> CommandFrame {
    let mut commands = Vec::with_capacity(read.len());
    let mut malformed = Vec::new();
    for (place, command) in read.enumerate() {
        match command {
            Some(command) => commands.push(command),
            None => malformed.push(place),
        }
    }
    CommandFrame { id, commands, malformed }
}

/// None where the action names the nil UUID, which is no reservation.
fn in_domain_types(
    action: Action,
    key: StockKey,
    idempotency_key: Option<Box<str>>,
) -> Option<FrameCommand> {
    let (op, id, quantity, hold_seconds) = match action {
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
    };
    let id = match id {
        Some(id) => Some(ReservationId::new(id.as_u128())?),
        None => None,
    };
    Some(FrameCommand {
        op,
        key,
        id,
        quantity: quantity.map(u32::from),
        hold_seconds,
        once: idempotency_key,
    })
}
