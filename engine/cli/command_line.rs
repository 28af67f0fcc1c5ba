//! The built binary as its user meets it: help, version, and exit codes for what it cannot do.

use std::process::{Command, Output};

/// Runs the binary in an empty directory, so that no settings file is found.
fn saldo(arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().expect("a temporary directory");
    Command::new(env!("CARGO_BIN_EXE_saldo"))
        .args(arguments)
        .current_dir(directory.path())
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_names_every_command() {
    let output = saldo(&["--help"]);
    let help = text(&output.stdout);
    for command in ["serve", "verify", "backup", "restore", "inspect", "watch", "token"] {
        assert!(help.contains(command), "{command} is missing in:\n{help}");
    }
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_misspelt_setting_is_an_error_that_names_the_nearest() {
    let output = saldo(&["serve", "--set", "segment_byte=1048576"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("segment_bytes"), "{}", text(&output.stderr));
}

#[test]
fn a_directory_without_data_is_told_as_such() {
    for command in
        [&["verify"][..], &["inspect", "A", "X"], &["backup", "to"], &["restore", "nothing-here"]]
    {
        let output = saldo(&[command, &["--data-dir", "nothing-here"]].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(text(&output.stderr).contains("nothing-here"), "{}", text(&output.stderr));
    }
}
