//! What the tests share: an engine in memory, altered and broken transports, and files of sales.

pub mod broken;
mod calls;
pub mod engine;
pub mod sales;
