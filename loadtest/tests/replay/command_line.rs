//! What the command says and ends with when it cannot do its work, and that an engine of its own never outlives it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::sales::Sales;
use saldo_loadtest::targets::engine_process::{EngineError, EngineProcess};

fn saldo_loadtest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_saldo-loadtest")).args(arguments).output().unwrap()
}

fn says(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A stand-in for the engine.
fn script(path: &Path, body: &str) {
    std::fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_wrong_command_or_file_ends_with_2() {
    for (arguments, said) in [
        (&["replay"][..], "FILE.csv[.gz]"),
        (&["replay", "/none.csv", "--speed", "0"], "greater than 0"),
        (&["replay", "/none.csv", "--url", "http://127.0.0.1:1"], "/none.csv"),
        (&["replay", "/dev/null", "--url", "http://127.0.0.1:1"], "header row lacks InvoiceNo"),
    ] {
        let output = saldo_loadtest(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(says(&output).contains(said), "{}", says(&output));
    }
}

#[test]
fn help_tells_a_newcomer_what_it_does() {
    let output = saldo_loadtest(&["replay", "--help"]);
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    for said in
        ["InvoiceNo, StockCode", "--opening-stock", "[default: 0.6]", "Examples:", "Exit code:"]
    {
        assert!(help.contains(said), "{said} in {help}");
    }
}

#[test]
fn a_missing_engine_is_named_with_how_to_build_it() {
    let sales = Sales::new(&[("1", "11111", 1, "1", "")]);
    let (file, none) = (sales.plan.file.to_str().unwrap(), sales.path("no-engine"));
    let output = saldo_loadtest(&["replay", file, "--engine", none.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(says(&output).contains("cargo build --release -p saldo"), "{}", says(&output));
}

#[test]
fn an_engine_that_cannot_be_reached_ends_with_1() {
    let sales = Sales::new(&[("1", "11111", 1, "1", "")]);
    let file = sales.plan.file.to_str().unwrap();
    // Nothing listens on port 1.
    let output =
        saldo_loadtest(&["replay", file, "--url", "http://127.0.0.1:1", "--patience", "0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(says(&output).contains("could not be reached"), "{}", says(&output));
}

#[tokio::test]
async fn the_engine_is_waited_for_and_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let engine = folder.path().join("engine");
    let ended = folder.path().join("ended");
    let body = format!(
        "tail -f /dev/null &\ntrap \"echo $* > {}; kill $!; exit 0\" TERM\n\
         echo starting\necho listening on http://127.0.0.1:4711\nwait",
        ended.display()
    );
    script(&engine, &body);
    let running = EngineProcess::start(&engine).await.unwrap();
    assert_eq!(running.url(), "http://127.0.0.1:4711");
    running.stop().await.unwrap();
    let arguments = std::fs::read_to_string(ended).unwrap();
    assert!(arguments.starts_with("serve --listen 127.0.0.1:0 --data-dir /"), "{arguments}");
}

#[tokio::test]
async fn an_engine_that_gives_up_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let engine = folder.path().join("engine");
    script(&engine, "echo the disk is full >&2; exit 3");
    let error = EngineProcess::start(&engine).await.unwrap_err();
    assert!(matches!(error, EngineError::NotServing { .. }));
    assert!(error.to_string().contains("the disk is full"), "{error}");
}
