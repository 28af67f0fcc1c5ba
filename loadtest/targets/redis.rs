//! Redis, set beside Saldo: a server of our own, the stock that a run opens with, and the books at its end.
//!
//! Stock is a counter a key (`s:SKU/LOCATION`), a reservation a string (`r:` and the 16 bytes of its id: state,
//! deadline, quantity, hold, stock). Reservations that fall due in the same second stand in one list
//! (`due:SECOND`): a sweeper takes the lists of the past, and adding to a list costs less than a sorted set does.

use std::net::{Ipv4Addr, SocketAddr};

use redis::aio::MultiplexedConnection;
use rustix::process::Signal;
use tokio::process::Command;

use crate::targets::books::BookTotals;
use crate::targets::guarantee::Guarantee;
use crate::targets::peer_process::{Manner, PeerError, PeerProcess, free_port, on_path};
use crate::workload::names::{Names, Stock};

const WHAT: &str = "redis-server";
const PACKAGE: &str = "redis-server";
/// A killed Redis loses nothing that we want: the directory goes.
static MANNER: Manner = Manner {
    what: WHAT,
    ready: "Ready to accept connections",
    logs_to_stderr: false,
    stop: Signal::TERM,
    quit: Signal::KILL,
};
/// How many keys one call asks for when stock is opened and books are read.
const KEYS_A_CALL: usize = 5_000;
/// Bytes of a reservation before its body: the state and ten digits of deadline.
const RESERVATION_HEAD_BYTES: usize = 11;

/// A running Redis.
#[derive(Debug)]
pub struct RedisServer {
    process: PeerProcess,
    address: SocketAddr,
    version: String,
    guarantee: Guarantee,
}

/// The counter of a stock.
pub(crate) fn stock_key(stock: &Stock) -> String {
    format!("s:{}", stock_name(stock))
}

/// How reservations name a stock. A location has no `/`: the last one parts them.
pub(crate) fn stock_name(stock: &Stock) -> String {
    format!("{}/{}", stock.sku, stock.location)
}

/// Whether it is installed.
#[must_use]
pub fn is_installed() -> bool {
    on_path(WHAT).is_some()
}

impl RedisServer {
    /// Starts it.
    ///
    /// # Errors
    /// [`PeerError`] where it is not installed or does not come to serve.
    pub async fn start(guarantee: Guarantee) -> Result<Self, PeerError> {
        let binary = on_path(WHAT).ok_or(PeerError::Missing { what: WHAT, package: PACKAGE })?;
        let failed =
            |error: std::io::Error| PeerError::Start { what: WHAT, reason: error.to_string() };
        let folder = tempfile::tempdir().map_err(failed)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port().map_err(failed)?));
        let mut command = Command::new(binary);
        command.args(settings(guarantee, address.port())).arg("--dir").arg(folder.path());
        let process = PeerProcess::start(&MANNER, command, folder).await?;
        let mut server = Self { process, address, version: String::new(), guarantee };
        let info: redis::InfoDict = redis::cmd("INFO")
            .arg("server")
            .query_async(&mut server.connection().await?)
            .await
            .map_err(|error| failure("asking for its version", &error))?;
        server.version = info.get("redis_version").unwrap_or_default();
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// As it tells: `7.0.15`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What an answer survives, as Redis calls it.
    #[must_use]
    pub const fn durability(&self) -> &'static str {
        durability(self.guarantee)
    }

    /// The number of the process.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Puts the opening stock in, `opening` in order of the keys.
    ///
    /// # Errors
    /// [`PeerError::Failed`].
    pub async fn open(&self, names: &Names, opening: &[u32]) -> Result<(), PeerError> {
        let mut connection = self.connection().await?;
        let stocks: Vec<_> = names.stocks().iter().zip(opening).collect();
        for some in stocks.chunks(KEYS_A_CALL) {
            let mut command = redis::cmd("MSET");
            for (stock, units) in some {
                command.arg(stock_key(stock)).arg(**units);
            }
            command
                .query_async::<()>(&mut connection)
                .await
                .map_err(|error| failure("opening the stock", &error))?;
        }
        Ok(())
    }

    /// The books of every key of the run, in order of the keys.
    ///
    /// # Errors
    /// [`PeerError::Failed`].
    pub async fn books(&self, names: &Names) -> Result<Vec<BookTotals>, PeerError> {
        let failed = |error: redis::RedisError| failure("reading the books", &error);
        let mut connection = self.connection().await?;
        let mut books: Vec<BookTotals> = Vec::with_capacity(names.stocks().len());
        for some in names.stocks().chunks(KEYS_A_CALL) {
            let keys: Vec<String> = some.iter().map(stock_key).collect();
            let lefts: Vec<Option<i64>> =
                redis::cmd("MGET").arg(keys).query_async(&mut connection).await.map_err(failed)?;
            let known = (0..).skip(books.len()).zip(lefts);
            let totals = known.map(|(key, left)| BookTotals {
                key,
                left: left.unwrap_or_default(),
                ..BookTotals::default()
            });
            books.extend(totals.collect::<Vec<_>>());
        }
        let mut cursor = 0_u64;
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg("r:*").arg("COUNT").arg(KEYS_A_CALL);
            let (next, keys): (u64, Vec<Vec<u8>>) =
                scan.query_async(&mut connection).await.map_err(failed)?;
            if !keys.is_empty() {
                let found: Vec<Vec<u8>> = redis::cmd("MGET")
                    .arg(keys)
                    .query_async(&mut connection)
                    .await
                    .map_err(failed)?;
                found.iter().for_each(|reservation| add(names, reservation, &mut books));
            }
            if next == 0 {
                return Ok(books);
            }
            cursor = next;
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`PeerError::Stop`] where it ended otherwise than well.
    pub async fn stop(self) -> Result<(), PeerError> {
        self.process.stop().await
    }

    async fn connection(&self) -> Result<MultiplexedConnection, PeerError> {
        let client = redis::Client::open(format!("redis://{}", self.address))
            .map_err(|error| failure("connecting", &error))?;
        client
            .get_multiplexed_async_connection()
            .await
            .map_err(|error| failure("connecting", &error))
    }
}

/// What an answer survives, as Redis calls it.
#[must_use]
pub const fn durability(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::PowerLoss => "appendfsync always",
        Guarantee::Relaxed => "appendfsync everysec",
    }
}

/// Adds a reservation of this run to its key's books. One that was freed takes no units.
fn add(names: &Names, reservation: &[u8], books: &mut [BookTotals]) {
    let Ok(text) = std::str::from_utf8(reservation) else { return };
    let mut body = text.get(RESERVATION_HEAD_BYTES..).unwrap_or_default().splitn(3, ':');
    let (quantity, _hold, stock) = (body.next(), body.next(), body.next());
    let Some((sku, location)) = stock.and_then(|stock| stock.rsplit_once('/')) else { return };
    let takes_units = text.starts_with(['h', 'c']);
    if let (true, Some(key)) = (takes_units, names.key(sku, location)) {
        let totals = &mut books[key as usize];
        totals.reservations += 1;
        totals.units += quantity.and_then(|units| units.parse::<u64>().ok()).unwrap_or_default();
    }
}

/// The settings that an expert would choose for this load.
fn settings(guarantee: Guarantee, port: u16) -> Vec<String> {
    let sync = match guarantee {
        Guarantee::PowerLoss => "always",
        Guarantee::Relaxed => "everysec",
    };
    let port = port.to_string();
    [
        ("port", port.as_str()),
        ("bind", "127.0.0.1"),
        ("daemonize", "no"),
        ("logfile", ""),
        // The append-only file alone is the durability; snapshots would only take the disk from it.
        ("appendonly", "yes"),
        ("appendfsync", sync),
        ("save", ""),
        // No rewrite falls into a run; if one did, syncs would go on.
        ("no-appendfsync-on-rewrite", "no"),
        ("auto-aof-rewrite-percentage", "0"),
        // Scripts run on one thread and two cores are shared with the clients: threads for sockets only take turns.
        ("io-threads", "1"),
        // What the commands take is measured by the clients.
        ("latency-tracking", "no"),
        ("slowlog-log-slower-than", "-1"),
        ("maxclients", "20000"),
    ]
    .into_iter()
    .flat_map(|(name, value)| [format!("--{name}"), value.to_owned()])
    .collect()
}

fn failure(doing: &'static str, error: &redis::RedisError) -> PeerError {
    PeerError::Failed { what: WHAT, doing, reason: error.to_string() }
}
