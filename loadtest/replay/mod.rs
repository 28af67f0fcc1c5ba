//! Replays of real sales. In the order in which an invoice travels: `csv_rows` → `goods` → `survey`, `invoices` →
//! `queue` → `worker` → `transport` → `model` → `audit` → `report`.

pub mod args;
pub mod audit;
pub mod carry_on;
pub mod chain;
pub mod command;
pub mod csv_rows;
pub mod disagreements;
pub mod error;
pub mod goods;
pub mod http;
pub mod invoices;
pub mod latency;
pub mod line_account;
pub mod model;
pub mod model_orders;
pub mod queue;
pub mod report;
pub mod run;
pub mod run_ids;
pub mod runner;
pub mod share;
pub mod sold_lines;
pub mod stock;
pub mod survey;
pub mod tally;
pub mod transport;
mod worker;
mod worker_orders;
