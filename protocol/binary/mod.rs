//! The binary twin of the feed's JSON messages (subprotocol `saldo.v1.bin`): the same messages, one binary frame
//! each, in bincode 2's standard encoding. `docs/protocol.md` tells the bytes for clients in other languages.
//!
//! Decoding borrows from the frame, allocates in proportion to what it finds and never to what it is told, and
//! refuses bytes that are left over. Enums only grow at their end.

mod client;
mod codec;
mod command;
mod level;
mod movement;
mod reply;
mod server;

pub use client::{ClientFrame, StockName, SubscribeFrame};
pub use codec::{BinaryFault, FRAME_BYTES_MAX, Row};
pub use command::{ActionRecord, CommandRecord};
pub use level::{BalancesRecord, BandRecord, LevelRecord};
pub use movement::{KindRecord, MovementRecord};
pub use reply::ReplyRecord;
pub use server::{ServerFrame, delta, events, snapshot};
