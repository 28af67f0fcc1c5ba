//! Every default and every bound that a setting may have, each named with its unit.
//! How they relate is asserted when the engine is compiled; how an operator's own figures relate, `config` checks at start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const TIB: u64 = 1 << 40;
const DAY_SECONDS: u64 = 86_400;
const YEAR_SECONDS: u64 = 365 * DAY_SECONDS;

/// A whole-number setting: what it is unless told otherwise, and the range it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The value when no source names the setting.
    pub default: u64,
    /// The smallest value allowed.
    pub min: u64,
    /// The largest value allowed.
    pub max: u64,
    /// What one of it is, in the plural: `bytes`, `seconds`, `levels`.
    pub unit: &'static str,
}

impl Limit {
    const fn new(default: u64, min: u64, max: u64, unit: &'static str) -> Self {
        assert!(min <= default && default <= max, "a default outside its own range");
        Self { default, min, max, unit }
    }

    /// Whether a value lies in the range.
    #[must_use]
    pub const fn allows(&self, value: u64) -> bool {
        self.min <= value && value <= self.max
    }
}

/// Where the engine listens unless told otherwise: this machine alone.
pub const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7_700);
/// Where the journal and the store live unless told otherwise, relative to the working directory.
pub const DATA_DIR: &str = "./data";
/// Most entries of a setting that is a list.
pub const LIST_ENTRIES_MAX: usize = 1_000;
/// Most bytes of a settings file: far more than every setting with its comment takes.
pub const SETTINGS_FILE_BYTES_MAX: u64 = MIB;
/// What a segment's length must be a multiple of, in bytes: batches begin on pages of this size.
pub const SEGMENT_BYTES_STEP: u64 = 4 * KIB;
/// Fewest segments' worth of bytes that the journal may be held to: one in use, one prepared, two to delete from.
pub const JOURNAL_SEGMENTS_MIN: u64 = 4;

// Journal.

/// Length of a preallocated segment.
pub const SEGMENT_BYTES: Limit = Limit::new(64 * MIB, MIB, 4 * GIB, "bytes");
/// A segment younger than this is kept.
pub const JOURNAL_RETENTION_HOURS: Limit = Limit::new(168, 0, 10 * 8_760, "hours");
/// The journal's oldest segments go when it is longer than this, whatever their age.
pub const JOURNAL_BYTES_MAX: Limit = Limit::new(16 * GIB, 4 * MIB, 1_024 * TIB, "bytes");
/// With less free space the engine is read-only.
pub const DISK_FREE_BYTES_MIN: Limit = Limit::new(256 * MIB, 0, 1_024 * TIB, "bytes");

// Store.

/// Time between checkpoints.
pub const CHECKPOINT_SECONDS: Limit = Limit::new(10, 1, 3_600, "seconds");
/// States that wait in memory for a checkpoint; as many start one early.
pub const CHECKPOINT_BYTES_MAX: Limit = Limit::new(64 * MIB, MIB, 4 * GIB, "bytes");
/// The store's cache; the real memory is about ten times as much.
pub const STORE_CACHE_BYTES: Limit = Limit::new(16 * MIB, MIB, 4 * GIB, "bytes");

// Actors.

/// Threads that run actors; 0 is one a core.
pub const ARBITERS: Limit = Limit::new(0, 0, 256, "threads");
/// Actors in memory before the idle ones leave early.
pub const ACTIVE_ACTORS_MAX: Limit = Limit::new(1_000_000, 16, 100_000_000, "actors");
/// An actor without a message for this long leaves memory.
pub const ACTOR_IDLE_SECONDS: Limit = Limit::new(300, 1, DAY_SECONDS, "seconds");
/// Commands taken and not yet answered; beyond it the answer is `overloaded`.
pub const COMMANDS_IN_FLIGHT_MAX: Limit = Limit::new(65_536, 1, 16_777_216, "commands");
/// Messages that wait for an actor to be woken from the store; beyond it the answer is `overloaded`.
pub const WAKEUPS_WAITING_MAX: Limit = Limit::new(65_536, 1, 16_777_216, "messages");

// Holds and reservations.

/// How long a hold lasts when the request does not say.
pub const HOLD_SECONDS_DEFAULT: Limit = Limit::new(900, 1, YEAR_SECONDS, "seconds");
/// The longest hold that a request may ask for.
pub const HOLD_SECONDS_MAX: Limit = Limit::new(7 * DAY_SECONDS, 1, YEAR_SECONDS, "seconds");
/// Longest life of a hold from its first reserve, extensions included.
pub const HOLD_LIFETIME_SECONDS_MAX: Limit =
    Limit::new(30 * DAY_SECONDS, 1, YEAR_SECONDS, "seconds");
/// After a start or an outage, open holds last at least this much longer.
pub const RESTART_GRACE_SECONDS: Limit = Limit::new(60, 0, DAY_SECONDS, "seconds");
/// Open holds for one customer reference; 0 is no limit.
pub const OPEN_HOLDS_PER_CUSTOMER_MAX: Limit = Limit::new(0, 0, 1_000_000, "holds");
/// Lines of a reservation. The protocol allows no more than 1,000.
pub const RESERVATION_LINES_MAX: Limit = Limit::new(1_000, 1, 1_000, "lines");
/// How long a closed reservation is found.
pub const RESERVATION_KEPT_HOURS: Limit = Limit::new(48, 1, 8_760, "hours");
/// How long a closed reservation with fulfilled units is found, so that they can be returned.
pub const RETURNS_KEPT_DAYS: Limit = Limit::new(400, 1, 3_650, "days");

// Repeats.

/// How long the outcome of a request is remembered for its repeats.
pub const IDEMPOTENCY_WINDOW_SECONDS: Limit =
    Limit::new(DAY_SECONDS, 1, 30 * DAY_SECONDS, "seconds");
/// Most outcomes remembered; the oldest go first.
pub const IDEMPOTENCY_ENTRIES_MAX: Limit = Limit::new(4_194_304, 1, 268_435_456, "entries");

// HTTP.

/// Connections open at once.
pub const CONNECTIONS_MAX: Limit = Limit::new(16_384, 1, 1_000_000, "connections");
/// A connection must have sent a request's head within this time.
pub const HEADER_TIMEOUT_MS: Limit = Limit::new(10_000, 10, 600_000, "milliseconds");
/// The longest body that is read.
pub const BODY_BYTES_MAX: Limit = Limit::new(MIB, KIB, GIB, "bytes");
/// A longer body is read on and thrown away up to this length, so that its sender hears the answer.
pub const BODY_DISCARDED_BYTES_MAX: Limit = Limit::new(16 * MIB, KIB, GIB, "bytes");
/// A body must have arrived within this time.
pub const BODY_TIMEOUT_MS: Limit = Limit::new(30_000, 10, 600_000, "milliseconds");
/// Items of an availability query. The protocol allows no more than 1,000.
pub const AVAILABILITY_ITEMS_MAX: Limit = Limit::new(1_000, 1, 1_000, "items");
/// Items that one page of a listing may ask for. The protocol allows no more than 1,000.
pub const PAGE_ITEMS_MAX: Limit = Limit::new(1_000, 1, 1_000, "items");
/// Items of a page that does not say how many.
pub const PAGE_ITEMS_DEFAULT: Limit = Limit::new(100, 1, 1_000, "items");

// Feed.

/// The longest frame that a client may send.
pub const FEED_FRAME_BYTES_MAX: Limit = Limit::new(4 * MIB, KIB, 64 * MIB, "bytes");
/// Commands of one frame. The protocol allows no more than 8,192.
pub const FEED_FRAME_COMMANDS_MAX: Limit = Limit::new(8_192, 1, 8_192, "commands");
/// Frames of commands of one connection that are not yet answered.
pub const FEED_FRAMES_IN_FLIGHT_MAX: Limit = Limit::new(64, 1, 65_536, "frames");
/// Subscriptions of one connection.
pub const FEED_SUBSCRIPTIONS_MAX: Limit = Limit::new(64, 1, 65_536, "subscriptions");
/// SKUs, prefixes and locations that one subscription may name, each.
pub const FEED_SKUS_MAX: Limit = Limit::new(10_000, 1, 1_000_000, "SKUs");
/// Levels of one page of a snapshot.
pub const FEED_SNAPSHOT_LEVELS: Limit = Limit::new(500, 1, 10_000, "levels");
/// Changed levels that wait for one connection.
pub const FEED_PENDING_LEVELS_MAX: Limit = Limit::new(100_000, 1, 100_000_000, "levels");
/// Events that wait for one connection; a subscription that is further behind is told from the journal.
pub const FEED_PENDING_EVENTS_MAX: Limit = Limit::new(4_096, 1, 1_000_000, "events");
/// A connection from which nothing came for this long is closed.
pub const FEED_IDLE_SECONDS: Limit = Limit::new(120, 2, DAY_SECONDS, "seconds");
/// Time between the engine's pings.
pub const FEED_PING_SECONDS: Limit = Limit::new(20, 1, DAY_SECONDS, "seconds");
/// Bytes that wait to be written to one connection.
pub const FEED_WRITE_BUFFER_BYTES_MAX: Limit = Limit::new(8 * MIB, 64 * KIB, GIB, "bytes");

/// Stock is low where at most this many units can be promised. A quantity is no larger than the most here.
pub const LOW_STOCK_THRESHOLD: Limit = Limit::new(5, 0, 2_147_483_647, "units");

// Stopping.

/// How long a stop waits for what is under way.
pub const DRAIN_SECONDS: Limit = Limit::new(10, 0, 3_600, "seconds");

// The same relations that `Settings::check` asks of an operator's figures hold for the defaults.
const _: () = {
    assert!(HOLD_SECONDS_DEFAULT.default <= HOLD_SECONDS_MAX.default);
    assert!(HOLD_SECONDS_MAX.default <= HOLD_LIFETIME_SECONDS_MAX.default);
    assert!(RESERVATION_KEPT_HOURS.default <= 24 * RETURNS_KEPT_DAYS.default);
    assert!(SEGMENT_BYTES.default.is_multiple_of(SEGMENT_BYTES_STEP));
    assert!(JOURNAL_SEGMENTS_MIN * SEGMENT_BYTES.default <= JOURNAL_BYTES_MAX.default);
    assert!(BODY_BYTES_MAX.default <= BODY_DISCARDED_BYTES_MAX.default);
    assert!(PAGE_ITEMS_DEFAULT.default <= PAGE_ITEMS_MAX.default);
    assert!(RESERVATION_LINES_MAX.default <= COMMANDS_IN_FLIGHT_MAX.default);
    assert!(FEED_FRAME_COMMANDS_MAX.default <= COMMANDS_IN_FLIGHT_MAX.default);
    assert!(FEED_SNAPSHOT_LEVELS.default <= FEED_PENDING_LEVELS_MAX.default);
    assert!(FEED_PING_SECONDS.default < FEED_IDLE_SECONDS.default);
    assert!(FEED_FRAME_BYTES_MAX.default <= FEED_WRITE_BUFFER_BYTES_MAX.default);
};

// Bounds that keep sums of them away from overflow: seconds and days become microseconds in 64 bits,
// hold times travel in 32.
const _: () = {
    assert!(HOLD_LIFETIME_SECONDS_MAX.max <= u32::MAX as u64);
    assert!(HOLD_SECONDS_MAX.max <= HOLD_LIFETIME_SECONDS_MAX.max);
    assert!(RETURNS_KEPT_DAYS.max * DAY_SECONDS * 1_000_000 < u64::MAX / 1_000);
    assert!(JOURNAL_SEGMENTS_MIN * SEGMENT_BYTES.min <= JOURNAL_BYTES_MAX.min);
    assert!(JOURNAL_BYTES_MAX.max < i64::MAX as u64);
};
