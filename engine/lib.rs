//! Saldo: a real-time stock and reservation engine.
//!
//! The folders stand in the order in which a reserve goes through the house: [`gateway`] takes it from
//! the socket, [`actor`] has the one actor of its key decide it, [`journal`] makes it durable,
//! [`store`] keeps states so that a start is short, [`feed`] tells everyone who listens. The rules of
//! stock are a crate of their own, `saldo-ledger`. `ARCHITECTURE.md` tells the whole.

pub mod actor;
pub mod blocking;
pub mod clock;
pub mod config;
pub mod data_dir;
pub mod engine;
pub mod feed;
pub mod gateway;
mod gauges;
pub mod journal;
pub mod limits;
pub mod metrics;
pub mod planted;
pub mod server;
pub mod simulation;
mod sink;
mod start;
pub mod store;
#[cfg(test)]
mod testing;
pub mod tools;
