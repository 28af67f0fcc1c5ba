//! Frames of commands: grouped by key and handed over as one message each.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::Arc;

use saldo_ledger::{
    Command, Mode, Once, Refusal, RefusalCode, ReservationId, Selection, StockKey, Take, Verb,
};

use super::board::{Board, FrameCommand, FrameOp, FrameReply};
use super::message::{AnswerTo, Job, refused};
use super::{Shared, fingerprint};

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
    // Keys hear of the frame in the order in which it names them.
    let mut by_key: Vec<(StockKey, Vec<Job>)> = Vec::new();
    let mut places: HashMap<StockKey, usize> = HashMap::new();
    let mut add = |key: StockKey, jobs: Vec<Job>| match places.entry(key) {
        Entry::Occupied(place) => by_key[*place.get()].1.extend(jobs),
        Entry::Vacant(free) => {
            by_key.push((free.key().clone(), jobs));
            free.insert(by_key.len() - 1);
        }
    };
    // A hot key's commands come one after the other: they are collected without a look-up each.
    let mut run: Option<(StockKey, Vec<Job>)> = None;
    for (place, command) in (0u32..).zip(frame) {
        let key = command.key.clone();
        let answer = AnswerTo::Board { board: Arc::clone(board), place };
        let job = match command_of(shared, command) {
            Ok((command, once)) => Job { command, once, answer, permit: None },
            Err(code) => {
                board.fill(&[(place, refused(&Refusal::plain(code)))]);
                continue;
            }
        };
        match &mut run {
            Some((running, jobs)) if *running == key => jobs.push(job),
            _ => {
                if let Some((key, jobs)) = run.replace((key, vec![job])) {
                    add(key, jobs);
                }
            }
        }
    }
    if let Some((key, jobs)) = run {
        add(key, jobs);
    }
    for (key, jobs) in by_key {
        shared.deliver_jobs(&key, jobs);
    }
}

fn command_of(
    shared: &Shared,
    frame: FrameCommand,
) -> Result<(Command, Option<Once>), RefusalCode> {
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
            let fingerprint = fingerprint::of_reserve_one(id, &key, quantity, hold_seconds, mode);
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
    let once = once.map(|text| Once {
        key: fingerprint::key_of(&text),
        fingerprint: fingerprint::of_command(&key, &command),
    });
    Ok((command, once))
}
