//! The store: what every actor's state was at the last checkpoint, so that starting and waking are short.
//!
//! Ordered bytes to bytes, whatever they mean: a table in memory of what changed since, in front of sled, or of a tree in
//! memory on a simulated disk. It is never the truth: the newest baseline and the journal behind it are, and a damaged store is destroyed and rebuilt.

pub mod backup;
pub mod baseline;
mod batch;
pub mod checkpoint;
mod digest;
mod directory;
mod disk;
mod entry;
mod error;
pub mod keys;
mod memory_tree;
mod meta;
mod options;
mod overlay;
mod place;
pub mod recover;
mod redo;
pub mod replay;
pub mod save;
mod scan;
mod settle;
mod sled_files;
pub mod state;
#[expect(clippy::module_inception, reason = "the folder's noun is the type itself")]
mod store;
#[cfg(test)]
mod tests;
mod tree;
mod verify;
mod write_out;

pub use entry::KEY_BYTES_MAX;
pub use error::{Damage, StoreError};
pub use memory_tree::{MemoryTree, TreeDamage};
pub use meta::Place;
pub use options::StoreOptions;
pub use overlay::Value;
pub use place::StorePlace;
pub use scan::Found;
pub use store::{Store, StoreStats};
pub use verify::{Verified, Visit};
pub use write_out::Checkpointed;
