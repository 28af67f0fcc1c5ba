//! The stores that Saldo is set beside: started alike, asked alike, and held against their books alike.

pub mod table;

use crate::targets::books::BookTotals;
use crate::targets::guarantee::Guarantee;
use crate::targets::peer_process::PeerError;
use crate::targets::postgres::{self, PostgresServer};
use crate::targets::redis::{self, RedisServer};
use crate::workload::names::Names;

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// Redis, with scripts.
    Redis,
    /// PostgreSQL, with functions.
    Postgres,
}

/// A running store. Dropping it ends it and removes its directory.
#[derive(Debug)]
pub enum Peer {
    /// Redis.
    Redis(RedisServer),
    /// PostgreSQL.
    Postgres(PostgresServer),
}

/// Starts a store of our own.
///
/// # Errors
/// [`PeerError`] where it is not installed or does not come to serve.
pub async fn start(target: Target, guarantee: Guarantee) -> Result<Peer, PeerError> {
    match target {
        Target::Redis => RedisServer::start(guarantee).await.map(Peer::Redis),
        Target::Postgres => PostgresServer::start(guarantee).await.map(Peer::Postgres),
    }
}

impl Target {
    /// As reports and the command line write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
        }
    }

    /// Whether it is installed.
    #[must_use]
    pub fn is_installed(self) -> bool {
        match self {
            Self::Redis => redis::is_installed(),
            Self::Postgres => postgres::is_installed(),
        }
    }

    /// What an answer survives, as the store calls it.
    #[must_use]
    pub const fn durability(self, guarantee: Guarantee) -> &'static str {
        match self {
            Self::Redis => redis::durability(guarantee),
            Self::Postgres => postgres::durability(guarantee),
        }
    }
}

impl Peer {
    /// As it tells.
    #[must_use]
    pub fn version(&self) -> &str {
        match self {
            Self::Redis(server) => server.version(),
            Self::Postgres(server) => server.version(),
        }
    }

    /// The number of its process.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        match self {
            Self::Redis(server) => server.process_id(),
            Self::Postgres(server) => server.process_id(),
        }
    }

    /// Puts the opening stock in, in order of the keys.
    ///
    /// # Errors
    /// [`PeerError::Failed`].
    pub async fn open(&self, names: &Names, opening: &[u32]) -> Result<(), PeerError> {
        match self {
            Self::Redis(server) => server.open(names, opening).await,
            Self::Postgres(server) => server.open(names, opening).await,
        }
    }

    /// The books of every key of the run, in order of the keys.
    ///
    /// # Errors
    /// [`PeerError::Failed`].
    pub async fn books(&self, names: &Names) -> Result<Vec<BookTotals>, PeerError> {
        match self {
            Self::Redis(server) => server.books(names).await,
            Self::Postgres(server) => server.books(names).await,
        }
    }

    /// Ends it in good order.
    ///
    /// # Errors
    /// [`PeerError::Stop`] where it ended otherwise than well.
    pub async fn stop(self) -> Result<(), PeerError> {
        match self {
            Self::Redis(server) => server.stop().await,
            Self::Postgres(server) => server.stop().await,
        }
    }
}
