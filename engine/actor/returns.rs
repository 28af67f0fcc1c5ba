//! Returns: of an order, to any location, or without one.

use std::collections::BTreeMap;
use std::sync::Arc;

use saldo_ledger::{
    ArrivalAt, Arrivals, Command, Condition, Note, Once, QUANTITY_MAX, Refusal, RefusalCode,
    ReservationId, StockKey, WHOLE_MAX,
};

use super::Shared;
use super::call::{Answer, CallResult, Outcome, ReturnLine};
use super::calls::{Sums, ask, boxed, check_lines, home_of, name_lines, new_id, takes};
use super::message::Want;

/// Units of an order come back; its home decides.
///
/// # Errors
/// The refusal, which names the lines that exceed what was fulfilled.
pub(super) async fn of_order(
    shared: &Arc<Shared>,
    id: ReservationId,
    lines: &[ReturnLine],
    once: Option<Once>,
) -> CallResult {
    check_lines(shared, lines.len())?;
    let mut sums = Sums::new();
    for line in lines {
        *sums.entry(line.key.clone()).or_default() += u64::from(line.quantity);
    }
    let arriving = lines.iter().map(|line| (&line.to, line.quantity, line.condition));
    let arrivals = arrivals(shared, arriving).await?;
    let home = home_of(shared, id, once, &sums).await?;
    let command = Command::Return { id, lines: takes(&sums), arrivals };
    let answer = ask(shared, &home, command, once, Want::Reservation, lines.len()).await;
    name_lines(shared, answer, &home, &sums).await
}

/// Units come back without an order: facts, taken in whole.
///
/// # Errors
/// `limit_exceeded` where a balance could not hold them.
pub(super) async fn without_order(
    shared: &Arc<Shared>,
    lines: &[(StockKey, u32, Condition)],
    reason: String,
    once: Option<Once>,
) -> CallResult {
    check_lines(shared, lines.len())?;
    let arriving = lines.iter().map(|(key, quantity, condition)| (key, *quantity, *condition));
    let mut others = arrivals(shared, arriving).await?;
    let keys: Vec<StockKey> = others.iter().map(|arrival| arrival.key.clone()).collect();
    if others.is_empty() {
        return Err(Refusal::plain(RefusalCode::Malformed));
    }
    let first = others.remove(0);
    let note = boxed(Note { reason: Some(reason.into_boxed_str()), reference: None });
    let command =
        Command::Arrive { id: new_id(shared), of_order: false, here: first.arrivals, others, note };
    let done = ask(shared, &first.key, command, once, Want::Level, lines.len()).await?;
    let mut levels = Vec::with_capacity(keys.len());
    for key in &keys {
        let level = shared.level(key).await;
        levels.push(level.map_err(|refusal| match refusal.code {
            // It has happened: that it cannot be told is no refusal of it.
            RefusalCode::NotReady => RefusalCode::OutcomeUnknown.into(),
            _ => refusal,
        })?);
    }
    Ok(Answer { outcome: Outcome::Levels(levels), replayed: done.replayed })
}

/// What arrives at each key, in key order. Refused where a balance could not hold it.
async fn arrivals(
    shared: &Arc<Shared>,
    lines: impl Iterator<Item = (&StockKey, u32, Condition)>,
) -> Result<Vec<ArrivalAt>, Refusal> {
    let mut by_key: BTreeMap<StockKey, Arrivals> = BTreeMap::new();
    for (key, quantity, condition) in lines {
        let units = by_key.entry(key.clone()).or_default().of_mut(condition);
        *units = units
            .checked_add(quantity)
            .filter(|units| *units <= QUANTITY_MAX)
            .ok_or_else(|| Refusal::plain(RefusalCode::LimitExceeded))?;
    }
    for (key, arriving) in &by_key {
        let level = match shared.level(key).await {
            Ok(level) => level.balances,
            Err(refusal) if refusal.code == RefusalCode::UnknownStock => continue,
            Err(refusal) => return Err(refusal),
        };
        let units = i64::try_from(arriving.total()).unwrap_or(WHOLE_MAX);
        let fullest =
            level.on_hand.max(level.damaged).max(level.quality_control).max(level.available());
        if fullest > WHOLE_MAX - units {
            return Err(Refusal::plain(RefusalCode::LimitExceeded));
        }
    }
    Ok(by_key.into_iter().map(|(key, arrivals)| ArrivalAt { key, arrivals }).collect())
}
