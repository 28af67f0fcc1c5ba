//! Frames of commands: grouped by key and handed over as one message each.

use std::future::Future;
use std::sync::Arc;

use hashbrown::HashMap;
use saldo_ledger::{
    Command, Mode, Once, RefusalCode, ReservationId, Selection, StockKey, Take, Verb,
};

use super::Shared;
use super::board::{Board, FrameCommand, FrameOp, FrameReply};
use super::fingerprint::{self, KeyHash};
use super::message::{Asked, FramePart, PlacedCommand};

/// Most commands of one message: between two messages an actor lets the others of its thread go on, so this many
/// commands of a hot key, about half a millisecond, are what others wait for.
const PART_COMMANDS_MAX: usize = 1_024;

/// Hands a frame over at once, so that commands of one key are decided in the order of the calls.
/// The future tells the replies once all of them are durable; dropping it stops nothing.
pub fn commands(
    shared: &Arc<Shared>,
    frame: Vec<FrameCommand>,
) -> impl Future<Output = Vec<FrameReply>> + Send + 'static + use<> {
    let commands = frame.len();
    let (board, told) = Board::new(commands);
    let board = Arc::new(board);
    match shared.admission.admit(commands) {
        Ok(permit) => {
            board.keep(permit);
            hand_over(shared, frame, &board);
        }
        Err(code) => {
            let reply = FrameReply::Refused { code, available: None };
            let places = (0u32..).take(commands).map(|place| (place, reply));
            board.fill(&places.collect::<Vec<_>>());
        }
    }
    async move {
        if commands == 0 {
            return Vec::new();
        }
        let unknown = FrameReply::Refused { code: RefusalCode::OutcomeUnknown, available: None };
        told.await.unwrap_or_else(|_| vec![unknown; commands])
    }
}

fn hand_over(shared: &Arc<Shared>, frame: Vec<FrameCommand>, board: &Arc<Board>) {
    let mut parts = Parts { parts: Vec::new(), places: HashMap::new(), newest: 0 };
    let mut refused = Vec::new();
    let room = frame.len().min(PART_COMMANDS_MAX);
    for (place, command) in (0u32..).zip(frame) {
        let part = parts.of(&command.key, room);
        match command_of(shared, command, part.hash) {
            Ok(asked) => part.commands.push(PlacedCommand { asked, place }),
            Err(code) => refused.push((place, FrameReply::Refused { code, available: None })),
        }
        if part.commands.len() >= PART_COMMANDS_MAX {
            let commands = std::mem::replace(&mut part.commands, Vec::with_capacity(room));
            shared.deliver_frame(&part.key, FramePart { board: Arc::clone(board), commands });
        }
    }
    if !refused.is_empty() {
        board.fill(&refused);
    }
    for Part { key, commands, .. } in parts.parts {
        if !commands.is_empty() {
            shared.deliver_frame(&key, FramePart { board: Arc::clone(board), commands });
        }
    }
}

/// The commands of one key.
struct Part {
    key: StockKey,
    hash: KeyHash,
    commands: Vec<PlacedCommand>,
}

/// A frame by key: keys hear of it in the order in which it names them.
struct Parts {
    parts: Vec<Part>,
    places: HashMap<StockKey, usize>,
    /// Place of the part that the command before belongs to: a hot key's commands come one after the other, and are
    /// collected without a look-up each.
    newest: usize,
}

impl Parts {
    /// The part of a key; the frame's first key gets `room` for commands at once.
    fn of(&mut self, key: &StockKey, room: usize) -> &mut Part {
        if self.parts.get(self.newest).is_none_or(|part| part.key != *key) {
            self.newest = match self.places.get(key) {
                Some(place) => *place,
                None => {
                    let room = if self.parts.is_empty() { room } else { 1 };
                    self.places.insert(key.clone(), self.parts.len());
                    self.parts.push(Part {
                        key: key.clone(),
                        hash: KeyHash::of(key),
                        commands: Vec::with_capacity(room),
                    });
                    self.parts.len() - 1
                }
            };
        }
        &mut self.parts[self.newest]
    }
}

fn command_of(shared: &Shared, frame: FrameCommand, hash: KeyHash) -> Result<Asked, RefusalCode> {
    let FrameCommand { op, key, id, quantity, hold_seconds, once } = frame;
    let default = u32::try_from(shared.settings.hold_seconds_default).unwrap_or(u32::MAX);
    let hold_seconds = hold_seconds.unwrap_or(default);
    if u64::from(hold_seconds) > shared.settings.hold_seconds_max {
        return Err(RefusalCode::LimitExceeded);
    }
    let id_of = |id: Option<ReservationId>| id.ok_or(RefusalCode::Malformed);
    let units_of = |quantity: Option<u32>| quantity.ok_or(RefusalCode::Malformed);
    let settle = |verb| -> Result<Command, RefusalCode> {
        let selection = quantity.map_or(Selection::All, |quantity| {
            Selection::Lines(vec![Take { key: key.clone(), quantity: u64::from(quantity) }])
        });
        Ok(Command::Settle { id: id_of(id)?, verb, selection })
    };
    let command = match op {
        FrameOp::Reserve => {
            let (id, quantity) = (id_of(id)?, units_of(quantity)?);
            let mode = Mode::AllOrNothing;
            let fingerprint =
                fingerprint::of_reserve_one(id, hash, quantity.into(), hold_seconds, mode);
            Command::ReserveOne { id, fingerprint, quantity, hold_seconds, mode }
        }
        FrameOp::Extend => Command::Extend { id: id_of(id)?, hold_seconds },
        FrameOp::Commit => settle(Verb::Commit)?,
        FrameOp::Fulfil => settle(Verb::Fulfil)?,
        FrameOp::Release => settle(Verb::Release)?,
        FrameOp::Cancel => settle(Verb::Cancel)?,
        FrameOp::Sell => {
            Command::Sell { quantity: units_of(quantity)?, handed_over: false, note: None }
        }
        FrameOp::Receive => {
            Command::Receive { quantity: units_of(quantity)?, from_incoming: false, note: None }
        }
    };
    let once = once.map(|text| {
        let fingerprint = fingerprint::of_command(&key, &command);
        Box::new(Once { key: fingerprint::key_of(&text), fingerprint })
    });
    Ok(Asked { command, once })
}
