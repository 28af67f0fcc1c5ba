//! Settings from a file, environment variables and options: they are refused with a reason that names the place, or go
//! together. Lines that begin with `-` are options, with `$` variables; all else is the file.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::LazyLock;

use saldo::config::{ENVIRONMENT_PREFIX, Flag, Sources, TokenFile, load};

/// Options and variables of one input at most.
const GIVEN_MAX: usize = 32;

/// Loads what the input says.
///
/// # Panics
/// Where settings out of their ranges are taken, or a refusal says nothing.
pub fn run(bytes: &[u8]) {
    let mut sources = Sources { file: Some(file().clone()), ..Sources::default() };
    let mut text = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let given = sources.flags.len() + sources.environment.len();
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        match bare.split_first() {
            Some((b'-', option)) if given < GIVEN_MAX => sources.flags.extend(flag(option)),
            Some((b'$', variable)) if given < GIVEN_MAX => {
                let (name, value) = halves(variable);
                let mut full = ENVIRONMENT_PREFIX.as_bytes().to_vec();
                full.extend_from_slice(name);
                let value = OsString::from_vec(value.to_vec());
                sources.environment.push((OsString::from_vec(full), value));
            }
            _ => text.extend_from_slice(line),
        }
    }
    std::fs::write(file(), &text).expect("a temporary file");
    match load(&sources) {
        Ok(loaded) => {
            loaded.settings.check().expect("what was taken goes together");
            for (name, value, limit) in loaded.settings.numbers() {
                assert!((limit.min..=limit.max).contains(&value), "{name} = {value}");
            }
            let given = Sources { file: sources.file.clone(), ..Sources::default() };
            if load(&given).is_ok() {
                TokenFile::open(sources.file, &sources.directory).expect("a file that was taken");
            }
        }
        Err(error) => {
            let told = error.to_string();
            assert!(!told.is_empty() && told.len() < 4_096, "{} bytes: {told}", told.len());
        }
    }
}

/// The file that is read; of this process alone.
fn file() -> &'static PathBuf {
    static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let path = folder.path().join("saldo.toml");
        (folder, path)
    });
    &FILE.1
}

fn flag(option: &[u8]) -> Option<Flag> {
    let (name, value) = halves(option);
    let (name, value) = (str::from_utf8(name).ok()?, str::from_utf8(value).ok()?);
    Some(Flag { option: format!("--{name}"), name: name.to_owned(), value: value.to_owned() })
}

fn halves(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == b'=') {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}
