//! The dispatcher's thread: it takes what the journal left, finds who listens, and fills their outboxes.
//!
//! A round is short of the journal's way: only the exchange of two tables is under the journal's lock.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;

use super::ROUND_KEYS;
use super::hub::Shared;
use super::level::SharedLevel;
use super::merged::Merged;
use super::outbox::Lagging;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// Keys that changed.
    pub(crate) keys: usize,
    /// Listeners that were looked at, over all keys: each hears of the key.
    pub(crate) offers: usize,
    /// Connections that were woken.
    pub(crate) wakes: usize,
}

/// Rounds until the hub stops.
pub(super) fn run(shared: &Shared) {
    let mut taken = Merged::default();
    while shared.wait() {
        round(shared, &mut taken);
    }
}

/// One round. `taken` is an empty table that is exchanged for the full one.
pub(super) fn round(shared: &Shared, taken: &mut Merged) -> Round {
    shared.exchange(taken);
    let mut round = Round::default();
    if taken.overflowed() {
        let keys_max = shared.keys_max;
        for outbox in shared.index.lock().outboxes() {
            outbox.give_up(Lagging::Feed { keys_max });
        }
    }
    let sequence = taken.sequence();
    let mut levels = taken.drain().peekable();
    while levels.peek().is_some() {
        let index = shared.index.lock();
        for level in levels.by_ref().take(ROUND_KEYS) {
            round.keys += 1;
            // The level is put into its shared form only if someone listens.
            let mut shared_level: Option<Arc<SharedLevel>> = None;
            let key = level.key.clone();
            let mut level = Some(level);
            index.listeners(&key, |id, outbox| {
                round.offers += 1;
                if let Some(level) = level.take() {
                    shared_level = Some(Arc::new(SharedLevel::new(level)));
                }
                if let Some(shared_level) = &shared_level {
                    round.wakes += usize::from(outbox.offer(id, shared_level));
                }
            });
        }
        // A subscriber that waits for the lock gets it before the next keys.
        MutexGuard::unlock_fair(index);
    }
    drop(levels);
    taken.shrink();
    // Only now is everything up to `sequence` in the outboxes; see `Hub::dispatched`.
    shared.dispatched.fetch_max(sequence, Ordering::AcqRel);
    round
}
