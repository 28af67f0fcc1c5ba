//! What Saldo promises, one promise a file, each against real engine processes over real sockets.
//! The harness (`saldo_tests`) tells how sizes are chosen and how waits are bounded.

mod access_matrix;
mod access_origins;
mod access_tokens;
mod acknowledged_is_durable;
mod backup_and_restore;
mod bad_input;
mod baskets_all_or_nothing;
mod carts_grow;
mod counts_keep_sales;
mod event_streams;
mod feed_levels;
mod feed_never_wrong;
mod floods;
mod holds_expire;
mod journal_stays_bounded;
mod kills;
mod machine_faults;
mod many_due_at_once;
mod never_oversells;
mod openapi_is_complete;
mod passivation;
mod power_cuts;
mod retry_is_idempotent;
mod returns_anywhere;
mod starts_and_stops;
