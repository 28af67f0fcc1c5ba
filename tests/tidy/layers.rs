//! Rules about which part of the engine may know what: each thing outside has one place that names it.

use super::{File, Violation, source::has_word};

/// Words that only some files may have in their code.
struct Layer {
    /// Any of these.
    words: &'static [&'static str],
    /// Files, or folders with their closing `/`.
    homes: &'static [&'static str],
    /// Whether tests may name it wherever they are.
    tests_too: bool,
    /// Said of a file that is no home.
    why: &'static str,
}

const LAYERS: [Layer; 6] = [
    Layer {
        words: &[
            "Instant::now",
            "SystemTime::now",
            "Timestamp::now",
            "Zoned::now",
            "now_v7",
            "now_v1",
        ],
        homes: &[
            "engine/clock.rs",
            "engine/clock/",
            "loadtest/",
            "benches/",
            "tests/",
            "protocol/client/",
            "protocol/tests/",
        ],
        tests_too: false,
        why: "reads a clock: only engine/clock.rs does, everyone else is handed the time",
    },
    Layer {
        words: &["sled::", "use sled"],
        homes: &["engine/store/disk.rs"],
        tests_too: false,
        why: "is named outside engine/store/disk.rs, the only file that knows the store's database",
    },
    Layer {
        words: &["actix::", "use actix", "actix_rt::", "use actix_rt"],
        homes: &[
            "engine/actor/",
            "engine/server.rs",
            "engine/simulation.rs",
            "engine/testing.rs",
            "engine/cli/serve.rs",
            // What it asks is what actix itself costs.
            "benches/mailbox.rs",
            // Engines on one thread, whose tasks run where the actors do.
            "tests/disk/",
            "tests/model/",
            "tests/simulation/",
        ],
        tests_too: false,
        why: "is named outside engine/actor and the files that start it",
    },
    Layer {
        words: &["bincode::", "use bincode"],
        homes: &[
            "engine/journal/group.rs",
            "engine/journal/record_of/",
            "engine/store/state.rs",
            "protocol/binary/codec.rs",
        ],
        tests_too: false,
        why: "is named outside the files that know the stored forms: convert there, at the edge",
    },
    Layer {
        // As a word by itself, so that `use std::{fs, io}` is seen too.
        words: &["fs", "OpenOptions", "File::open", "File::create"],
        homes: &[
            "engine/journal/",
            "engine/store/",
            "engine/config/file.rs",
            "engine/config/token_file.rs",
            "engine/data_dir.rs",
            "engine/testing.rs",
            "engine/tools/backup.rs",
            "engine/tools/restore.rs",
            "engine/tools/verify.rs",
            "loadtest/",
            "benches/",
            "tests/",
        ],
        tests_too: true,
        why: "touches files outside engine/journal and engine/store",
    },
    Layer {
        words: &["thread::sleep"],
        // The database gives its lock back from a thread of its own, and tells nobody.
        homes: &["engine/store/disk.rs"],
        tests_too: false,
        why: "waits for luck: wait for what is to happen, or move a clock by hand",
    },
];

/// The crate that must stay pure.
const LEDGER: &str = "engine/ledger/";
const LEDGER_ROOT: &str = "engine/ledger/lib.rs";

/// Puts what is wrong with the file into `found`.
pub fn check(file: &File, found: &mut Vec<Violation>) {
    if !file.is_rust() {
        return;
    }
    let mut report =
        |line: usize, rule: String| found.push(Violation { path: file.path.clone(), line, rule });
    for layer in LAYERS.iter().filter(|layer| !layer.is_home(file)) {
        for (number, line) in (1..).zip(file.code.lines()) {
            if let Some(word) = layer.words.iter().find(|word| has_word(line, word)) {
                report(number, format!("`{word}` {}", layer.why));
            }
        }
    }
    if file.path == LEDGER_ROOT && !file.code.contains("#![no_std]") {
        report(0, "lacks `#![no_std]`: the ledger has no clock, file, socket or thread".to_owned());
    }
    if file.path.starts_with(LEDGER) && !file.is_test() {
        for (number, line) in (1..).zip(file.code.lines()) {
            if has_word(line, "std::") || has_word(line, "crate std") {
                report(number, "`std` in the ledger, which is core and alloc alone".to_owned());
            }
        }
    }
}

impl Layer {
    fn is_home(&self, file: &File) -> bool {
        let named = |home: &&str| {
            if home.ends_with('/') { file.path.starts_with(*home) } else { file.path == **home }
        };
        (self.tests_too && file.is_test()) || self.homes.iter().any(named)
    }
}
