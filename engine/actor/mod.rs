//! The actors: one a SKU-location, and what they share. Only this folder names actix.
//!
//! A command comes in through [`crate::engine::Engine`], is delivered by the [`Directory`] to the
//! actor of its key, decided in a turn, appended to the journal, and answered by the journal's
//! thread once it is durable. What concerns several keys is a [`basket`].

mod admission;
pub mod basket;
pub mod board;
pub mod call;
pub mod calls;
mod customers;
mod directory;
pub mod fingerprint;
pub mod frames;
pub mod history;
mod ids;
pub mod lookups;
pub mod message;
pub mod once;
mod operations;
mod returns;
pub mod rounds;
mod shared;
mod stock_actor;
mod timer;
mod turn;
pub mod waker;

pub use actix::ArbiterHandle;
pub use directory::Directory;
pub use shared::{Parts, Shared, Stats, timer_entries};

#[cfg(test)]
mod tests;
