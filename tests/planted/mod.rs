//! The attacks, attacked: bugs planted in the engine (`engine/planted.rs`) are woken one at a time, and the attacks that
//! run on one thread must find them.

mod attack;
mod table;

pub use attack::Attack;
pub use table::{Row, Table, until_caught, with_every_attack};
