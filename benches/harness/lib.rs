//! The harness of the questions beside it: an engine as a process of its own, lean clients, figures, and a table.
//!
//! Nothing here is a promise. A question runs the engine so often, each time on a new directory, and tells the median
//! of its figures with the smallest and the largest. The clients share the machine's cores with the engine.

mod ask;
mod binary_feed;
mod change_load;
mod common;
mod delta;
mod engine;
mod engine_binary;
mod error;
mod feed;
mod fill;
mod folder;
mod hot;
mod hot_load;
mod http;
mod latency;
mod level_reader;
mod memory;
mod metrics;
mod monotonic;
mod open_files;
mod readers;
mod report;
mod reserve_frame;
mod websocket;

pub use ask::{ask, asked_by_test};
pub use binary_feed::{BinaryFeed, frames_of};
pub use change_load::{ChangeLoad, LoadShape};
pub use common::{Common, Durability};
pub use engine::{Engine, Settings};
pub use error::BenchError;
pub use feed::FeedSocket;
pub use fill::{Filler, LOCATION, item, reserve_of, sku_of};
pub use hot::{HOT_LOCATION, HOT_SKU, STOCK_ENOUGH, check_level, stocked};
pub use hot_load::{Sold, Window, sell};
pub use http::{Answer, HttpClient, level, request, reserve_body};
pub use latency::Latencies;
pub use level_reader::{CaughtUp, LevelReader};
pub use metrics::{Metrics, Span};
pub use monotonic::monotonic_ns;
pub use open_files::has_room_for;
pub use readers::{
    Bare, BareChange, Change, Group, Rates, Readers, Selection, Times, What, serve_readers_if_asked,
};
pub use report::{Report, count};
pub use reserve_frame::{Replies, ReserveFrame};
