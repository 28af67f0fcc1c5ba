//! The harness of the promise tests: real engine processes on temporary directories, and clients for them.
//!
//! - [`Engine`] starts the binary `saldo`, kills it (`kill -9`), stops it (`SIGTERM`) and starts it again on the same
//!   directory; what it said on standard error is shown when a test fails. A process ends with its value.
//! - [`Http`] asks and tells ([`Told`]); [`Socket`] is the feed as raw JSON frames, [`Follower`] keeps its newest levels.
//! - [`Chaos`] attacks the feed from a seed: cut sockets, stalled readers, killed engines.
//! - Every wait has a deadline: [`within`] for events, [`eventually`] for conditions that nothing announces.
//! - [`scaled`] picks sizes: `SALDO_TEST_SCALE=long cargo test -p saldo-tests` runs the long form.
//!
//! The binary is the one beside the tests' own (`target/PROFILE/saldo`), built once where it is missing or older than
//! its sources; `SALDO_BIN` names another one.

mod binary;
mod chaos;
mod engine;
mod follower;
mod http;
mod scale;
mod shop;
mod socket;
mod told;
mod wait;

pub use chaos::{Chaos, Survived};
pub use engine::{Engine, Setup, Stopped, refused_start, run_in};
pub use follower::Follower;
pub use http::Http;
pub use scale::scaled;
pub use shop::{line, reserve_body, uuid};
pub use socket::Socket;
pub use told::Told;
pub use wait::{DEADLINE, eventually, within};
