//! Where the binary `saldo` is: the one that was named, or the one beside this program, which cargo brings up to date.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, io};

use crate::BenchError;

/// The folder of this program's profile: `target/release` of `target/release/deps/http_hot-0123456789abcdef`.
pub(crate) fn profile_dir() -> Result<PathBuf, BenchError> {
    let own = env::current_exe().map_err(BenchError::io("finding this program's own path"))?;
    let folder = own.ancestors().nth(2).map(Path::to_path_buf);
    folder.ok_or_else(|| BenchError::NoEngine(format!("{} has no profile's folder", own.display())))
}

/// The engine's binary, as an absolute path.
pub(crate) fn find(named: Option<&Path>) -> Result<PathBuf, BenchError> {
    let path = match named {
        Some(named) => named.to_path_buf(),
        None => beside_this_program()?,
    };
    path.canonicalize()
        .map_err(|error| BenchError::NoEngine(format!("{}: {error}", path.display())))
}

fn beside_this_program() -> Result<PathBuf, BenchError> {
    let folder = profile_dir()?;
    if let Some(cargo) = env::var_os("CARGO") {
        build(&cargo, &folder).map_err(BenchError::io("building the engine"))?;
    }
    Ok(folder.join("saldo"))
}

/// Builds with the profile and into the folder of this program, so that what is compiled already is used.
fn build(cargo: &OsStr, profile_dir: &Path) -> io::Result<()> {
    let is_test = profile_dir.file_name() == Some(OsStr::new("debug"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["build", "--quiet", "--package", "saldo", "--bin", "saldo"]);
    command.args(["--profile", if is_test { "test" } else { "release" }]);
    if let Some(target_dir) = profile_dir.parent() {
        command.arg("--target-dir").arg(target_dir);
    }
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}
