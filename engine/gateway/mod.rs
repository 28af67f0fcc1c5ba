//! The gateway: HTTP and, under `socket/`, the WebSocket feed. It turns requests into calls of the engine and
//! answers into JSON; it knows no rule of stock and holds no state of its own but its figures.
//!
//! A request goes `server` → `connection` → `service` → `table` and `access` → the file of its noun → the engine.

pub(crate) mod access;
mod answer;
mod availability;
mod body;
mod connection;
pub(crate) mod convert;
mod failure;
mod health;
mod inbound;
mod lookups;
mod meters;
mod movements;
mod openapi;
mod page;
mod path;
mod percent;
mod query;
pub(crate) mod refusal;
mod reservations;
mod returns;
mod routes;
mod server;
mod service;
mod socket;
mod stock;
mod table;
mod turned_away;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

pub use refusal::code;
pub use server::{Stopped, run};

use crate::config::Settings;
use crate::engine::{Engine, Readiness};
use access::Rules;
use meters::Meters;

/// What every request needs.
pub struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) settings: Arc<Settings>,
    meters: Meters,
    /// Who may call.
    rules: Rules,
    /// Becomes true when the server stops: what is under way is finished, nothing new begins.
    pub(crate) stopping: watch::Receiver<bool>,
    /// Becomes true when the time to finish is over: connections end at once.
    cut: watch::Receiver<bool>,
    /// Set once recovery was seen to be over, which it then stays.
    recovered: AtomicBool,
}

impl Gateway {
    /// `listening` is where it really listens, its port not 0.
    fn new(
        engine: Engine,
        settings: Arc<Settings>,
        listening: SocketAddr,
        stopping: watch::Receiver<bool>,
        cut: watch::Receiver<bool>,
    ) -> Self {
        Self {
            engine,
            rules: Rules::new(&settings, listening),
            settings,
            meters: Meters::new(),
            stopping,
            cut,
            recovered: AtomicBool::new(false),
        }
    }

    fn is_recovered(&self) -> bool {
        // Nothing is published through the flag: it only saves asking.
        if self.recovered.load(Ordering::Relaxed) {
            return true;
        }
        let recovered = self.engine.readiness() != Readiness::Recovering;
        if recovered {
            self.recovered.store(true, Ordering::Relaxed);
        }
        recovered
    }
}
