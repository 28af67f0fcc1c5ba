//! How fast it was: latencies, throughput over time, and who had the machine meanwhile.

pub mod cpu;
pub mod engine_metrics;
pub mod figures;
pub mod machine;
pub mod numbers;
pub mod recorder;
