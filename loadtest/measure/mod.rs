//! How fast it was: latencies, throughput over time, and who had the machine meanwhile.

pub mod figures;
pub mod numbers;
pub mod recorder;
