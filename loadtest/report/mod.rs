//! What is said at the end: a table for people, JSON for programs, a page with plots, a log for other tools.

pub mod chart;
pub mod compare;
pub mod figure;
pub mod hdr_log;
pub mod html;
mod html_parts;
pub mod json;
pub mod plots;
pub mod require;
#[cfg(test)]
mod sample;
pub mod table;
mod table_runs;
pub mod verdict;
pub mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measure::figures::RunFigures;

/// What was measured on, and with what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// The workload's name.
    pub workload: String,
    /// `saldo`, `redis`, `postgres`, `echo`.
    pub target: String,
    /// The target's version, as it tells.
    pub target_version: String,
    /// `http`, `ws-json`, `ws-binary`, `inproc`, `redis`, `postgres`.
    pub transport: String,
    /// What an answer survives: `power_loss`, `process_crash`, or as the target calls it.
    pub durability: String,
    /// Connections' clients.
    pub clients: u32,
    /// Batches in flight of each.
    pub in_flight: u32,
    /// Operations of a batch at most.
    pub frame: u32,
    /// `closed`, or `open` with its rates.
    pub load: String,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Every other setting of the workload, by name.
    pub settings: BTreeMap<String, String>,
    /// The machine: cores, processor, memory, kernel.
    pub machine: String,
    /// When it began (RFC 3339, UTC).
    pub began: String,
    /// This program's version and whether it is optimised.
    pub tester: String,
}

/// A finished measurement: one setting, one or several runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What was measured on, and with what.
    pub setting: Setting,
    /// Sentences that whoever believes the figures must know.
    pub warnings: Vec<String>,
    /// The runs, in their order.
    pub runs: Vec<RunFigures>,
    /// Requirements that were not met, in words.
    pub unmet: Vec<String>,
}
