//! PostgreSQL, set beside Saldo: a server of our own, the stock that a run opens with, and the books at its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Output;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_postgres::{Client, Config, NoTls};

use crate::targets::books::BookTotals;
use crate::targets::guarantee::Guarantee;
use crate::targets::peer_process::{Manner, PeerError, PeerProcess, free_port, on_path};
use crate::workload::names::Names;

const WHAT: &str = "postgres";
const PACKAGE: &str = "postgresql";
/// The server's own name for who may do everything.
const SUPERUSER: &str = "saldo";
const DATABASE: &str = "postgres";
/// Where Debian puts each version.
const VERSIONS_FOLDER: &str = "/usr/lib/postgresql";
const SCHEMA: &str = include_str!("postgres/schema.sql");
const RESERVE_MANY: &str = include_str!("postgres/reserve_many.sql");
/// Who the server runs as where we are root: it refuses to be that itself. The first that exists.
const USERS: [&str; 2] = ["postgres", "nobody"];
const PASSWD: &str = "/etc/passwd";
static MANNER: Manner = Manner {
    what: WHAT,
    ready: "database system is ready to accept connections",
    logs_to_stderr: true,
    // Fast: without waiting for the clients to go.
    stop: Signal::INT,
    // Immediate: its children go with it.
    quit: Signal::QUIT,
};
/// How many keys one call puts in or asks for.
const KEYS_A_CALL: usize = 5_000;

/// A running PostgreSQL.
#[derive(Debug)]
pub struct PostgresServer {
    process: PeerProcess,
    address: SocketAddr,
    version: String,
    guarantee: Guarantee,
}

/// Somebody of the machine.
#[derive(Clone, Copy, Debug)]
struct User {
    uid: u32,
    gid: u32,
}

/// Whether it is installed.
#[must_use]
pub fn is_installed() -> bool {
    programs().is_some()
}

/// What an answer survives, as PostgreSQL calls it.
#[must_use]
pub const fn durability(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::PowerLoss => "synchronous_commit=on",
        Guarantee::Relaxed => "synchronous_commit=off",
    }
}

/// The settings of a connection to a server of ours.
#[must_use]
pub(crate) fn config(address: SocketAddr) -> Config {
    let mut config = Config::new();
    config.host(address.ip().to_string()).port(address.port()).user(SUPERUSER).dbname(DATABASE);
    config
}

impl PostgresServer {
    /// Makes a database and starts its server.
    ///
    /// # Errors
    /// [`PeerError`] where it is not installed or does not come to serve.
    pub async fn start(guarantee: Guarantee) -> Result<Self, PeerError> {
        let programs = programs().ok_or(PeerError::Missing { what: WHAT, package: PACKAGE })?;
        let folder = tempfile::tempdir().map_err(|error| start_failed(&error))?;
        let user = give_away(&folder)?;
        let data = folder.path().join("data");
        let mut initdb = command(user, &programs.join("initdb"));
        initdb.arg("--pgdata").arg(&data).current_dir(folder.path());
        initdb.args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8"]);
        initdb.args(["--no-locale", "--no-sync"]);
        let output = initdb.output().await.map_err(|error| start_failed(&error))?;
        initdb_ended(&output)?;
        let port = free_port().map_err(|error| start_failed(&error))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = command(user, &programs.join(WHAT));
        server.arg("-D").arg(&data);
        for (name, value) in settings(guarantee) {
            server.arg("-c").arg(format!("{name}={value}"));
        }
        server.arg("-c").arg(format!("port={port}"));
        let process = PeerProcess::start(&MANNER, server, folder).await?;
        let mut server = Self { process, address, version: String::new(), guarantee };
        let client = server.connect().await?;
        for statements in [SCHEMA, RESERVE_MANY] {
            client.batch_execute(statements).await.map_err(|e| failure("making the tables", &e))?;
        }
        let version = client.query_one("SHOW server_version", &[]).await;
        server.version = version.map_err(|error| failure("asking for its version", &error))?.get(0);
        Ok(server)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// As it tells: `15.14 (Debian 15.14-0+deb12u1)`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What an answer survives, as PostgreSQL calls it.
    #[must_use]
    pub const fn durability(&self) -> &'static str {
        durability(self.guarantee)
    }

    /// What an answer survives.
    #[must_use]
    pub const fn guarantee(&self) -> Guarantee {
        self.guarantee
    }

    /// The number of the process; its children do the work.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.process.id()
    }

    /// Puts the opening stock in, `opening` in order of the keys, and writes a checkpoint, so that none is due within
    /// the run.
    ///
    /// # Errors
    /// [`PeerError::Failed`].
    pub async fn open(&self, names: &Names, opening: &[u32]) -> Result<(), PeerError> {
        let failed = |error| failure("opening the stock", &error);
        let client = self.connect().await?;
        let stocks: Vec<_> = names.stocks().iter().zip(opening).collect();
        for some in stocks.chunks(KEYS_A_CALL) {
            let skus: Vec<&str> = some.iter().map(|(stock, _)| &*stock.sku).collect();
            let locations: Vec<&str> = some.iter().map(|(stock, _)| &*stock.location).collect();
            let units: Vec<i64> = some.iter().map(|(_, units)| i64::from(**units)).collect();
            let statement =
                "INSERT INTO stock SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])";
            client.execute(statement, &[&skus, &locations, &units]).await.map_err(failed)?;
        }
        client.batch_execute("ANALYZE stock").await.map_err(failed)?;
        client.batch_execute("CHECKPOINT").await.map_err(failed)
    }

    /// The books of every key of the run, in order of the keys.
    ///
    /// # Errors
    /// [`PeerError::Failed`].
    pub async fn books(&self, names: &Names) -> Result<Vec<BookTotals>, PeerError> {
        let failed = |error| failure("reading the books", &error);
        let client = self.connect().await?;
        let keys = (0..).zip(names.stocks());
        let mut books: Vec<BookTotals> =
            keys.map(|(key, _)| BookTotals { key, ..BookTotals::default() }).collect();
        let prefix = names.sku_prefix();
        let statement = "SELECT sku, location, available FROM stock WHERE starts_with(sku, $1)";
        for row in client.query(statement, &[&prefix]).await.map_err(failed)? {
            if let Some(key) = names.key(row.get(0), row.get(1)) {
                books[key as usize].left = row.get(2);
            }
        }
        let statement = "SELECT sku, location, count(*), sum(quantity) FROM reservation \
            WHERE starts_with(sku, $1) AND state IN ('h', 'c') GROUP BY sku, location";
        for row in client.query(statement, &[&prefix]).await.map_err(failed)? {
            if let Some(key) = names.key(row.get(0), row.get(1)) {
                let totals = &mut books[key as usize];
                totals.reservations = row.get::<_, i64>(2).unsigned_abs();
                totals.units = row.get::<_, i64>(3).unsigned_abs();
            }
        }
        Ok(books)
    }

    /// Ends it.
    ///
    /// # Errors
    /// [`PeerError::Stop`] where it ended otherwise than well.
    pub async fn stop(self) -> Result<(), PeerError> {
        self.process.stop().await
    }

    async fn connect(&self) -> Result<Client, PeerError> {
        let connected = config(self.address).connect(NoTls).await;
        let (client, connection) = connected.map_err(|error| failure("connecting", &error))?;
        // It ends with the client; what goes wrong the client is told.
        tokio::spawn(connection);
        Ok(client)
    }
}

/// The folder of the programs, the newest version's where there are several.
fn programs() -> Option<PathBuf> {
    let is_whole = |folder: &Path| ["initdb", WHAT].iter().all(|name| folder.join(name).is_file());
    let on_path = on_path(WHAT).and_then(|binary| binary.parent().map(Path::to_owned));
    let on_path = on_path.filter(|folder| is_whole(folder));
    let versions = std::fs::read_dir(VERSIONS_FOLDER).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| {
            let version: u32 = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .filter(|(_, folder)| is_whole(folder))
        .max();
    on_path.or(newest.map(|(_, folder)| folder))
}

/// Where we are root: gives the folder to somebody who is not, and tells whom.
fn give_away(folder: &TempDir) -> Result<Option<User>, PeerError> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    if on_path("setpriv").is_none() {
        return Err(PeerError::Missing { what: "setpriv", package: "util-linux" });
    }
    let known = std::fs::read_to_string(PASSWD).map_err(|error| start_failed(&error))?;
    let user =
        USERS.iter().find_map(|name| user(&known, name)).ok_or_else(|| PeerError::Start {
            what: WHAT,
            reason: "it refuses to run as root, and there is no user `postgres` or `nobody`"
                .to_owned(),
        })?;
    chown(folder.path(), Some(user.uid), Some(user.gid)).map_err(|error| start_failed(&error))?;
    let only_theirs = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(folder.path(), only_theirs).map_err(|error| start_failed(&error))?;
    Ok(Some(user))
}

/// Somebody in the list of users.
fn user(passwd: &str, name: &str) -> Option<User> {
    let fields = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    fields.filter(|fields| fields.first() == Some(&name)).find_map(|fields| {
        Some(User { uid: fields.get(2)?.parse().ok()?, gid: fields.get(3)?.parse().ok()? })
    })
}

/// A program, as the user where there is one.
fn command(user: Option<User>, program: &Path) -> Command {
    let Some(User { uid, gid }) = user else {
        let mut command = Command::new(program);
        command.process_group(0);
        return command;
    };
    let mut command = Command::new("setpriv");
    command.process_group(0);
    command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}")).arg("--clear-groups");
    command.arg("--").arg(program);
    command
}

/// The settings that an expert would choose for this load.
fn settings(guarantee: Guarantee) -> Vec<(&'static str, &'static str)> {
    let commit = match guarantee {
        Guarantee::PowerLoss => "on",
        Guarantee::Relaxed => "off",
    };
    vec![
        ("listen_addresses", "127.0.0.1"),
        ("unix_socket_directories", ""),
        ("max_connections", "1100"),
        // The guarantee. A torn page is mended from the log in either.
        ("fsync", "on"),
        ("synchronous_commit", commit),
        ("full_page_writes", "on"),
        // Where more than four others are in a transaction, a sync waits 0.2 ms for them to share it.
        ("commit_delay", "200"),
        ("commit_siblings", "5"),
        // Everything fits.
        ("shared_buffers", "1GB"),
        // No checkpoint falls into a run, and log files are kept for use again.
        ("max_wal_size", "16GB"),
        ("min_wal_size", "2GB"),
        ("checkpoint_timeout", "1h"),
        ("wal_buffers", "64MB"),
        // Nobody else reads the log.
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        // Whole pages are rare here, and packing them costs a core that the clients want.
        ("wal_compression", "off"),
        // Statements are short and known: no plan is worth compiling or spreading over processes.
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
        ("plan_cache_mode", "force_generic_plan"),
        // Rows of the stock are pruned in passing; a vacuum within the run would only take the disk.
        ("autovacuum", "off"),
        ("track_activities", "off"),
        ("track_counts", "off"),
        ("bgwriter_lru_maxpages", "0"),
    ]
}

fn initdb_ended(output: &Output) -> Result<(), PeerError> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(PeerError::Start { what: "initdb", reason: format!("{}. It said:\n{said}", output.status) })
}

fn start_failed(error: &std::io::Error) -> PeerError {
    PeerError::Start { what: WHAT, reason: error.to_string() }
}

fn failure(doing: &'static str, error: &tokio_postgres::Error) -> PeerError {
    // What the server said stands in the cause.
    let cause = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
    PeerError::Failed { what: WHAT, doing, reason: cause }
}
