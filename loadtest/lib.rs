//! The load tester: sends work to an engine, measures, and audits every answer. Reads no clock but for measuring,
//! and knows the engine by its protocol alone; only the transport `inproc` takes it as a library.
//!
//! In the order in which an operation travels: `workload` (what) → `drive` (when) → `session` (how) → `targets`
//! (to whom) → `measure` (how fast) and `history` (what was answered) → `audit` (whether it is true) → `report`.

pub mod audit;
pub mod cli;
pub mod drive;
pub mod feed;
pub mod history;
pub mod measure;
pub mod peers;
pub mod replay;
pub mod report;
pub mod run;
pub mod session;
pub mod targets;
pub mod workload;
