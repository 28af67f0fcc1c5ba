//! When it is sent: closed and open loop, pacing, phases.

pub mod load;
