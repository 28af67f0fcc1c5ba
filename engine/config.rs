//! The engine's settings: one flat list, each with a compiled-in default and a range from `limits`.
//! Read from a file, the environment and the command line, in that order; a later source wins.

mod check;
mod error;
mod file;
mod origin;
mod sources;
mod threshold;
mod token;
mod token_file;
mod value;

#[cfg(test)]
mod tests;

use std::{net::SocketAddr, path::PathBuf};

use saldo_protocol::View;

use crate::limits::{self, Limit};

pub use error::{Place, SettingsError};
pub use origin::Origin;
pub use sources::{ENVIRONMENT_PREFIX, Flag, Loaded, Sources, load};
pub use threshold::LowStockThreshold;
pub use token::{StoredToken, Token, TokenHash};
pub use token_file::{TokenFile, TokenFileError};
pub use value::{Durability, LogLevel, Role};

use value::{Given, Setting, Wrong};

/// Declares `Settings`: first the settings of various types, then the whole numbers, each by the name of its limit.
macro_rules! settings {
    (
        types { $( $(#[$doc:meta])* $name:ident: $type:ty = $default:expr; )* }
        numbers { $( $number:ident = $limit:ident; )* }
    ) => {
        /// Every setting. Flat, so that a name means the same in a file, in the environment and in a message.
        ///
        /// Made by [`load`], or for an engine inside a program from [`Settings::default`] with other figures put in;
        /// [`Settings::check`] says whether they go together.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Settings {
            $( $(#[$doc])* pub $name: $type, )*
            $( #[doc = concat!("[`limits::", stringify!($limit), "`] tells meaning, unit, default and range.")]
               pub $number: u64, )*
        }

        impl Default for Settings {
            fn default() -> Self {
                Self {
                    $( $name: $default, )*
                    $( $number: limits::$limit.default, )*
                }
            }
        }

        /// The names of all settings, as a file says them, in the order of [`Settings`].
        pub const NAMES: &[&str] = &[ $( stringify!($name), )* $( stringify!($number), )* ];

        impl Settings {
            /// Every whole number: its name, its value, and its limit.
            #[must_use]
            pub fn numbers(&self) -> Vec<(&'static str, u64, Limit)> {
                vec![ $( (stringify!($number), self.$number, limits::$limit), )* ]
            }

            /// Sets one; nothing where there is no setting of that name.
            fn set(&mut self, name: &str, given: &Given<'_>) -> Option<Result<(), Wrong>> {
                match name {
                    $( stringify!($name) => Some(Setting::read(given).map(|value| self.$name = value)), )*
                    $( stringify!($number) => {
                        Some(value::number(given, limits::$limit).map(|value| self.$number = value))
                    } )*
                    _ => None,
                }
            }
        }
    };
}

settings! {
    types {
        /// Address and port of HTTP and the feed; port 0 takes a free one.
        listen: SocketAddr = limits::LISTEN;
        /// Directory of the journal and the store, made when missing.
        data_dir: PathBuf = PathBuf::from(limits::DATA_DIR);
        /// How much is logged to standard error.
        log: LogLevel = LogLevel::Info;
        /// What an acknowledgement survives.
        durability: Durability = Durability::PowerLoss;
        /// Whether a caller without a token may read levels once a token is configured.
        anonymous_read: bool = false;
        /// The most that such a caller is told of a level.
        anonymous_view: View = View::Exact;
        /// Web origins, besides the engine's own, whose pages may call.
        origins: Vec<Origin> = Vec::new();
        /// Hashed bearer tokens. Without one the engine listens on loopback addresses alone.
        tokens: Vec<StoredToken> = Vec::new();
        /// Thresholds of SKUs by the beginning of their names, in place of `low_stock_threshold`.
        low_stock_thresholds: Vec<LowStockThreshold> = Vec::new();
    }

    numbers {
        segment_bytes = SEGMENT_BYTES;
        journal_retention_hours = JOURNAL_RETENTION_HOURS;
        journal_bytes_max = JOURNAL_BYTES_MAX;
        disk_free_bytes_min = DISK_FREE_BYTES_MIN;

        checkpoint_seconds = CHECKPOINT_SECONDS;
        checkpoint_bytes_max = CHECKPOINT_BYTES_MAX;
        store_cache_bytes = STORE_CACHE_BYTES;

        arbiters = ARBITERS;
        active_actors_max = ACTIVE_ACTORS_MAX;
        actor_idle_seconds = ACTOR_IDLE_SECONDS;
        commands_in_flight_max = COMMANDS_IN_FLIGHT_MAX;
        wakeups_waiting_max = WAKEUPS_WAITING_MAX;

        hold_seconds_default = HOLD_SECONDS_DEFAULT;
        hold_seconds_max = HOLD_SECONDS_MAX;
        hold_lifetime_seconds_max = HOLD_LIFETIME_SECONDS_MAX;
        restart_grace_seconds = RESTART_GRACE_SECONDS;
        open_holds_per_customer_max = OPEN_HOLDS_PER_CUSTOMER_MAX;
        reservation_lines_max = RESERVATION_LINES_MAX;
        reservation_kept_hours = RESERVATION_KEPT_HOURS;
        returns_kept_days = RETURNS_KEPT_DAYS;

        idempotency_window_seconds = IDEMPOTENCY_WINDOW_SECONDS;
        idempotency_entries_max = IDEMPOTENCY_ENTRIES_MAX;

        connections_max = CONNECTIONS_MAX;
        header_timeout_ms = HEADER_TIMEOUT_MS;
        body_bytes_max = BODY_BYTES_MAX;
        body_discarded_bytes_max = BODY_DISCARDED_BYTES_MAX;
        body_timeout_ms = BODY_TIMEOUT_MS;
        availability_items_max = AVAILABILITY_ITEMS_MAX;
        page_items_max = PAGE_ITEMS_MAX;
        page_items_default = PAGE_ITEMS_DEFAULT;

        feed_frame_bytes_max = FEED_FRAME_BYTES_MAX;
        feed_frame_commands_max = FEED_FRAME_COMMANDS_MAX;
        feed_frames_in_flight_max = FEED_FRAMES_IN_FLIGHT_MAX;
        feed_subscriptions_max = FEED_SUBSCRIPTIONS_MAX;
        feed_skus_max = FEED_SKUS_MAX;
        feed_snapshot_levels = FEED_SNAPSHOT_LEVELS;
        feed_pending_levels_max = FEED_PENDING_LEVELS_MAX;
        feed_pending_events_max = FEED_PENDING_EVENTS_MAX;
        feed_idle_seconds = FEED_IDLE_SECONDS;
        feed_ping_seconds = FEED_PING_SECONDS;
        feed_write_buffer_bytes_max = FEED_WRITE_BUFFER_BYTES_MAX;
        low_stock_threshold = LOW_STOCK_THRESHOLD;

        drain_seconds = DRAIN_SECONDS;
    }
}

impl Settings {
    /// Seconds for which a closed reservation is kept; one with fulfilled units may come back as a return.
    #[must_use]
    pub fn kept_seconds(&self, fulfilled: bool) -> u64 {
        if fulfilled {
            self.returns_kept_days * 86_400
        } else {
            self.reservation_kept_hours * 3_600
        }
    }
}
