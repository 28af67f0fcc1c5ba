//! The feed's socket over a pipe in memory: against an engine of a few lines where the order of things is the
//! test's, and against a whole engine where the journal is.

mod allowances;
mod binary_frames;
mod closings;
mod commands;
mod every_event_once;
mod forms;
mod frames;
mod handshakes;
mod harness;
mod journal_events;
mod nothing_missed;
mod random;
mod small_engine;
mod subscribing;
