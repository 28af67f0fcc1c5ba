//! A key's history, judged by itself: versions without gaps, balances that the movements add up to, no promise past
//! what there was, no expiry of committed units.

use std::collections::BTreeMap;

use saldo::actor::call::{Movement, MovementKind};
use saldo_ledger::{Balances, ReservationId, StockKey};

use super::{Figures, Model};

/// What a sale of goods that have left carries as its reference, so that its movement can be told from a promise.
pub const HANDED_OVER: &str = "handed-over";

/// Units of one reservation at the key, as its movements tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    held: i64,
    committed: i64,
    fulfilled: i64,
}

/// Judges a key's whole history, oldest first, and whether it ends where the model stands.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn judge(model: &Model, key: &StockKey, movements: &[Movement]) -> Result<(), String> {
    let mut before = Balances::default();
    let mut tallies: BTreeMap<ReservationId, Tally> = BTreeMap::new();
    for (version, movement) in (1..).zip(movements) {
        let wrong = |why: &str| Err(format!("{why}: {movement:?}"));
        if movement.version != version {
            return wrong("a version is missing or told twice");
        }
        if movement.before != before {
            return wrong("it does not begin where the one before ended");
        }
        if !adds_up(movement) {
            return wrong("its quantity is not what it moved");
        }
        let is_promise = match movement.kind {
            MovementKind::Reserved => movement.quantity > 0,
            MovementKind::Sold => movement.reference.as_deref() != Some(HANDED_OVER),
            _ => false,
        };
        let after = &movement.after;
        if is_promise && after.available() < -after.oversell_limit {
            return wrong("P1: it promises more than there is");
        }
        if let Some(id) = movement.reservation
            && !tally(tallies.entry(id).or_default(), movement)
        {
            return wrong("P8: it takes units that the reservation does not have there");
        }
        before = movement.after;
    }
    let Some(stock) = model.stocks.get(key) else {
        return if movements.is_empty() {
            Ok(())
        } else {
            Err(format!("{key:?} has a history but does not exist"))
        };
    };
    if same(&before) != stock.figures {
        return Err(format!(
            "P5: movements of {key:?} add up to {before:?}, not to {:?}",
            stock.figures
        ));
    }
    let is_within = (stock.version..=stock.version + stock.version_slack)
        .contains(&u64::try_from(movements.len()).unwrap_or(u64::MAX));
    if !is_within {
        return Err(format!(
            "{key:?} has {} movements, but version {}",
            movements.len(),
            stock.version
        ));
    }
    judge_tallies(model, key, &tallies)
}

/// Whether what a reservation's movements add up to is what it has.
fn judge_tallies(
    model: &Model,
    key: &StockKey,
    tallies: &BTreeMap<ReservationId, Tally>,
) -> Result<(), String> {
    let units = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
    for (id, tally) in tallies {
        let Some(line) = model.orders.get(id).and_then(|order| order.lines.get(key)) else {
            if tally.held + tally.committed > 0 {
                return Err(format!(
                    "{id:?} has units at {key:?}, but was never granted any: {tally:?}"
                ));
            }
            continue;
        };
        if (tally.held, tally.committed) != (units(line.held), units(line.committed)) {
            return Err(format!(
                "P5: movements of {id:?} at {key:?} add up to {tally:?}, not to {line:?}"
            ));
        }
    }
    Ok(())
}

fn same(balances: &Balances) -> Figures {
    Figures {
        on_hand: balances.on_hand,
        reserved: balances.reserved,
        committed: balances.committed,
        damaged: balances.damaged,
        quality_control: balances.quality_control,
        safety_stock: balances.safety_stock,
        incoming: balances.incoming,
        oversell_limit: balances.oversell_limit,
    }
}

/// Whether the balances moved by the quantity, as the kind says.
fn adds_up(movement: &Movement) -> bool {
    let (before, after, units) = (same(&movement.before), same(&movement.after), movement.quantity);
    let mut moved = before;
    match movement.kind {
        MovementKind::Received => {
            moved.on_hand += units;
            if after.incoming != before.incoming {
                moved.incoming -= units;
            }
        }
        MovementKind::Adjusted => {
            let changed = [
                after.on_hand - before.on_hand,
                after.damaged - before.damaged,
                after.quality_control - before.quality_control,
                after.incoming - before.incoming,
            ];
            let others = Figures {
                on_hand: after.on_hand,
                damaged: after.damaged,
                quality_control: after.quality_control,
                incoming: after.incoming,
                ..before
            };
            return others == after && changed.iter().filter(|units| **units != 0).eq([&units]);
        }
        MovementKind::Counted => moved.on_hand += units,
        MovementKind::PolicySet => {
            moved.safety_stock = after.safety_stock;
            moved.oversell_limit = after.oversell_limit;
            return moved == after && units == 0;
        }
        MovementKind::Reserved => moved.reserved += units,
        MovementKind::Extended | MovementKind::Opening => return moved == after && units == 0,
        MovementKind::Committed => {
            moved.reserved -= units;
            moved.committed += units;
        }
        MovementKind::Fulfilled => {
            moved.committed -= units;
            moved.on_hand -= units;
        }
        MovementKind::Released if after.committed != before.committed => moved.committed -= units,
        MovementKind::Released | MovementKind::Expired => moved.reserved -= units,
        MovementKind::Returned => {
            moved.on_hand += units;
            let damaged = after.damaged - before.damaged;
            let quality_control = after.quality_control - before.quality_control;
            if damaged < 0 || quality_control < 0 || damaged + quality_control > units {
                return false;
            }
            moved.damaged = after.damaged;
            moved.quality_control = after.quality_control;
        }
        MovementKind::Sold => moved.on_hand -= units,
    }
    moved == after
}

/// Moves a reservation's units; false where it does not have as many.
fn tally(tally: &mut Tally, movement: &Movement) -> bool {
    let units = movement.quantity;
    match movement.kind {
        MovementKind::Reserved => tally.held += units,
        MovementKind::Committed => {
            tally.held -= units;
            tally.committed += units;
        }
        MovementKind::Fulfilled => {
            tally.committed -= units;
            tally.fulfilled += units;
        }
        MovementKind::Released if movement.after.committed != movement.before.committed => {
            tally.committed -= units;
        }
        MovementKind::Released | MovementKind::Expired => tally.held -= units,
        _ => {}
    }
    tally.held >= 0 && tally.committed >= 0
}
