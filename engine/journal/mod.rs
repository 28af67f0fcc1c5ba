//! The journal: an append-only row of segment files in which everything that was acknowledged is durable.
//! It knows nothing of what it stores: callers append opaque groups of bytes, and get them back in order.
//! The stored form is told in docs/journal_format.md.

mod batch;
mod by_hand;
mod ending;
mod error;
mod framed;
pub mod group;
mod handle;
pub mod medium;
mod options;
mod prepare;
mod reader;
mod record;
pub(crate) mod record_of;
mod recovery;
mod replay;
mod scan;
mod segment;
mod shared;
mod start;
mod stats;
#[cfg(test)]
mod tests;
mod writer;

pub use by_hand::{ByHand, Phase};
pub use error::{
    FramedError, HeaderFault, JournalError, ReadError, RecordFault, RecoveryError, ReplayError,
};
pub use framed::{FramedReader, FramedWriter, Totals, UNFINISHED_SUFFIX};
pub use handle::{Journal, Notify, Removed, SegmentInfo, Sink};
pub use options::{Durability, Options, Origin, SEGMENT_BYTES_MIN};
pub use reader::{OwnedRecord, Reader, Records};
pub use record::{
    FORMAT_VERSION, HEADER_BYTES, Header, Kind, Mark, PAGE_BYTES, PAYLOAD_BYTES_LIMIT,
};
pub use recovery::{Recovery, TornTail};
pub use replay::Record;
pub use stats::{BATCH_EVENTS_BOUNDS, JournalStats, SYNC_US_BOUNDS};
