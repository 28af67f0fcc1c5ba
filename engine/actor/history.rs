//! A key's history, told from the journal alone by walking its chain of events back.

use std::sync::Arc;

use saldo_ledger::{Change, Head, Refusal, RefusalCode, ReservationId, StockKey, Verb};
use tokio::sync::oneshot;

use super::Shared;
use super::call::{Movement, MovementKind, Page};
use super::lookups::{cursor, off_thread, place_of};
use super::message::Look;
use crate::store::replay::{Back, walk_back};
use crate::store::save::LoadError;
use crate::store::{keys, state};

/// A key's head with every event so far, all of it durable.
async fn head(shared: &Arc<Shared>, key: &StockKey) -> Result<Option<Head>, Refusal> {
    let (tell, told) = oneshot::channel();
    let head = match shared.directory.look(key, Look::Head(tell)) {
        Ok(()) => Some(told.await.map_err(|_| Refusal::plain(RefusalCode::NotReady))?),
        Err(_) => {
            let (store, name) = (Arc::clone(&shared.store), keys::head(key));
            let read = move || {
                Ok(store.get(&name)?.map(|bytes| state::decode_head(&bytes)).transpose()?)
            };
            off_thread(read).await?
        }
    };
    shared.seen_is_durable().await?;
    Ok(head.filter(|head| head.version > 0))
}

/// On hand at a version of a key; the balances of a key without events are 0.
///
/// # Errors
/// `version_mismatch` where the version lies in the future or before what the journal reaches.
pub async fn on_hand_at(
    shared: &Arc<Shared>,
    key: &StockKey,
    version: u64,
) -> Result<i64, Refusal> {
    let mismatch = || Refusal::plain(RefusalCode::VersionMismatch);
    let head = head(shared, key).await?.unwrap_or_default();
    if version > head.version {
        return Err(mismatch());
    }
    if version == head.version {
        return Ok(head.balances.on_hand);
    }
    let (reader, key) = (shared.journal.reader(), key.clone());
    let mut found = None;
    let found = off_thread(move || {
        walk_back(&reader, &key, head.place, |back| {
            if back.version == version + 1 {
                found = Some(back.before.on_hand);
            }
            found.is_none()
        })?;
        Ok(found)
    })
    .await?;
    found.ok_or_else(mismatch)
}

/// A key's history, newest first.
///
/// # Errors
/// `unknown_stock`, or `malformed` for a cursor that is none.
pub async fn movements(
    shared: &Arc<Shared>,
    key: &StockKey,
    after: Option<&str>,
    limit: usize,
) -> Result<Page<Movement>, Refusal> {
    let head = head(shared, key).await?.ok_or_else(|| Refusal::plain(RefusalCode::UnknownStock))?;
    let from = after.map(|after| place_of(shared, after)).transpose()?;
    if from.is_some_and(|place| place > head.place) {
        return Err(Refusal::plain(RefusalCode::Malformed));
    }
    let (reader, theirs) = (shared.journal.reader(), key.clone());
    let history = off_thread(move || {
        let mut told: Vec<Movement> = Vec::new();
        let newest = from.unwrap_or(head.place);
        let mut oldest = None;
        let walked = walk_back(&reader, &theirs, newest, |back| {
            // The cursor is the last movement that was told.
            if from == Some(back.sequence) {
                oldest = Some((back.before, back.version, back.at(), back.sequence));
                return true;
            }
            if told.len() < limit {
                oldest = Some((back.before, back.version, back.at(), back.sequence));
                told.push(movement(&theirs, back));
                return true;
            }
            false
        });
        let ended = match walked {
            // A cursor of another key: the caller's mistake.
            Err(LoadError::Stray { place, .. }) if Some(place) == from => return Ok(None),
            walked => walked?,
        };
        // Where not even the cursor's own event is kept any more, nobody can say what there was before it.
        let is_known = oldest.is_some() || from.is_none();
        if ended.is_some() && is_known && told.len() < limit {
            // The journal reaches no further: the history begins with what there was.
            let (balances, version, at, sequence) = oldest.map_or(
                (head.balances, head.version, head.as_of, head.place),
                |(balances, version, at, place)| (balances, version - 1, at, place),
            );
            told.push(Movement {
                sequence,
                key: theirs,
                version,
                kind: MovementKind::Opening,
                quantity: 0,
                before: balances,
                after: balances,
                reservation: None,
                reason: None,
                reference: None,
                at,
            });
        }
        Ok(Some(told))
    })
    .await?;
    let items = history.ok_or_else(|| Refusal::plain(RefusalCode::Malformed))?;
    let ends =
        items.last().is_none_or(|last| last.version <= 1 || last.kind == MovementKind::Opening);
    let next_cursor = items.last().filter(|_| !ends).map(|last| cursor(shared, last.sequence));
    Ok(Page { items, next_cursor })
}

/// An event as a key's history tells it.
#[must_use]
pub fn movement(key: &StockKey, back: Back) -> Movement {
    let mut after = back.before;
    after.apply(&back.event.change);
    let (kind, quantity, reservation) = told_of(&back.event.change);
    let note = match back.event.change {
        Change::Received { note, .. }
        | Change::Adjusted { note, .. }
        | Change::Counted { note, .. }
        | Change::Sold { note, .. }
        | Change::Returned { note, .. } => note,
        _ => None,
    };
    let (reason, reference) = note.map_or((None, None), |note| (note.reason, note.reference));
    Movement {
        sequence: back.sequence,
        key: key.clone(),
        version: back.version,
        kind,
        quantity,
        before: back.before,
        after,
        reservation,
        reason,
        reference,
        at: back.event.at,
    }
}

/// Name, units and reservation of a change.
fn told_of(change: &Change) -> (MovementKind, i64, Option<ReservationId>) {
    use MovementKind as Kind;
    let of_verb = |verb: Verb| match verb {
        Verb::Commit => Kind::Committed,
        Verb::Fulfil => Kind::Fulfilled,
        Verb::Release | Verb::Cancel => Kind::Released,
        Verb::Expire => Kind::Expired,
    };
    match change {
        Change::Received { quantity, .. } => (Kind::Received, i64::from(*quantity), None),
        Change::Adjusted { delta, .. } => (Kind::Adjusted, *delta, None),
        Change::Counted { delta, .. } => (Kind::Counted, *delta, None),
        Change::PolicySet { .. } => (Kind::PolicySet, 0, None),
        Change::Sold { quantity, .. } => (Kind::Sold, i64::from(*quantity), None),
        Change::Reserved { id, quantity, .. }
        | Change::Added { id, quantity, .. }
        | Change::Planned { id, quantity, .. }
        | Change::Pended { id, quantity, .. } => (Kind::Reserved, i64::from(*quantity), Some(*id)),
        // The units are reserved since the plan; this only makes it real.
        Change::Granted { id, .. } => (Kind::Reserved, 0, Some(*id)),
        Change::Withdrawn { id, quantity } | Change::Unpended { id, quantity } => {
            (Kind::Released, i64::from(*quantity), Some(*id))
        }
        Change::Extended { id, .. } => (Kind::Extended, 0, Some(*id)),
        Change::Settled { id, verb, own, .. } => (of_verb(*verb), i64::from(*own), Some(*id)),
        Change::Carried { id, verb, quantity } => (of_verb(*verb), i64::from(*quantity), Some(*id)),
        Change::Returned { id, of_order, here, .. } => {
            let units = i64::try_from(here.total()).unwrap_or(i64::MAX);
            (Kind::Returned, units, of_order.then_some(*id))
        }
    }
}
