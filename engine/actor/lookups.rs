//! Reads: from the actor where a key is awake, else from the store. They wake nobody, and what they
//! tell is durable.

use std::sync::Arc;

use saldo_ledger::{
    ClosedReservation, Head, Level, Refusal, RefusalCode, ReservationId, ReservationView, StockKey,
};
use tokio::sync::oneshot;

use super::Shared;
use super::call::{Page, ReferenceKind};
use super::message::Look;
use super::shared::unreadable;
use crate::store::save::LoadError;
use crate::store::{keys, state};

/// Names that a listing reads from the store at a time.
const SCAN_LIMIT: usize = 1_024;

/// The cursor of a place in this journal.
#[must_use]
pub fn cursor(shared: &Shared, sequence: u64) -> String {
    format!("{:x}-{sequence:x}", shared.journal.journal_id())
}

/// A level, and the place of its key's last event in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The level.
    pub level: Level,
    /// Sequence number of the event that made it.
    pub place: u64,
}

/// The place that a cursor names.
///
/// # Errors
/// `malformed` where it is of another journal, or no cursor at all.
pub fn place_of(shared: &Shared, cursor: &str) -> Result<u64, Refusal> {
    let malformed = || Refusal::plain(RefusalCode::Malformed);
    let (journal, sequence) = cursor.split_once('-').ok_or_else(malformed)?;
    let journal = u128::from_str_radix(journal, 16).map_err(|_| malformed())?;
    if journal != shared.journal.journal_id() {
        return Err(malformed());
    }
    u64::from_str_radix(sequence, 16).map_err(|_| malformed())
}

/// Levels of all keys whose SKU starts with `prefix`, in key order, behind `after`.
///
/// # Errors
/// `not_ready` where the store cannot answer.
pub async fn levels(
    shared: &Arc<Shared>,
    after: Option<&StockKey>,
    prefix: &str,
    limit: usize,
) -> Result<Vec<Placed>, Refusal> {
    listed(shared, keys::heads_of_prefix(prefix), after, limit).await
}

/// Levels of a SKU at all its locations.
///
/// # Errors
/// `unknown_stock` where there are none.
pub async fn levels_of_sku(shared: &Arc<Shared>, sku: &str) -> Result<Vec<Placed>, Refusal> {
    let mut levels: Vec<Placed> = Vec::new();
    loop {
        let after = levels.last().map(|placed| placed.level.key.clone());
        let page = listed(shared, keys::heads_of_sku(sku), after.as_ref(), SCAN_LIMIT).await?;
        let last = page.len() < SCAN_LIMIT;
        levels.extend(page);
        if last {
            break;
        }
    }
    if levels.is_empty() { Err(Refusal::plain(RefusalCode::UnknownStock)) } else { Ok(levels) }
}

async fn listed(
    shared: &Arc<Shared>,
    prefix: Vec<u8>,
    after: Option<&StockKey>,
    limit: usize,
) -> Result<Vec<Placed>, Refusal> {
    let (store, after) = (Arc::clone(&shared.store), after.map(keys::head));
    let found = off_thread(move || Ok(store.scan(&prefix, after.as_deref(), limit)?)).await?;
    let mut levels = Vec::with_capacity(found.len());
    let mut asked = Vec::new();
    for (name, bytes) in found {
        let Some(key) = keys::head_of(&name) else { continue };
        let (tell, told) = oneshot::channel();
        if shared.directory.look(&key, Look::Head(tell)).is_ok() {
            asked.push((levels.len(), told));
        }
        let head = state::decode_head(&bytes).map_err(|error| unreadable(&key, &error.into()))?;
        levels.push(placed(key, &head));
    }
    for (at, told) in asked {
        if let Ok(head) = told.await
            && head.version > 0
        {
            levels[at] = placed(levels[at].level.key.clone(), &head);
        }
    }
    shared.seen_is_durable().await?;
    Ok(levels)
}

fn placed(key: StockKey, head: &Head) -> Placed {
    let level = Level { key, balances: head.balances, version: head.version, as_of: head.as_of };
    Placed { level, place: head.place }
}

/// Runs a read of store or journal where it blocks no arbiter.
pub(super) async fn off_thread<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, LoadError> + Send + 'static,
) -> Result<T, Refusal> {
    match crate::blocking::off_thread(read).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::error!(%error, "a read failed");
            Err(Refusal::plain(RefusalCode::NotReady))
        }
        Err(error) => {
            tracing::error!(%error, "a read panicked");
            Err(Refusal::plain(RefusalCode::NotReady))
        }
    }
}

/// A reservation, open or closed.
///
/// # Errors
/// `unknown_reservation`.
pub async fn reservation(
    shared: &Arc<Shared>,
    id: ReservationId,
) -> Result<ReservationView, Refusal> {
    if let Some(home) = shared.ids.home(id)
        && let Some(view) = open_reservation(shared, id, &home).await?
    {
        return Ok(view);
    }
    let closed = closed(shared, id)?;
    shared.seen_is_durable().await?;
    closed
        .map(|closed| closed.view())
        .ok_or_else(|| Refusal::plain(RefusalCode::UnknownReservation))
}

async fn open_reservation(
    shared: &Arc<Shared>,
    id: ReservationId,
    home: &StockKey,
) -> Result<Option<ReservationView>, Refusal> {
    let (tell, told) = oneshot::channel();
    if shared.directory.look(home, Look::Reservation(id, tell)).is_ok() {
        return Ok(told.await.ok().flatten());
    }
    let (theirs, key) = (Arc::clone(shared), home.clone());
    let view = off_thread(move || Ok(theirs.load(&key)?.view(id, &theirs.terms()))).await?;
    shared.seen_is_durable().await?;
    Ok(view)
}

fn closed(shared: &Shared, id: ReservationId) -> Result<Option<ClosedReservation>, Refusal> {
    let found = shared.store.get(&keys::closed(id)).map_err(LoadError::from);
    let closed =
        found.and_then(|bytes| Ok(bytes.map(|bytes| state::decode_closed(&bytes)).transpose()?));
    closed.map_err(|error: LoadError| {
        tracing::error!(%error, ?id, "a closed reservation cannot be read");
        Refusal::plain(RefusalCode::NotReady)
    })
}

/// The home of a closed reservation.
///
/// # Errors
/// `not_ready` where the store cannot answer.
pub fn closed_home(shared: &Shared, id: ReservationId) -> Result<Option<StockKey>, Refusal> {
    Ok(closed(shared, id)?.and_then(|closed| Some(closed.lines.first()?.key.clone())))
}

/// Open reservations with a line at a key, in the order of its hold table.
///
/// # Errors
/// `unknown_stock`, or `malformed` for a cursor that is none.
pub async fn reservations_on(
    shared: &Arc<Shared>,
    key: &StockKey,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<ReservationView>, Refusal> {
    shared.level(key).await?;
    let malformed = |_| Refusal::plain(RefusalCode::Malformed);
    let from = cursor.map_or(Ok(0), |cursor| u32::from_str_radix(cursor, 16).map_err(malformed))?;
    let (tell, told) = oneshot::channel();
    let looked = shared.directory.look(key, Look::Lines { from, limit: limit + 1, tell });
    let mut lines: Vec<(u32, ReservationId, Option<ReservationView>)> = match looked {
        Ok(()) => {
            let told = told.await.map_err(|_| Refusal::plain(RefusalCode::NotReady))?;
            told.into_iter().map(|(place, id)| (place, id, None)).collect()
        }
        Err(_) => {
            let (theirs, key) = (Arc::clone(shared), key.clone());
            off_thread(move || {
                let (ledger, terms) = (theirs.load(&key)?, theirs.terms());
                let lines = ledger.slots().filter(|(place, _)| *place >= from).take(limit + 1);
                Ok(lines
                    .map(|(place, slot)| (place, slot.id, ledger.view(slot.id, &terms)))
                    .collect())
            })
            .await?
        }
    };
    let next_cursor = lines.get(limit).map(|(place, ..)| format!("{place:x}"));
    lines.truncate(limit);
    let mut items = Vec::with_capacity(lines.len());
    for (_, id, view) in lines {
        match view {
            // Its home sleeps here, and was loaded once for all of them.
            Some(view) => items.push(view),
            None => items.extend(views(shared, std::iter::once(id)).await?),
        }
    }
    shared.seen_is_durable().await?;
    Ok(Page { items, next_cursor })
}

/// Reservations with a reference, open and closed, in the order of their ids.
///
/// # Errors
/// `malformed` for a cursor that is none.
pub async fn reservations_by(
    shared: &Arc<Shared>,
    kind: ReferenceKind,
    text: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<ReservationView>, Refusal> {
    let kind = match kind {
        ReferenceKind::Order => b'o',
        ReferenceKind::Customer => b'c',
    };
    let malformed = || Refusal::plain(RefusalCode::Malformed);
    let after = match cursor {
        None => None,
        Some(cursor) => {
            let id = u128::from_str_radix(cursor, 16).ok().and_then(ReservationId::new);
            Some(keys::reference(kind, text, id.ok_or_else(malformed)?))
        }
    };
    let (store, prefix) = (Arc::clone(&shared.store), keys::references(kind, text));
    let found = off_thread(move || Ok(store.scan(&prefix, after.as_deref(), limit + 1)?)).await?;
    let mut ids: Vec<ReservationId> =
        found.iter().filter_map(|(name, _)| keys::reference_of(name)).collect();
    let more = ids.len() > limit;
    ids.truncate(limit);
    let next_cursor = ids.last().filter(|_| more).map(|id| format!("{:x}", id.bits()));
    let items = views(shared, ids.into_iter()).await?;
    Ok(Page { items, next_cursor })
}

/// Those of the reservations that exist: one may have closed, or may not be granted yet.
async fn views(
    shared: &Arc<Shared>,
    ids: impl Iterator<Item = ReservationId>,
) -> Result<Vec<ReservationView>, Refusal> {
    let mut views = Vec::new();
    for id in ids {
        match reservation(shared, id).await {
            Ok(view) => views.push(view),
            Err(refusal) if refusal.code == RefusalCode::UnknownReservation => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(views)
}
