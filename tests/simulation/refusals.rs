//! Refusals: each has one of the promised codes, and something that explains it.

use saldo::actor::call::Call;
use saldo_ledger::{Refusal, RefusalCode, StockKey, Timestamp, Verb};

use super::asked::{Asked, What};
use super::book::Book;
use super::book::cart::{Cart, State};
use super::broken::{Broken, Held};
use super::judge::Heard;

/// What explains a refusal, at the time of its answer.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Logged time, at the latest.
    pub now: Timestamp,
    /// The latest logged time of any life. What was read and never journalled is lost in a crash, so a later life may
    /// be behind it; what was forgotten then stays forgotten.
    pub latest: Timestamp,
    /// The oldest event that the journal keeps.
    pub earliest: u64,
    /// Whether the engine may be short of places for calls.
    pub overloads: bool,
    /// Whether it was recovering or stopping, or its store may fail.
    pub unready: bool,
    /// Whether the disk was full in this life.
    pub full: bool,
    /// Whether the journal may have failed.
    pub failed: bool,
    pub oversells: bool,
    pub hold_limit: bool,
    pub kept_seconds: u64,
}

/// The place of the first state that can be told: the newest one at this sequence.
pub fn first_state(cart: &Cart, known: u64) -> usize {
    cart.past.partition_point(|state| state.sequence <= known).saturating_sub(1)
}

/// The deadlines that a state may have been told with.
pub fn deadlines(state: &State, book: &Book, now: Timestamp) -> Vec<Timestamp> {
    let made = (state.created_at, state.set_at, state.hold_seconds);
    let resumed = book.rules.resumed.range(..=now.as_micros());
    let times = resumed.map(|at| Timestamp::from_micros(*at));
    times.chain([state.set_at]).map(|at| book.rules.deadline(made, at)).collect()
}

/// Checks that something explains a refusal.
pub fn check(heard: &Heard<'_>, asked: &Asked, refusal: &Refusal) -> Held {
    let moment = heard.moment;
    let unexplained = |why: &str| -> Held {
        Err(Broken::new("P7", format!("{asked:?} was refused, {refusal:?}: {why} ({moment:?})")))
    };
    let explained = match refusal.code {
        RefusalCode::Overloaded => moment.overloads,
        RefusalCode::ReadOnly => moment.full,
        RefusalCode::NotReady => moment.unready || moment.failed,
        RefusalCode::OutcomeUnknown => moment.failed,
        _ => true,
    };
    if !explained {
        return unexplained("nothing explains it");
    }
    if refusal.code.is_transient() {
        return Ok(());
    }
    if heard.attempt.had_effect && !asked.is_shared && is_remembered(heard, asked) {
        return Err(Broken::new(
            "P4",
            format!("{asked:?} had its effect and was refused: {refusal:?}"),
        ));
    }
    let holds = match refusal.code {
        RefusalCode::UnknownStock => is_unknown_stock(heard, asked, refusal),
        RefusalCode::IdempotencyKeyReused => asked.is_shared,
        RefusalCode::UnknownReservation => is_unknown(heard, asked),
        RefusalCode::VersionMismatch => is_mismatch(heard, asked),
        RefusalCode::ReservationExpired
        | RefusalCode::ReservationClosed
        | RefusalCode::QuantityExceedsHeld
        | RefusalCode::QuantityExceedsCommitted
        | RefusalCode::QuantityExceedsFulfilled => is_of_state(heard, asked, refusal.code),
        RefusalCode::HoldLimit => moment.hold_limit,
        RefusalCode::LimitExceeded => may_exceed(&asked.what),
        RefusalCode::Malformed => matches!(asked.what, What::Command(_)),
        _ => true,
    };
    if holds { Ok(()) } else { unexplained("the book has no reason for it") }
}

/// Whether the newest effect of a call is within the window, even at the latest time that it can have been asked.
fn is_remembered(heard: &Heard<'_>, asked: &Asked) -> bool {
    let newest = asked.effects.last().and_then(|effect| heard.book.event(effect.sequence));
    let window = heard.book.rules.window_seconds;
    newest.is_some_and(|it| it.event.at.plus_seconds(window) > heard.moment.now)
}

fn is_unknown_stock(heard: &Heard<'_>, asked: &Asked, refusal: &Refusal) -> bool {
    let was_unknown = |key: &StockKey| {
        let first = heard.book.keys.get(key).and_then(|it| it.at(1));
        first.is_none_or(|(sequence, _)| sequence > heard.attempt.known)
    };
    if !refusal.lines.is_empty() {
        let mut lines = refusal.lines.iter().filter(|line| line.code == refusal.code);
        return lines.all(|line| was_unknown(&line.key));
    }
    match (&asked.what, asked.what.key()) {
        (_, Some(key)) => was_unknown(key),
        (What::Read(super::asked::Read::Sku(sku)), _) => {
            heard.book.keys.keys().filter(|key| key.sku() == sku).all(was_unknown)
        }
        _ => true,
    }
}

fn is_unknown(heard: &Heard<'_>, asked: &Asked) -> bool {
    let cart = asked.what.reservation().and_then(|id| heard.book.carts.get(&id));
    let Some(cart) = cart else { return true };
    if matches!(&asked.what, What::Command(command) if command.key != cart.home) {
        return true;
    }
    may_be_unknown(heard, cart)
}

/// Whether a reservation was not there yet when it was asked for, or may have been forgotten.
fn may_be_unknown(heard: &Heard<'_>, cart: &Cart) -> bool {
    let made = cart.past.get(cart.made_at);
    if made.is_none_or(|made| made.sequence > heard.attempt.known) {
        return cart.former.as_ref().is_none_or(|former| may_be_unknown(heard, former));
    }
    let newest = cart.past.last().and_then(|state| heard.book.event(state.sequence));
    let Moment { kept_seconds, latest, .. } = *heard.moment;
    let kept = newest.is_none_or(|it| it.event.at.plus_seconds(kept_seconds) > latest);
    !cart.is_open() && !kept
}

fn is_mismatch(heard: &Heard<'_>, asked: &Asked) -> bool {
    let What::Call(Call::Count { key, at_version: Some(version), .. }) = &asked.what else {
        return false;
    };
    let Some(versions) = heard.book.keys.get(key) else { return *version > 0 };
    let at_send =
        versions.versions.partition_point(|(sequence, _)| *sequence <= heard.attempt.known);
    let next = versions.at(version + 1);
    *version > at_send as u64 || next.is_some_and(|(sequence, _)| sequence < heard.moment.earliest)
}

/// Whether some state that it may have met explains it.
fn is_of_state(heard: &Heard<'_>, asked: &Asked, code: RefusalCode) -> bool {
    let cart = asked.what.reservation().and_then(|id| heard.book.carts.get(&id));
    let Some(cart) = cart else { return false };
    let from = first_state(cart, heard.attempt.known);
    cart.past[from..].iter().any(|state| explains(state, &asked.what, code, heard.moment.now))
}

fn explains(state: &State, what: &What, code: RefusalCode, now: Timestamp) -> bool {
    let due = state.set_at.plus_seconds(u64::from(state.hold_seconds)) <= now;
    let all = |holds: &dyn Fn(&saldo_ledger::Units) -> bool| {
        state.lines.iter().all(|(_, units)| holds(units))
    };
    match code {
        RefusalCode::ReservationExpired => all(&|it| {
            u64::from(it.expired) + if due { u64::from(it.held) } else { 0 } == it.granted()
        }),
        RefusalCode::ReservationClosed => all(&|it| it.committed == 0 && (due || it.held == 0)),
        RefusalCode::QuantityExceedsHeld => due || exceeds(state, what, |units| units.held),
        RefusalCode::QuantityExceedsCommitted => exceeds(state, what, |units| units.committed),
        RefusalCode::QuantityExceedsFulfilled => exceeds(state, what, |units| units.fulfilled),
        _ => false,
    }
}

/// Whether a call asks for more of some line than there is.
fn exceeds(state: &State, what: &What, there: impl Fn(&saldo_ledger::Units) -> u32) -> bool {
    let at = |key: &StockKey| {
        let line = state.lines.iter().find(|(line, _)| line == key);
        line.map_or(0, |(_, units)| u64::from(there(units)))
    };
    let more = |lines: &mut dyn Iterator<Item = (&StockKey, u32)>| {
        let mut sums = std::collections::BTreeMap::new();
        for (key, units) in lines {
            *sums.entry(key).or_insert(0) += u64::from(units);
        }
        sums.into_iter().any(|(key, units)| units > at(key))
    };
    match what {
        What::Call(Call::Settle { lines: Some(lines), .. }) => {
            more(&mut lines.iter().map(|(key, units)| (key, *units)))
        }
        What::Call(Call::Return { lines, .. }) => {
            more(&mut lines.iter().map(|line| (&line.key, line.quantity)))
        }
        What::Command(command) if command.quantity.is_some() => {
            more(&mut std::iter::once((&command.key, command.quantity.unwrap_or(0))))
        }
        _ => state.lines.iter().all(|(_, units)| there(units) == 0),
    }
}

/// Whether a call may pass a limit: a balance below zero, or a hold past its lifetime.
fn may_exceed(what: &What) -> bool {
    match what {
        What::Call(call) => !matches!(
            call,
            Call::Reserve { .. }
                | Call::Settle { verb: Verb::Commit | Verb::Release | Verb::Cancel, .. }
        ),
        What::Command(command) => command.op == saldo::engine::FrameOp::Extend,
        What::Read(_) => false,
    }
}
