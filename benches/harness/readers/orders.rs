//! What the process that drives and the one that reads say to each other: a line of JSON each, in turn.

use serde::{Deserialize, Serialize};

/// What the readers are told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Open connections.
    Open(Group),
    /// Begin to count anew.
    Mark(What),
    /// Tell when these were heard of.
    Times {
        /// Of keys that are read.
        changes: Vec<Change>,
    },
    /// Tell how much was heard since the mark.
    Rates,
    /// Close all connections.
    Close,
}

/// Connections that are alike.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Group {
    /// `ADDRESS:PORT`.
    pub authority: String,
    /// How many.
    pub readers: u64,
    /// What each subscribes to.
    pub selection: Selection,
    /// Whether to a bare loop of writes, which knows neither handshake nor subscription.
    pub is_bare: bool,
    /// Whether they go on reading once they have their snapshot.
    pub reads_on: bool,
}

/// What a reader subscribes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// The hot key.
    Hot,
    /// The key of its own number, counted from 0.
    Own,
    /// Every key.
    All,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// When each reader first heard of each version.
    Arrivals,
    /// Frames and levels, and how old each frame's last level is.
    Rates,
}

/// A change, and when it was acknowledged, or sent by a bare loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The key's number; 0 for the hot one.
    pub key: u64,
    /// The key's version after it.
    pub version: u64,
    /// When; see [`crate::monotonic_ns`].
    pub at_ns: u64,
}

/// What the readers answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// It is done.
    Done,
    /// When changes were heard of.
    Times(Times),
    /// What was heard.
    Rates(Rates),
    /// It could not be done.
    Failed(String),
}

/// How long after a change those who listen heard of it, or of a newer one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Times {
    /// Readers over all changes.
    pub expected: u64,
    /// Of these heard of it in time.
    pub heard: u64,
    /// Half were told earlier.
    pub p50_ns: u64,
    /// 99 in 100 were told earlier.
    pub p99_ns: u64,
    /// The last one.
    pub max_ns: u64,
    /// Readers whose connection ended, and why the last did.
    pub lost: Lost,
    /// The text of one delta.
    pub sample: String,
}

/// What was heard since a mark.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rates {
    /// How long ago the mark was, in nanoseconds.
    pub took_ns: u64,
    /// Frames with levels.
    pub frames: u64,
    /// Levels in them.
    pub levels: u64,
    /// Bytes of them, frames' heads not counted.
    pub bytes: u64,
    /// Age of a frame's last level (from the change's decision to its arrival): half were younger.
    pub age_p50_ns: u64,
    /// 99 in 100 were younger.
    pub age_p99_ns: u64,
    /// Readers whose connection ended.
    pub lost: Lost,
}

/// Connections that ended before they were closed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lost {
    /// How many.
    pub readers: u64,
    /// Why the last one did.
    pub why: String,
}
