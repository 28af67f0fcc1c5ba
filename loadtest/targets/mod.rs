//! What load is sent to: an engine of our own, and the others that it is set beside.

pub mod durability;
pub mod engine_process;
