//! The repository keeps the rules, and each rule sees what is planted for it.

use std::path::Path;

use super::{File, Violation, check, check_files, source::has_word};

fn planted(path: &str, text: &str) -> Vec<Violation> {
    check_files(&[File::new(path, text)])
}

#[track_caller]
fn clean(path: &str, text: &str) {
    assert_eq!(planted(path, text), Vec::new());
}

/// Exactly one violation, at this line, whose sentence has these words.
#[track_caller]
fn seen(path: &str, text: &str, line: usize, words: &str) {
    let found = planted(path, text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].path.as_str(), found[0].line), (path, line), "{found:?}");
    assert!(found[0].rule.contains(words), "{found:?}");
}

#[test]
fn the_repository_keeps_its_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository's root");
    let found = check(root).expect("readable files");
    let list: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} violations:\n{}", list.len(), list.join("\n"));
}

#[test]
fn a_file_opens_with_its_job() {
    seen("engine/a.rs", "use std::io;\n", 1, "does not open with `//!`");
    clean("engine/a.rs", "//! Job.\nuse std::io;\n");
    clean("engine/a.toml", "x = 1\n");
}

#[test]
fn a_file_is_not_too_long_outside_tests() {
    let text = format!("//! Job.\n{}", "\n".repeat(500));
    seen("engine/a.rs", &text, 0, "has 501 lines");
    clean("engine/store/tests.rs", &text);
    clean("engine/store/tests/reading.rs", &text);
    clean("tests/never_oversells.rs", &text);
}

#[test]
fn words_that_no_code_may_have() {
    seen("engine/a.rs", "//! Job.\nfn f() { address.do_send(1) }\n", 2, "`do_send`");
    for code in ["todo!()", "unimplemented!()", "dbg!(1)"] {
        seen("tests/a.rs", &format!("//! Job.\nfn f() {{ {code}; }}\n"), 2, "`");
    }
    seen("engine/a.rs", "//! Job.\n#[test]\n#[ignore = \"slow\"]\nfn f() {}\n", 3, "hides a test");
    seen("engine/a.rs", "//! Job.\n#[allow(dead_code)]\nfn f() {}\n", 2, "#[expect");
    seen("engine/a.rs", "//! Job.\n#![allow(dead_code)]\n", 2, "#![expect");
    clean(
        "engine/a.rs",
        "//! Job.\n// Not dbg!(x) and no do_send.\nconst A: &str = \"todo!()\";\nfn undo_send() {}\n",
    );
}

#[test]
fn notes_to_oneself() {
    seen("engine/a.rs", concat!("//! Job.\n// TO", "DO: later\n"), 2, "note to oneself");
    clean("engine/a.rs", "//! Job.\nconst METHODO: u8 = 1;\n");
}

#[test]
fn places_on_one_machine() {
    seen("config/a.toml", concat!("x = 1\ny = \"/ho", "me/me\"\n"), 2, "on one machine");
    clean("config/a.toml", "x = \"/var/lib/saldo\"\n");
}

#[test]
fn only_the_clock_reads_time() {
    for code in [
        "Instant::now()",
        "std::time::SystemTime::now()",
        "Uuid::now_v7()",
        "jiff::Timestamp::now()",
    ] {
        let text = format!("//! Job.\nfn f() {{ let t = {code}; }}\n");
        seen("engine/actor/a.rs", &text, 2, "reads a clock");
        clean("engine/clock.rs", &text);
        clean("loadtest/a.rs", &text);
        clean("protocol/client/a.rs", &text);
    }
    clean("engine/actor/a.rs", "//! Job.\nfn f(clock: &dyn Clock) { clock.now(); }\n");
}

#[test]
fn each_library_has_its_home() {
    let sled = "//! Job.\nuse sled::Tree;\n";
    seen("engine/store/store.rs", sled, 2, "engine/store/disk.rs");
    clean("engine/store/disk.rs", sled);
    let actix = "//! Job.\nuse actix::Actor;\n";
    seen("engine/gateway/a.rs", actix, 2, "outside engine/actor");
    clean("engine/actor/stock.rs", actix);
    let bincode = "//! Job.\nuse bincode::Encode;\n";
    seen("engine/gateway/a.rs", bincode, 2, "convert there");
    clean("engine/journal/group.rs", bincode);
    for code in
        ["use std::fs;", "use std::{fs::File, io};", "use tokio::fs;", "use rustix::fs::fsync;"]
    {
        let text = format!("//! Job.\n{code}\n");
        seen("engine/gateway/a.rs", &text, 2, "touches files");
        clean("engine/journal/a.rs", &text);
        clean("engine/config/tests.rs", &text);
    }
    clean(
        "engine/gateway/a.rs",
        "//! Job. Not sled, not actix.\n/* bincode /* fs */ */\nfn offs() {}\n",
    );
}

#[test]
fn nobody_sleeps() {
    let text = "//! Job.\nuse std::thread;\nfn f() { thread::sleep(d); }\n";
    seen("tests/a.rs", text, 3, "waits for luck");
    seen("engine/store/tests.rs", text, 3, "waits for luck");
}

#[test]
fn the_ledger_is_pure() {
    seen("engine/ledger/lib.rs", "//! Job.\nextern crate alloc;\n", 0, "lacks `#![no_std]`");
    clean("engine/ledger/lib.rs", "//! Job.\n#![no_std]\nextern crate alloc;\nuse core::fmt;\n");
    seen("engine/ledger/key.rs", "//! Job.\nuse std::fmt;\n", 2, "core and alloc alone");
    seen("engine/ledger/key.rs", "//! Job.\nextern crate std;\n", 2, "core and alloc alone");
    clean("engine/ledger/tests.rs", "//! Job.\nextern crate std;\nuse std::vec::Vec;\n");
}

#[test]
fn documents_name_what_is_there() {
    let document = |path: &str, text: &str| {
        let files = [
            File::new(path, text),
            File::new("engine/clock.rs", "//! Job.\n"),
            File::new("docs/a.md", "A\n"),
        ];
        check_files(&files).into_iter().map(|violation| violation.to_string()).collect::<Vec<_>>()
    };
    for text in [
        "`engine/clock.rs`",
        "`engine/`",
        "`./docs/a.md`",
        "[a](docs/a.md#part)",
        "[b](https://x.example/y.md)",
    ] {
        assert_eq!(document("README.md", text), Vec::<String>::new(), "{text}");
    }
    for text in [
        "`application/json`",
        "`/v1/stock/{sku}`",
        "`engine/<you>`",
        "`a / b`",
        "```\n`engine/gone.rs`\n```",
    ] {
        assert_eq!(document("README.md", text), Vec::<String>::new(), "{text}");
    }
    assert_eq!(
        document("README.md", "A\n`engine/gone.rs`"),
        ["README.md:2: names `engine/gone.rs`, which is not there"]
    );
    assert_eq!(document("README.md", "`gone/a.md`").len(), 1);
    assert_eq!(document("README.md", "[a](a.md)").len(), 1);
    assert_eq!(document("docs/b.md", "[a](a.md) [c](../engine/clock.rs)"), Vec::<String>::new());
    assert_eq!(document("docs/b.md", "[a](docs/a.md)").len(), 1);
}

#[test]
fn code_is_told_from_comments_and_literals() {
    let code = |text: &str| File::new("a.rs", text).code;
    assert_eq!(code("a // b\nc"), "a     \nc");
    assert_eq!(code("a /* b /* c */ d */ e"), format!("a {} e", " ".repeat(17)));
    assert_eq!(code(r#"f("x\"y", z)"#), format!("f(\"{}, z)", " ".repeat(5)));
    assert_eq!(code(r##"r#"x"y"# z"##), format!("r#\"{} z", " ".repeat(5)));
    assert_eq!(code("'\"' b"), "'   b");
    assert_eq!(code(r"'\'' b"), "'    b");
    assert_eq!(code("fn f<'a>(x: &'a str)"), "fn f<'a>(x: &'a str)");
    assert_eq!(code("for\"x\""), "for\"  ");
    assert_eq!(code("\"å\n\" b"), "\" \n  b");
}

#[test]
fn words_are_whole() {
    assert!(has_word("use sled;", "sled"));
    assert!(!has_word("misled sledge sled_x", "sled"));
    assert!(has_word("#[ignore]", "#[ignore"));
    assert!(!has_word("offs::x", "fs"));
}

#[test]
fn a_tree_is_read_with_and_without_git() {
    let root = tempfile::tempdir().expect("a temporary directory");
    let write = |path: &str, bytes: &[u8]| {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
    };
    write("engine/bad.rs", b"fn f() {}\n");
    write("engine/image.png", b"\xff\xfe");
    write("target/built.rs", b"fn f() {}\n");
    let expected = "engine/bad.rs:1: does not open with `//!`";
    let found = |name: &str| {
        let found = check(root.path()).expect("a readable tree");
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(found[0].to_string().starts_with(expected), "{name}: {found:?}");
    };
    found("without git");
    write(".gitignore", b"/target\n");
    let git =
        std::process::Command::new("git").arg("init").arg("--quiet").arg(root.path()).status();
    if git.is_ok_and(|status| status.success()) {
        found("with git");
    }
}
