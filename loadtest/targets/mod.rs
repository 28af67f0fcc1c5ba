//! What load is sent to: an engine of our own, and the others that it is set beside.

pub mod books;
pub mod build_info;
pub mod durability;
pub mod echo;
pub mod echo_process;
pub mod engine_process;
pub mod guarantee;
pub mod inproc;
pub mod peer_process;
pub mod postgres;
pub mod redis;
pub mod saldo;
