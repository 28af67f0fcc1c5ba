//! Where the binary `saldo` is: beside the tests' own executable, built there where it is missing or out of date.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;
use std::{env, fs};

/// Names another binary than the one beside the tests.
const VARIABLE: &str = "SALDO_BIN";

/// What the binary is made of, from the repository's root.
const SOURCES: [&str; 4] = ["engine", "protocol", "Cargo.toml", "Cargo.lock"];

/// The binary, found or built on the first call. A build that fails is not tried again by every test.
pub(crate) fn saldo() -> &'static Path {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let binary = BINARY.get_or_init(|| match env::var_os(VARIABLE) {
        Some(named) => Ok(PathBuf::from(named)),
        None => beside_this_test(),
    });
    match binary {
        Ok(binary) => binary,
        Err(why) => panic!("there is no engine to test: {why}"),
    }
}

fn beside_this_test() -> Result<PathBuf, String> {
    // target/PROFILE/deps/promises-0123456789abcdef
    let own = env::current_exe().expect("the path of this test's own executable");
    let profile_dir = own.ancestors().nth(2).expect("a profile's folder above the test's");
    let binary = profile_dir.join("saldo");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository's root");
    let newest = SOURCES.iter().filter_map(|source| newest_in(&root.join(source))).max();
    if modified(&binary).is_none_or(|built| newest.is_some_and(|changed| changed > built)) {
        build(root, profile_dir)?;
    }
    Ok(binary)
}

/// Builds with the profile of the tests, so that what is compiled already is used.
fn build(root: &Path, profile_dir: &Path) -> Result<(), String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let profile =
        if profile_dir.file_name() == Some(OsStr::new("debug")) { "test" } else { "release" };
    let target_dir = profile_dir.parent().expect("the folder of all profiles");
    let status = Command::new(cargo)
        .current_dir(root)
        .args(["build", "--quiet", "--package", "saldo", "--bin", "saldo", "--profile", profile])
        .arg("--target-dir")
        .arg(target_dir)
        .status()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("its build failed with {status}")) }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

/// When the newest Rust source or manifest at or below `path` was changed.
fn newest_in(path: &Path) -> Option<SystemTime> {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a readable folder");
        return entries.filter_map(|entry| newest_in(&entry.ok()?.path())).max();
    }
    let counts = path.extension().is_some_and(|end| end == "rs" || end == "toml" || end == "lock");
    counts.then(|| modified(path)).flatten()
}
