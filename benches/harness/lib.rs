//! The harness of the questions beside it: an engine as a process of its own, lean clients, figures, and a table.
//!
//! Nothing here is a promise. A question runs the engine so often, each time on a new directory, and tells the median
//! of its figures with the smallest and the largest. The clients share the machine's cores with the engine.

mod ask;
mod common;
mod engine;
mod engine_binary;
mod error;
mod feed;
mod fill;
mod folder;
mod hot;
mod http;
mod latency;
mod memory;
mod metrics;
mod report;
mod reserve_frame;

pub use ask::{ask, asked_by_test};
pub use common::{Common, Durability};
pub use engine::{Engine, Settings};
pub use error::BenchError;
pub use feed::FeedSocket;
pub use fill::{Filler, LOCATION, item, reserve_of, sku_of};
pub use hot::{HOT_LOCATION, HOT_SKU, STOCK_ENOUGH, check_level, stocked};
pub use http::{Answer, HttpClient, level, request, reserve_body};
pub use latency::Latencies;
pub use metrics::{Metrics, Span};
pub use report::{Report, count};
pub use reserve_frame::{Replies, ReserveFrame};
