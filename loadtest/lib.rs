//! The load tester: sends work to an engine, measures, and audits every answer. Reads no clock but for measuring,
//! and knows the engine only by its protocol.
//!
//! In the order in which a replay travels: `csv_rows` → `goods` → `survey`, `invoices` → `queue` → `worker` →
//! `transport` → `model` → `audit` → `report`.

pub mod args;
pub mod audit;
pub mod carry_on;
pub mod chain;
pub mod command;
pub mod csv_rows;
pub mod disagreements;
mod durability;
pub mod engine_process;
pub mod error;
pub mod goods;
pub mod http;
pub mod ids;
pub mod invoices;
pub mod latency;
pub mod line_account;
pub mod model;
pub mod model_orders;
pub mod queue;
pub mod replay;
pub mod report;
pub mod runner;
pub mod share;
pub mod sold_lines;
pub mod stock;
pub mod survey;
pub mod tally;
pub mod transport;
mod worker;
mod worker_orders;
