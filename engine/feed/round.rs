//! The dispatcher's thread: it takes what the journal left, finds who listens, and fills their outboxes.
//!
//! A round is short of the journal's way: only the exchange of two tables is under the journal's lock.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::MutexGuard;
use saldo_ledger::Level;

use super::ROUND_KEYS;
use super::hub::Shared;
use super::index::Index;
use super::level::SharedLevel;
use super::merged::Merged;
use super::outbox::Lagging;
use super::pace::{Pace, cost_us};
use crate::clock;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Round {
    /// Keys that were told.
    pub(crate) keys: usize,
    /// Listeners that were looked at, over all keys: each hears of the key.
    pub(crate) offers: usize,
    /// Connections that were woken.
    pub(crate) wakes: usize,
}

/// What is kept from round to round.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// An empty table that is exchanged for the full one.
    taken: Merged,
    pace: Pace,
}

/// Rounds until the hub stops.
pub(super) fn run(shared: &Shared) {
    let mut rounds = Rounds::default();
    while shared.wait(rounds.pace.patience(clock::monotonic_us())) {
        let told = round(shared, &mut rounds, clock::monotonic_us());
        let rest = rounds.pace.round_rest(cost_us(told));
        if !rest.is_zero() && !shared.rest(rest) {
            return;
        }
    }
}

/// One round.
pub(super) fn round(shared: &Shared, rounds: &mut Rounds, now_us: u64) -> Round {
    let Rounds { taken, pace } = rounds;
    shared.exchange(taken);
    if taken.overflowed() {
        let keys_max = shared.keys_max;
        shared.index.lock().each(|_, outbox| outbox.give_up(Lagging::Feed { keys_max }));
    }
    let sequence = taken.sequence();
    pace.count(sequence, now_us);
    let told_before = shared.dispatched.load(Ordering::Relaxed);
    let rested = pace.due(now_us);
    let fresh: Vec<Level> =
        taken.drain().filter_map(|level| pace.keep_back(level, told_before, now_us)).collect();
    taken.shrink();
    let mut round = Round::default();
    let mut levels = rested.into_iter().chain(fresh).peekable();
    while levels.peek().is_some() {
        let index = shared.index.lock();
        for level in levels.by_ref().take(ROUND_KEYS) {
            let key = level.key.clone();
            let told = tell(shared, &index, level);
            let cost = cost_us(told);
            pace.rest_key(&key, cost, now_us + cost);
            round.keys += told.keys;
            round.offers += told.offers;
            round.wakes += told.wakes;
        }
        // A subscriber that waits for the lock gets it before the next keys.
        MutexGuard::unlock_fair(index);
    }
    // Only now is everything up to there in the outboxes; see `Hub::dispatched`.
    let told_to = pace.told_to().map_or(sequence, |told_to| told_to.min(sequence));
    shared.dispatched.fetch_max(told_to, Ordering::AcqRel);
    round
}

/// Puts a level into the outboxes of those who hear of its key.
fn tell(shared: &Shared, index: &Index, level: Level) -> Round {
    let mut round = Round { keys: 1, ..Round::default() };
    // The level is put into its shared form only if someone listens.
    let mut shared_level: Option<Arc<SharedLevel>> = None;
    let key = level.key.clone();
    let mut level = Some(level);
    index.listeners(&key, |id, outbox| {
        round.offers += 1;
        if let Some(level) = level.take() {
            let band = shared.thresholds.band(&level);
            shared_level = Some(Arc::new(SharedLevel::new(level, band)));
        }
        if let Some(shared_level) = &shared_level {
            round.wakes += usize::from(outbox.offer(id, shared_level));
        }
    });
    round
}
