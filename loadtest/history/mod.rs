//! What was answered, kept so that it can be held against the target's books afterwards.

pub mod log;
mod lowest;
pub mod witness;
