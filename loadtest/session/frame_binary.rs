//! Frames of commands and replies in binary (`saldo.v1.bin`).

use saldo_protocol::Code;
use saldo_protocol::binary::{
    ActionRecord, ClientFrame, CommandRecord, ReplyRecord, Row, ServerFrame, StockName,
};

use crate::session::SessionError;
use crate::session::websocket::batch_of;
use crate::workload::names::{Names, Stock};
use crate::workload::op::{KeyIndex, Op, Verb};
use crate::workload::outcome::{NOT_TOLD, Outcome, Verdict};

/// Where each key of the run stands in the table of the frame that is being made: found without hashing.
#[derive(Debug)]
pub struct StockTable {
    /// For each key the frame that it was last named in, and its place there.
    places: Vec<(u64, u32)>,
    frame: u64,
}

impl StockTable {
    /// For a run of so many keys.
    #[must_use]
    pub fn new(keys: usize) -> Self {
        Self { places: vec![(0, 0); keys], frame: 0 }
    }

    /// The key's place in this frame's table, which gets it where it has not.
    fn place<'a>(
        &mut self,
        key: KeyIndex,
        table: &mut Vec<StockName<'a>>,
        names: &'a Names,
    ) -> u32 {
        let (frame, place) = &mut self.places[key as usize];
        if *frame != self.frame {
            let Stock { sku, location } = names.stock(key);
            *frame = self.frame;
            *place = u32::try_from(table.len()).unwrap_or(u32::MAX);
            table.push(StockName { sku, location });
        }
        *place
    }
}

/// The frame's bytes.
///
/// # Errors
/// [`SessionError::Unfit`] for what is no command.
pub fn encoded(
    batch: u64,
    ops: &[Op],
    names: &Names,
    table: &mut StockTable,
) -> Result<Vec<u8>, SessionError> {
    table.frame += 1;
    // Only what may not be repeated as it is needs a key.
    let keys: Vec<Option<String>> = match ops.iter().any(needs_key) {
        true => {
            ops.iter().map(|op| needs_key(op).then(|| names.idempotency_key(op.name))).collect()
        }
        false => Vec::new(),
    };
    let mut stocks = Vec::with_capacity(ops.len().min(names.stocks().len()));
    let mut commands = Vec::with_capacity(ops.len());
    for (place, op) in ops.iter().enumerate() {
        commands.push(CommandRecord {
            stock: table.place(op.key, &mut stocks, names),
            key: keys.get(place).and_then(Option::as_deref),
            action: action(op, names)?,
        });
    }
    let id = batch.to_string();
    Ok(ClientFrame::Commands { id: &id, stocks: Row(stocks), commands: Row(commands) }.encode())
}

/// Whether a repeat without an idempotency key would be another operation.
#[must_use]
pub fn needs_key(op: &Op) -> bool {
    match op.verb {
        Verb::Receive | Verb::Sell | Verb::Extend => true,
        Verb::Commit | Verb::Fulfil | Verb::Release | Verb::Cancel => !op.is_whole,
        Verb::Reserve | Verb::Return | Verb::Read => false,
    }
}

fn action(op: &Op, names: &Names) -> Result<ActionRecord, SessionError> {
    if op.lines.is_some() {
        return Err(unfit("a basket"));
    }
    let reservation_id = names.reservation(op.reservation).into_bytes();
    let quantity = op.quantity;
    let part = (!op.is_whole).then_some(op.quantity);
    Ok(match op.verb {
        Verb::Reserve => ActionRecord::Reserve {
            reservation_id,
            quantity,
            hold_seconds: (op.hold_seconds > 0).then_some(op.hold_seconds),
        },
        Verb::Extend => ActionRecord::Extend { reservation_id, hold_seconds: op.hold_seconds },
        Verb::Commit => ActionRecord::Commit { reservation_id, quantity: part },
        Verb::Fulfil => ActionRecord::Fulfil { reservation_id, quantity: part },
        Verb::Release | Verb::Cancel => ActionRecord::Release {
            reservation_id,
            quantity: part,
            from_committed: op.verb == Verb::Cancel,
        },
        Verb::Sell => ActionRecord::Sell { quantity },
        Verb::Receive => ActionRecord::Receive { quantity },
        verb @ (Verb::Return | Verb::Read) => return Err(unfit(verb.name())),
    })
}

/// What cannot be said.
#[must_use]
pub fn unfit(what: &str) -> SessionError {
    SessionError::Unfit(format!("`{what}` is no command of the feed: --transport http"))
}

/// Reads a frame of replies.
///
/// # Errors
/// [`SessionError::Answer`] for any other frame.
pub fn read(bytes: &[u8], outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError> {
    let frame =
        ServerFrame::decode(bytes).map_err(|error| SessionError::Answer(error.to_string()))?;
    match frame {
        ServerFrame::Replies { id, replies } => {
            outcomes.reserve(replies.0.len());
            for reply in &replies.0 {
                outcomes.push(outcome(reply)?);
            }
            batch_of(id)
        }
        other => Err(SessionError::Answer(format!("{other:?}"))),
    }
}

fn outcome(reply: &ReplyRecord) -> Result<Outcome, SessionError> {
    Ok(match *reply {
        // A repeat tells how things are now, not how they were after it.
        ReplyRecord::Done { replayed: true, .. } => Outcome::plain(Verdict::Replayed),
        ReplyRecord::Done { version, available, .. } => {
            Outcome { verdict: Verdict::Done, version, available }
        }
        ReplyRecord::Refused { code, available } => {
            let code = Code::from_number(code)
                .ok_or_else(|| SessionError::Answer(format!("the code {code}")))?;
            refused(code, available)
        }
    })
}

/// The outcome of a refusal.
#[must_use]
pub fn refused(code: Code, available: Option<i64>) -> Outcome {
    match code {
        Code::OutcomeUnknown => Outcome::plain(Verdict::Unknown),
        code => Outcome { available: available.unwrap_or(NOT_TOLD), ..Outcome::refused(code) },
    }
}
