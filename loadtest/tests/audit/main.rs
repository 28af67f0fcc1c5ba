//! The audit against a real engine: nothing to find where nothing is wrong, and every planted fault.

#![expect(clippy::unwrap_used, reason = "what a test builds on and does not find ends the test")]

mod clean_runs;
mod falsified_logs;
mod planted_faults;
mod proxy;
mod support;
