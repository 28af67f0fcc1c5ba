//! The feed's heart: what the journal made durable, told to whoever listens. Knows neither HTTP nor JSON frames.
//!
//! Levels travel journal → [`Hub::publish`] (merge, newest of each key) → the dispatcher's thread (matches
//! listeners) → [`Outbox`] (newest of each key, one a connection) → the connection, whenever it can write.
//! Every station conflates, so none of them grows with the number of events, and no reader is waited for.

mod hub;
mod index;
mod level;
mod merged;
mod outbox;
mod round;
mod selection;

pub use hub::{Hub, Subscription};
pub use level::SharedLevel;
pub use outbox::{Delta, Lagging, Outbox, SubscriptionId};
pub use selection::Selection;

/// Keys that may wait for the dispatcher; beyond that every connection is closed to begin anew from a snapshot.
/// At most some 60 MB.
pub const MERGED_KEYS_MAX: usize = 262_144;

/// Keys matched under one hold of the index's lock, so that a subscription never waits for a whole round.
const ROUND_KEYS: usize = 64;

/// Capacity, in entries, that an emptied table keeps; what a burst needed beyond that is given back.
const TABLE_KEPT: usize = 1024;

#[cfg(test)]
mod tests;
