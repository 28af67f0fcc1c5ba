//! Checkpoints: what changed since the last one goes into sled, so that a start has little to replay.
//!
//! The place of a checkpoint is taken before any actor is visited, so every event up to it is in some
//! state that is written; states may hold newer events, which replay skips by their versions. Nothing
//! is written before the journal has synced what the states contain.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use saldo_ledger::StockKey;
use tokio::sync::oneshot;
use tokio::time::MissedTickBehavior;

use super::{Checkpointed, Place, StoreError, baseline, keys};
use crate::actor::Shared;
use crate::actor::message::Message;
use crate::blocking::{Panicked, off_thread};

/// Why there was no checkpoint.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The store could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal failed, so what the states contain never became durable.
    #[error("the journal failed; nothing is written that it did not sync")]
    Journal,
    /// The thread that wrote it panicked.
    #[error("the thread that wrote the checkpoint ended early: {0}")]
    Panicked(#[from] Panicked),
}

/// How often it is looked whether too much waits in memory.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The pause behind a checkpoint is so many times what it took: with a hundred thousand keys that change all the time one
/// takes seconds of a core, which is the sale's.
const PAUSE_FACTOR: u32 = 4;
/// No pause is longer than that so many events wait for it: the next start replays them.
const EVENTS_WAITING_MAX: u64 = 5_000_000;

/// Makes checkpoints until the engine stops, and removes what the journal need not keep.
pub async fn run(shared: Arc<Shared>) {
    let every = Duration::from_secs(shared.settings.checkpoint_seconds);
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = ticks.tick().await;
    let mut pause = every;
    loop {
        let now = ticks.tick().await;
        let place = shared.store.place().map_or(0, |place| place.sequence);
        let waiting = shared.journal.durable().saturating_sub(place);
        let rest = if waiting < EVENTS_WAITING_MAX { pause } else { every };
        let is_full = shared.store.overlay_bytes() > shared.settings.checkpoint_bytes_max;
        if now.duration_since(last) < rest && !is_full {
            continue;
        }
        match make(&shared).await {
            Ok(Some(done)) => {
                tracing::debug!(entries = done.entries, bytes = done.bytes, "checkpoint");
                baseline::retain(&shared).await;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(%error, "no checkpoint; the next start replays more of the journal")
            }
        }
        last = ticks.tick().await;
        pause = every.max(last.duration_since(now) * PAUSE_FACTOR);
    }
}

/// Keys whose actors are being visited. Where that is given up, as at a stop, they are listed again.
struct Visited<'a> {
    shared: &'a Shared,
    keys: Vec<StockKey>,
}

impl Drop for Visited<'_> {
    fn drop(&mut self) {
        for key in &self.keys {
            self.shared.list_changed(key);
        }
    }
}

/// Has every actor that changed write its state into the store's table in memory.
async fn visit_changed(shared: &Shared) {
    let mut visited = Visited { shared, keys: shared.take_changed() };
    let mut visits = Vec::with_capacity(visited.keys.len());
    for key in &visited.keys {
        let (tell, told) = oneshot::channel();
        if shared.directory.visit(key, Message::Flush(tell)) {
            visits.push(told);
        }
    }
    for told in visits {
        // An actor that left wrote its state when it did; one that lost its ledger is listed again.
        let _ = told.await;
    }
    visited.keys.clear();
}

/// Makes a checkpoint; none where nothing happened since the last one.
///
/// # Errors
/// [`CheckpointError`]; the last checkpoint stays valid.
pub async fn make(shared: &Arc<Shared>) -> Result<Option<Checkpointed>, CheckpointError> {
    // One at a time: a second one would find nothing listed, and write its place without the states that the first has
    // asked for and not yet got.
    let _alone = shared.checkpointing.lock().await;
    // Everything up to here is in a state that is visited below, or already in the store.
    let durable = shared.journal.durable();
    let sequence = shared.operations.before_oldest().map_or(durable, |oldest| oldest.min(durable));
    if shared.store.place().is_some_and(|place| place.sequence >= durable)
        && shared.store.overlay_entries() == 0
    {
        return Ok(None);
    }
    visit_changed(shared).await;
    let (chunks, gone) = shared.once.take_chunks();
    let chunks = chunks.into_iter().map(|(chunk, bytes)| (keys::once(chunk), Some(bytes)));
    shared
        .store
        .put_many(chunks.chain(gone.into_iter().map(|chunk| (keys::once(chunk), None))).collect());
    let place = Place {
        sequence,
        journal_id: shared.journal.journal_id(),
        logged_time_us: shared.clock.now().as_micros(),
    };
    let writer = Arc::clone(shared);
    let written = off_thread(move || {
        writer.store.checkpoint(place, || {
            if writer.wait_all_durable() { Ok(()) } else { Err(StoreError::GivenUp) }
        })
    })
    .await?;
    match written {
        Ok(done) => {
            let stats = &shared.stats;
            stats.checkpoints.fetch_add(1, Ordering::Relaxed);
            stats.checkpoint_entries_last.store(done.entries, Ordering::Relaxed);
            stats.checkpoint_bytes_last.store(done.bytes, Ordering::Relaxed);
            Ok(Some(done))
        }
        Err(StoreError::GivenUp) => Err(CheckpointError::Journal),
        Err(error) => Err(error.into()),
    }
}
