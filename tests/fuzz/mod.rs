//! Bytes from outside, by the thousand: one file a target, each a plain function over bytes that panics where a promise
//! is broken. [`short`] replays and mutates the committed corpus without any tool; `tests/libfuzzer` runs the same
//! functions under libFuzzer, guided by coverage.

pub mod baselines;
pub mod bodies;
pub mod frames;
pub mod groups;
pub mod http;
mod input;
pub mod running;
pub mod sales;
pub mod segments;
pub mod settings;
pub mod short;
pub mod sockets;
pub mod stored;
pub mod texts;

use std::path::PathBuf;

/// A thing that reads bytes from outside.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its corpus.
    pub name: &'static str,
    /// What is read.
    pub about: &'static str,
    /// Reads the bytes; panics where a promise is broken.
    pub run: fn(&[u8]),
    /// Mutated inputs in the short form.
    pub cases: u32,
    /// The longest input that is worth trying, in bytes.
    pub bytes_max: usize,
}

/// All targets.
pub const TARGETS: &[Target] = &[
    target_of("segment", "a journal's only segment, recovered", segments::run, 20_000, 2_048),
    target_of("groups", "a record's groups of events", groups::run, 40_000, 4_096),
    target_of("baseline", "a baseline, loaded into a store", baselines::run, 10_000, 4_096),
    target_of("stored", "a key's state and other values of the store", stored::run, 40_000, 4_096),
    target_of("client_frame", "binary frames of a client", frames::client, 40_000, 4_096),
    target_of("engine_frame", "binary frames of the engine", frames::engine, 40_000, 4_096),
    target_of("client_json", "JSON frames of a client", frames::client_json, 40_000, 4_096),
    target_of("engine_json", "JSON frames of the engine", frames::engine_json, 40_000, 4_096),
    target_of("body", "JSON bodies of every call", bodies::run, 40_000, 4_096),
    target_of("text", "SKUs, keys, cursors, references, escapes, times", texts::run, 40_000, 512),
    target_of("http", "requests to a running engine", http::run, 8_000, 4_096),
    target_of("socket", "frames to a running engine's feed", sockets::run, 4_000, 4_096),
    target_of("settings", "settings by file, environment and option", settings::run, 2_000, 4_096),
    target_of("sales", "CSV and gzip of `saldo-loadtest replay`", sales::run, 4_000, 4_096),
];

const fn target_of(
    name: &'static str,
    about: &'static str,
    run: fn(&[u8]),
    cases: u32,
    bytes_max: usize,
) -> Target {
    Target { name, about, run, cases, bytes_max }
}

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// Its committed inputs: small ones that reach far, and those that once broke a promise.
    #[must_use]
    pub fn corpus(&self) -> PathBuf {
        [env!("CARGO_MANIFEST_DIR"), "fuzz", "corpus", self.name].iter().collect()
    }
}
