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
    while let Ok(key) = keys.recv() {
        // The engine has ended; whoever waits is told by the dropped messages.
        let Some(shared) = shared.upgrade() else { return };
        match shared.load(&key) {
            Ok(ledger) => {
                shared.stats.woken.fetch_add(1, Ordering::Relaxed);
                let arbiter = shared.arbiter(shared.arbiter_number(&key));
                let seat = Arc::new(Seat::default());
                let theirs = Arc::clone(&shared);
                // It takes its seat itself, once its mailbox holds as many as may wait for it.
                StockActor::start_in_arbiter(arbiter, move |_| {
                    StockActor::new(ledger, theirs, seat)
                });
            }
            Err(error) => shared.quarantine(&key, &error.to_string()),
        }
    }
}
