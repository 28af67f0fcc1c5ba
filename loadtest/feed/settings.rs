//! How many subscribers there are, what they hear, and how they read.

use std::time::Duration;

use saldo_protocol::client::FeedForm;
use thiserror::Error;

/// What a subscription hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// All SKUs of the run, by their prefix.
    Run,
    /// One SKU each, one subscriber after the other.
    OneSku,
}

/// The fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedSettings {
    /// All subscribers, each with a connection of its own.
    pub subscribers: u32,
    /// So many of these never read.
    pub stalled: u32,
    /// So many of these read one message every `pace`.
    pub paced: u32,
    /// How long the paced ones wait between two messages.
    pub pace: Duration,
    /// The form of the messages.
    pub form: FeedForm,
    /// What each hears.
    pub selection: Selection,
    /// Threads that they share.
    pub threads: u32,
    /// How long the fleet waits for its snapshots at the start, and for the newest levels at the end.
    pub patience: Duration,
}

impl Default for FeedSettings {
    /// A hundred readers of the whole run on one thread.
    fn default() -> Self {
        Self {
            subscribers: 100,
            stalled: 0,
            paced: 0,
            pace: Duration::from_millis(100),
            form: FeedForm::Json,
            selection: Selection::Run,
            threads: 1,
            patience: Duration::from_secs(60),
        }
    }
}

/// How one subscriber reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Whatever comes, at once.
    Reads,
    /// One message, then a pause.
    Paced,
    /// Not at all.
    Stalled,
}

impl FeedSettings {
    /// How a subscriber reads: the first ones not at all, the next ones paced, the others at once.
    #[must_use]
    pub const fn manner(&self, number: u32) -> Manner {
        if number < self.stalled {
            Manner::Stalled
        } else if number < self.stalled.saturating_add(self.paced) {
            Manner::Paced
        } else {
            Manner::Reads
        }
    }
}

/// Why there is no fleet.
#[derive(Debug, Error)]
pub enum FleetFault {
    /// More are stalled or paced than there are.
    #[error("{stalled} stalled and {paced} paced subscribers are more than all {subscribers}")]
    Settings {
        /// Stalled ones.
        stalled: u32,
        /// Paced ones.
        paced: u32,
        /// All.
        subscribers: u32,
    },
    /// Too few files may be open.
    #[error("{0}")]
    Files(String),
    /// The address is none.
    #[error("{0}")]
    Address(String),
    /// A thread cannot be started.
    #[error("a thread for subscribers: {0}")]
    Thread(#[from] std::io::Error),
    /// One subscriber could not subscribe.
    #[error("subscriber {number}: {reason}")]
    Subscriber {
        /// Which one.
        number: u32,
        /// Why not.
        reason: String,
    },
    /// The snapshots did not come.
    #[error("{missing} of {subscribers} subscribers of a thread had no snapshot after {seconds} s")]
    Late {
        /// How many are still waiting.
        missing: usize,
        /// Of how many.
        subscribers: usize,
        /// How long was waited.
        seconds: u64,
    },
    /// A thread ended without a word.
    #[error("a thread of subscribers ended by a panic; its message is above")]
    Panicked,
}
