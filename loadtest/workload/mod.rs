//! What is sent: operations, their names, and the workloads that make them.

pub mod names;
pub mod op;
pub mod outcome;
pub mod script;
