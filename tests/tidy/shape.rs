//! Rules about every file by itself: how it opens, how long it is, and words that no file may have.

use super::{File, Violation, source::has_word};

/// Lines of a file outside tests.
const LINES_MAX: usize = 500;

/// Words that no code may have, and why.
const BANNED: [(&str, &str); 7] = [
    ("do_send", "ignores a mailbox's limit and drops what it cannot deliver: use try_send or send"),
    ("todo!", "is a hole: finish it or leave it out"),
    ("unimplemented!", "is a hole: finish it or leave it out"),
    ("dbg!", "is a leftover"),
    ("#[ignore", "hides a test: make it pass or remove it"),
    ("#[allow(", "stays when its reason is gone: use #[expect(..., reason = \"...\")]"),
    ("#![allow(", "stays when its reason is gone: use #![expect(..., reason = \"...\")]"),
];

/// Notes to oneself. Written in parts, so that this file does not have them.
const NOTES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// Where only one machine has files. Written in parts, so that this file does not have them.
const MACHINE_PATHS: [&str; 3] =
    [concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/")];

/// Puts what is wrong with the file into `found`.
pub fn check(file: &File, found: &mut Vec<Violation>) {
    let mut report =
        |line: usize, rule: String| found.push(Violation { path: file.path.clone(), line, rule });
    for (number, line) in (1..).zip(file.text.lines()) {
        for path in MACHINE_PATHS.iter().filter(|path| line.contains(**path)) {
            report(number, format!("`{path}…` is a place on one machine: nobody else has it"));
        }
    }
    if !file.is_rust() {
        return;
    }
    if !file.text.starts_with("//!") {
        report(1, "does not open with `//!`: say the file's job in one to five lines".to_owned());
    }
    let lines = file.text.lines().count();
    if lines > LINES_MAX && !file.is_test() {
        report(0, format!("has {lines} lines, at most {LINES_MAX} are allowed: split it by nouns"));
    }
    for (number, line) in (1..).zip(file.text.lines()) {
        for note in NOTES.iter().filter(|note| has_word(line, note)) {
            report(
                number,
                format!("`{note}` is a note to oneself: do it, or file it where others see it"),
            );
        }
    }
    for (number, line) in (1..).zip(file.code.lines()) {
        for (word, why) in BANNED.iter().filter(|(word, _)| has_word(line, word)) {
            report(number, format!("`{word}` {why}"));
        }
    }
}
