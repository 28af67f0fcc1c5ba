//! The Rust client: one typed method for each HTTP call ([`Client`]), one connection of the WebSocket feed
//! ([`FeedClient`]), and the feed kept up across connections ([`LevelStream`], [`EventStream`]).
//! Changes carry an idempotency key and are sent again with the same one until their outcome is known.

mod answer;
mod config;
mod error;
mod feed;
mod feed_error;
mod feed_io;
mod feed_state;
mod follow;
mod form;
mod http;
mod path;
mod reads;
mod reservations;
mod retry;
mod stock;
mod subscription;

pub use answer::{Answer, Probe};
pub use config::ClientConfig;
pub use error::ClientError;
pub use feed::{FeedClient, PendingReplies};
pub use feed_error::FeedError;
pub use follow::{EventStream, EventUpdate, LevelStream, LevelUpdate, ReconnectPolicy};
pub use form::FeedForm;
pub use http::Client;
pub use path::{percent_decoded, percent_encoded};
pub use retry::RetryPolicy;
pub use subscription::Subscription;
