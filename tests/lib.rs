//! What attacks Saldo's promises (`docs/promises.md`): the parts that the promise tests and the program `saldo-tests` share.
//!
//! - `harness`: real engine processes and clients for them, also under their own names here.
//! - [`model`]: a model of the ledger, written independently of it, and tables of steps.
//! - [`simulation`]: engines on one thread with a simulated clock, scheduler and disk, from a seed.
//! - [`disk`]: every crash state, every failing operation, every flipped bit.
//! - [`real`]: the real binary under `kill -9`, power cuts, failing disks, moved clocks, floods.
//! - [`planted`]: bugs planted in the engine, which the attacks above must find.
//! - [`fuzz`]: bytes from outside, by the thousand.

pub mod disk;
pub mod fuzz;
mod harness;
pub mod model;
pub mod planted;
pub mod real;
pub mod simulation;

pub use harness::*;
