//! Whether what was told is what the book has: events, views of reservations, lists, histories.

use saldo::actor::call::{Call, Movement, MovementKind};
use saldo::engine::{FrameCommand, FrameOp};
use saldo_ledger::{Change, Mode, ReservationView, StockKey, Timestamp, Units};

use super::asked::{Read, What};
use super::book::cart::{Cart, State};
use super::book::{Book, Happened};
use super::broken::{Broken, Held};
use super::judge::Heard;
use super::refusals;

/// A basket that is granted got everything, unless a part was asked for; and never more than asked for.
pub fn check_grant(sequence: u64, cart: Option<&Cart>, (asked, mode): (u64, Mode)) -> Held {
    let Some(cart) = cart else { return Ok(()) };
    let sums = |state: Option<&State>| -> (u64, u64) {
        let lines = state.map_or(&[][..], |state| &state.lines);
        let sum = |part: &dyn Fn(&Units) -> u64| lines.iter().map(|it| part(&it.1)).sum();
        (sum(&|units| u64::from(units.requested)), sum(&|units| units.granted()))
    };
    let Some(place) = cart.past.iter().position(|state| state.sequence == sequence) else {
        return Ok(());
    };
    let before = place.checked_sub(1).filter(|before| *before >= cart.made_at);
    let before = before.and_then(|place| cart.past.get(place));
    let (before, after) = (sums(before), sums(cart.past.get(place)));
    let (requested, granted) = (after.0 - before.0, after.1 - before.1);
    let holds = match mode {
        Mode::AllOrNothing => granted == asked,
        Mode::Partial => granted > 0 && granted <= asked,
    };
    if requested == asked && holds {
        return Ok(());
    }
    Err(Broken::new(
        "P9",
        format!(
            "event {sequence}: {asked} units asked for ({mode:?}), {requested} noted, {granted} granted: {cart:?}"
        ),
    ))
}

/// Whether an event is what a call asks for.
pub fn is_of(what: &What, happened: &Happened, book: &Book) -> bool {
    let change = &happened.event.change;
    match (what, change) {
        (
            What::Call(Call::Receive { quantity, from_incoming, .. }),
            Change::Received { quantity: units, from_incoming: from, .. },
        ) => (quantity, from_incoming) == (units, from),
        (
            What::Call(Call::Adjust { delta, bucket, .. }),
            Change::Adjusted { delta: units, bucket: of, .. },
        ) => (delta, bucket) == (units, of),
        (
            What::Call(Call::Count { key, counted, at_version, .. }),
            Change::Counted { counted: units, delta, .. },
        ) => {
            let versions = book.keys.get(key);
            let then = versions.and_then(|it| it.at(at_version.unwrap_or(happened.version - 1)));
            counted == units && then.is_some_and(|(_, then)| counted - then.on_hand == *delta)
        }
        (
            What::Call(Call::SetPolicy { safety_stock, oversell_limit, .. }),
            Change::PolicySet { safety_stock: safety, oversell_limit: limit },
        ) => {
            safety_stock.is_none_or(|it| it == *safety)
                && oversell_limit.is_none_or(|it| it == *limit)
        }
        (
            What::Call(Call::Sell { quantity, handed_over, .. }),
            Change::Sold { quantity: units, handed_over: over, .. },
        ) => (quantity, handed_over) == (units, over),
        (What::Command(command), change) => is_of_command(command, change),
        _ => false,
    }
}

fn is_of_command(command: &FrameCommand, change: &Change) -> bool {
    match (command.op, change) {
        (FrameOp::Receive, Change::Received { quantity, .. })
        | (FrameOp::Sell, Change::Sold { quantity, handed_over: false, .. }) => {
            command.quantity == Some(*quantity)
        }
        (FrameOp::Reserve, Change::Reserved { id, requested, quantity, .. }) => {
            let granted = (command.id, command.quantity) == (Some(*id), Some(*quantity));
            granted && requested == quantity
        }
        (FrameOp::Extend, Change::Extended { id, .. }) => command.id == Some(*id),
        (
            FrameOp::Commit | FrameOp::Fulfil | FrameOp::Release | FrameOp::Cancel,
            Change::Settled { id, own, .. },
        ) => command.id == Some(*id) && command.quantity.is_none_or(|units| units == *own),
        _ => false,
    }
}

/// Whether a view is what a state tells.
pub fn is_told(view: &ReservationView, state: &State, book: &Book, now: Timestamp) -> bool {
    let same = view.lines.len() == state.lines.len()
        && view
            .lines
            .iter()
            .zip(&state.lines)
            .all(|(line, (key, units))| (&line.key, &line.units) == (key, units));
    let held = state.lines.iter().any(|(_, units)| units.held > 0);
    let in_time = match view.expires_at {
        None => !held,
        Some(at) => held && refusals::deadlines(state, book, now).contains(&at),
    };
    same && in_time && view.created_at == state.created_at
}

/// Every key that was known to exist is in a list of all.
pub fn all_listed(heard: &Heard<'_>, what: &What, listed: &[&StockKey]) -> Held {
    let is_meant = |key: &StockKey| match what {
        What::Read(Read::Sku(sku)) => key.sku() == sku,
        _ => true,
    };
    for (key, versions) in &heard.book.keys {
        let existed = versions.at(1).is_some_and(|(sequence, _)| sequence <= heard.attempt.known);
        if existed && is_meant(key) && !listed.contains(&key) {
            return Err(Broken::new("P2", format!("{key} is missing from {what:?}: {listed:?}")));
        }
    }
    Ok(())
}

/// A history is the book's, newest first, without a gap.
pub fn movements(heard: &Heard<'_>, what: &What, told: &[Movement]) -> Held {
    let What::Read(Read::Movements(key, limit)) = what else { return Ok(()) };
    let Some(versions) = heard.book.keys.get(key) else {
        return Err(Broken::new("P5", format!("a history of {key}, which has none: {told:?}")));
    };
    let mut expected: Option<u64> = None;
    for movement in told {
        if movement.kind == MovementKind::Opening {
            break;
        }
        check_movement(heard.book, movement)?;
        let version = movement.version;
        if expected.is_some_and(|expected| expected != version) {
            return Err(Broken::new("P6", format!("a history of {key} with a gap: {told:?}")));
        }
        expected = Some(version - 1);
    }
    let newest = told.first().map_or(0, |movement| movement.version);
    let known = versions.versions.partition_point(|(sequence, _)| *sequence <= heard.attempt.known);
    let short = told.len() < *limit
        && expected.is_some_and(|left| left > 0)
        && told.last().is_some_and(|it| it.kind != MovementKind::Opening);
    if newest < known as u64 || short {
        return Err(Broken::new("P5", format!("a history of {key} that lacks events: {told:?}")));
    }
    Ok(())
}

/// A movement is the book's event.
pub fn check_movement(book: &Book, movement: &Movement) -> Held {
    let before =
        book.keys.get(&movement.key).and_then(|it| it.at(movement.version.saturating_sub(1)));
    let same = book.event(movement.sequence).is_some_and(|it| {
        (&it.key, it.version, it.after, it.event.at)
            == (&movement.key, movement.version, movement.after, movement.at)
    });
    if same && before.is_some_and(|(_, before)| before == movement.before) {
        return Ok(());
    }
    let event = book.event(movement.sequence);
    Err(Broken::new("P5", format!("{movement:?} was told, the book has {event:?}")))
}
