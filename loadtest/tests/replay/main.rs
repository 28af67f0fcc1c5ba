//! The whole replay against an engine in memory: one promise a file.

#![expect(clippy::unwrap_used, reason = "what a test builds on and does not find ends the test")]

mod audit_finds_every_fault;
mod carries_on;
mod command_line;
mod replays_sales;
mod support;
