//! When it is sent: closed and open loop, pacing, phases.

pub mod arrivals;
mod batch;
pub mod client;
pub mod error;
pub mod load;
pub mod run;
pub mod shared;
pub mod thread;
pub mod timer;
