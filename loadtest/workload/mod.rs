//! What is sent: operations, their names, and the workloads that make them.
//!
//! `settings` reads `config/loadtest.toml` and makes a workload ready: `hot`, `flash_sale`, `spread` (uniform and
//! zipf), `basket`, `lifecycle`, `mixed`.

pub mod basket;
mod burst;
mod draw;
pub mod feed_settings;
pub mod flash_sale;
mod goods;
pub mod hot;
pub mod kind;
pub mod lifecycle;
mod lifecycle_course;
pub mod load_settings;
pub mod mixed;
pub mod names;
pub mod op;
pub mod outcome;
mod prepared;
pub mod script;
pub mod settings;
pub mod settings_error;
#[cfg(test)]
mod settings_tests;
pub mod spread;
pub mod tables;
pub mod transport;
pub mod values;
#[cfg(test)]
mod workloads_tests;
