//! Puts a run together: an engine, its opening stock, the load, the audit, the report.

pub mod capacity;
pub mod compare;
pub mod engine;
pub mod error;
pub mod figures;
pub mod interrupt;
pub mod one;
pub mod peers;
pub mod progress;
pub mod say;
pub mod setting;
pub mod warnings;
pub mod workload;
