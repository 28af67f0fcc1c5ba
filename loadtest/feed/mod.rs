//! A fleet of subscribers that reads the feed while another workload runs: it checks what it hears, and measures how
//! long after the decision it hears it.
//!
//! In the order in which a level travels: `frame` (its bytes) → `message` (what it says) → `held` (whether it can be)
//! → `tally` (how much, how late) → `fleet` (all of them together).

pub mod fleet;
pub mod frame;
pub mod held;
mod keys;
pub mod message;
pub mod open_files;
mod reader;
pub mod settings;
mod socket;
mod tally;
mod thread;

pub use fleet::{Fleet, FleetFigures};
pub use settings::{FeedSettings, FleetFault, Selection};
