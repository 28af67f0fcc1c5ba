//! What is done again and again beside the messages: deadlines, passivation, old reservations.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::message::Message;
use super::shared::Shared;
use crate::blocking::off_thread;
use crate::store::save;

/// How often the timers are looked at. Units come back at most a second after their deadline.
const SWEEP_EVERY: Duration = Duration::from_millis(200);
/// Keys that one look at a timer has swept at the most.
const SWEEP_KEYS_MAX: usize = 4_096;
/// Closed reservations that are forgotten a second at the most.
const FORGET_MAX: usize = 4_096;
/// How often the passivator looks.
const PASSIVATE_EVERY: Duration = Duration::from_millis(100);
/// Ticks of the passivator a second.
const TICKS_PER_SECOND: u64 = 10;

/// Sweeps keys whose deadlines have come, for ever.
pub async fn sweep_deadlines(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        ticks.tick().await;
        sweep_due(&shared);
    }
}

/// Sweeps the keys whose deadlines have come by now.
pub fn sweep_due(shared: &Shared) {
    if let Some(at) = shared.clock.take_outage() {
        tracing::warn!(
            ?at,
            "the wall clock ran ahead of monotonic time: open holds get the restart's grace"
        );
        shared.announce_resumed(at);
    }
    let now = shared.clock.now();
    for timer in shared.timers() {
        for key in timer.take_due(now, SWEEP_KEYS_MAX) {
            if shared.directory.deliver(&key, Message::Sweep).is_err() {
                // Quarantined, or so much in flight that the next look is soon enough.
                timer.set(now.plus_seconds(1), &key);
            }
        }
    }
}

/// Has idle actors leave, for ever, and as many of the least recently used as are too many.
pub async fn passivate(shared: Arc<Shared>) {
    let active_max = usize::try_from(shared.settings.active_actors_max).unwrap_or(usize::MAX);
    let idle_ticks = shared.settings.actor_idle_seconds * TICKS_PER_SECOND;
    let mut ticks = tokio::time::interval(PASSIVATE_EVERY);
    loop {
        ticks.tick().await;
        let tick = shared.directory.next_tick();
        // Idle actors are looked for once a second, those over the limit at every tick.
        let idle_before =
            if tick.is_multiple_of(TICKS_PER_SECOND) { tick.saturating_sub(idle_ticks) } else { 0 };
        let asked = shared.directory.passivate(idle_before, active_max);
        shared.stats.passivated.fetch_add(asked as u64, Ordering::Relaxed);
    }
}

/// Forgets closed reservations whose time is over, for ever.
pub async fn forget(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        forget_due(&shared).await;
    }
}

/// Forgets closed reservations whose time is over by now.
pub async fn forget_due(shared: &Arc<Shared>) {
    let (theirs, now) = (Arc::clone(shared), shared.clock.now());
    match off_thread(move || save::forget_old(&theirs, now, FORGET_MAX)).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::error!(%error, "closed reservations cannot be forgotten"),
        Err(error) => tracing::error!(%error, "forgetting closed reservations panicked"),
    }
}
