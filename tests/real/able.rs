//! What can be tried on this machine.

use std::io::Write as _;
use std::path::Path;

use super::image::{FileSystem, Image};

/// Whether images can be mounted here; otherwise why not, and so that it is seen: past what captures tests' output.
#[must_use]
pub fn can_cut_power(what: &str) -> bool {
    let made = Image::new(FileSystem::Ext4, 16);
    if let Err(why) = &made {
        let _ = writeln!(std::io::stderr(), "== LEFT OUT: {what}: {why}");
    }
    made.is_ok()
}

/// Whether a program is there.
#[must_use]
pub fn has_program(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| Path::new(&folder).join(name).exists())
}
