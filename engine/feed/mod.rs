//! The feed's heart: what the journal made durable, told to whoever listens. Knows neither HTTP nor JSON frames.
//!
//! Levels travel journal → [`Hub::publish`] (merge, newest of each key) → the dispatcher's thread (matches
//! listeners) → [`Outbox`] (newest of each key, one a connection) → the connection, whenever it can write.
//! Every station conflates, so none of them grows with the number of events, and no reader is waited for.
//!
//! Events travel journal → `live` (one thread reads the journal's end for all who follow) → the outbox; who is
//! behind is caught up by [`page`], from the same journal, and goes over to the live ones without a seam.

mod catch_up;
mod event;
mod event_queue;
mod hub;
mod index;
mod level;
mod live;
mod merged;
mod newest;
mod outbox;
mod pace;
mod round;
mod selection;
mod view;

pub use catch_up::{CatchUpFault, EventsPage, page};
pub use event::{EVENT_FORMS, SharedEvent};
pub use hub::{Hub, Subscription};
pub use level::{SharedLevel, WORDINGS};
pub use outbox::{Batch, Delta, Lagging, Outbox, Room, SubscriptionId, Taken};
pub use selection::Selection;
pub use view::{Band, Thresholds, View};

/// Keys that may wait for the dispatcher; beyond that every connection is closed to begin anew from its cursor.
/// At most some 60 MB.
pub const MERGED_KEYS_MAX: usize = 262_144;

/// Readers that are caught up from the journal at the same time; the others wait, and the sale goes on.
const CATCHING_UP_MAX: usize = 2;

/// Keys matched under one hold of the index's lock, so that a subscription never waits for a whole round.
const ROUND_KEYS: usize = 64;

/// Capacity, in entries, that an emptied table keeps; what a burst needed beyond that is given back.
const TABLE_KEPT: usize = 64;

#[cfg(test)]
mod tests;
