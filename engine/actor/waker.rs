//! Wakes keys: loads their ledgers from the store, off the arbiters, while their messages wait.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Weak};

use actix::Actor;
use saldo_ledger::StockKey;

use super::directory::Seat;
use super::shared::Shared;
use super::stock_actor::StockActor;

/// Wakes keys until the engine stops. As many can wait as commands are admitted.
pub fn run(shared: &Weak<Shared>, keys: &Receiver<StockKey>) {
    let mut woken = 0;
    while let Ok(key) = keys.recv() {
        // The engine has ended; whoever waits is told by the dropped messages.
        let Some(shared) = shared.upgrade() else { return };
        if wake(&shared, &key) {
            woken += 1;
            make_room(&shared, &mut woken);
        }
    }
}

/// Wakes one key; false where it is quarantined instead.
pub fn wake(shared: &Arc<Shared>, key: &StockKey) -> bool {
    match shared.load(key) {
        Ok(ledger) => {
            shared.stats.woken.fetch_add(1, Ordering::Relaxed);
            let arbiter = shared.arbiter(shared.arbiter_number(key));
            let seat = Arc::new(Seat::default());
            let theirs = Arc::clone(shared);
            // It takes its seat itself, once its mailbox holds as many as may wait for it.
            StockActor::start_in_arbiter(arbiter, move |_| StockActor::new(ledger, theirs, seat));
            true
        }
        Err(error) => {
            shared.quarantine(key, &error.to_string());
            false
        }
    }
}

/// Has others leave when more are awake than may be: looked at after every eighth of the limit, so
/// that a look at all of them costs little for each.
fn make_room(shared: &Shared, woken: &mut usize) {
    let active_max = usize::try_from(shared.settings.active_actors_max).unwrap_or(usize::MAX);
    if *woken > active_max / 8 {
        *woken = 0;
        let asked = shared.directory.passivate(0, active_max);
        shared.stats.passivated.fetch_add(asked as u64, Ordering::Relaxed);
    }
}
