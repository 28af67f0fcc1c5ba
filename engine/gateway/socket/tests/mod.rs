//! The feed's socket against an engine of a few lines, over a pipe in memory.

mod closings;
mod commands;
mod frames;
mod handshakes;
mod harness;
mod nothing_missed;
mod subscribing;
