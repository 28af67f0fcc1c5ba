//! The short form, without any tool: the committed corpus, then inputs a few changes away from it, from a seed.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::Target;

/// Changes to one input at most.
const CHANGES_MAX: u32 = 8;
/// Values at which encodings and parsers turn.
const EDGES: [u8; 16] =
    [0, 1, 0x7f, 0x80, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, b'"', b'{', b'\n', b'%', b'-'];

/// Why a target's short form failed.
#[derive(Debug, thiserror::Error)]
pub enum ShortError {
    /// A promise was broken; the panic's message is on standard error.
    #[error("{target}: broken by {what}; run `saldo-tests fuzz --target {target} --replay {}`", .input.display())]
    Broken {
        /// The target.
        target: &'static str,
        /// Where the input is from.
        what: String,
        /// A file with the input.
        input: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

/// Replays a target's corpus, then tries inputs made from it; the number of inputs tried.
///
/// # Errors
/// [`ShortError`]: the first input that breaks a promise.
pub fn short(target: &Target, seed: u64) -> Result<u32, ShortError> {
    let seeds = corpus(target)?;
    for (path, bytes) in &seeds {
        attempt(target, bytes, &path.display().to_string())?;
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for case in 0..target.cases {
        let bytes = mutated(&seeds, target.bytes_max, &mut random);
        attempt(target, &bytes, &format!("case {case} of seed {seed}"))?;
    }
    Ok(target.cases + u32::try_from(seeds.len()).unwrap_or(u32::MAX))
}

/// Runs one file.
///
/// # Errors
/// [`ShortError`].
pub fn replay(target: &Target, path: &Path) -> Result<(), ShortError> {
    let bytes = fs::read(path).map_err(io_error(path))?;
    attempt(target, &bytes, &path.display().to_string())
}

/// A target's committed inputs by their names.
///
/// # Errors
/// [`ShortError::Io`].
pub fn corpus(target: &Target) -> Result<Vec<(PathBuf, Vec<u8>)>, ShortError> {
    let folder = target.corpus();
    let entries = fs::read_dir(&folder).map_err(io_error(&folder))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(io_error(&folder))?.path());
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| fs::read(&path).map_err(io_error(&path)).map(|bytes| (path, bytes)))
        .collect()
}

fn attempt(target: &Target, bytes: &[u8], what: &str) -> Result<(), ShortError> {
    if catch_unwind(AssertUnwindSafe(|| (target.run)(bytes))).is_ok() {
        return Ok(());
    }
    let input = std::env::temp_dir().join(format!("saldo-fuzz-{}", target.name));
    fs::write(&input, bytes).map_err(io_error(&input))?;
    Err(ShortError::Broken { target: target.name, what: what.to_owned(), input })
}

/// An input a few changes away from a committed one.
fn mutated(seeds: &[(PathBuf, Vec<u8>)], bytes_max: usize, random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = pick(seeds, random).to_vec();
    for _ in 0..random.random_range(1..=CHANGES_MAX) {
        change(&mut bytes, seeds, random);
    }
    bytes.truncate(bytes_max);
    bytes
}

fn pick<'a>(seeds: &'a [(PathBuf, Vec<u8>)], random: &mut ChaCha8Rng) -> &'a [u8] {
    match seeds {
        [] => &[],
        seeds => &seeds[random.random_range(0..seeds.len())].1,
    }
}

fn change(bytes: &mut Vec<u8>, seeds: &[(PathBuf, Vec<u8>)], random: &mut ChaCha8Rng) {
    let at = random.random_range(0..=bytes.len());
    let some = at + random.random_range(1..=16);
    match random.random_range(0..7_u8) {
        0 if at < bytes.len() => bytes[at] = value(random),
        1 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8_u8),
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..some.min(bytes.len()))),
        4 => {
            let other = pick(seeds, random);
            let start = random.random_range(0..=other.len());
            let end = (start + random.random_range(1..=64)).min(other.len());
            bytes.splice(at..at, other[start..end].iter().copied());
        }
        5 => bytes.extend_from_within(at..some.min(bytes.len())),
        _ => bytes.insert(at, value(random)),
    }
}

fn value(random: &mut ChaCha8Rng) -> u8 {
    if random.random() { EDGES[random.random_range(0..EDGES.len())] } else { random.random() }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> ShortError {
    move |source| ShortError::Io { path: path.to_owned(), source }
}
