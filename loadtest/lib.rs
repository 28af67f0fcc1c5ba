//! The load tester: sends work to an engine, measures, and audits every answer. Reads no clock but for measuring,
//! and knows the engine only by its protocol.

pub mod replay;
pub mod targets;
