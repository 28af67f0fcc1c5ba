//! Harm to the store's files: deleted, cut short, a bit flipped. It may cost time, never a promise.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rand::RngExt as _;
use rand::rngs::ChaCha8Rng;

/// Harms one file of the store, or deletes all of it: 0 deletes, 1 cuts, anything else flips bits.
///
/// # Errors
/// Why the files cannot be harmed.
pub fn harm_store(store: &Path, how: u32, random: &mut ChaCha8Rng) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} cannot be harmed: {error}", store.display());
    if how == 0 {
        return fs::remove_dir_all(store).map_err(failed);
    }
    let mut files = Vec::new();
    files_below(store, &mut files).map_err(failed)?;
    files.retain(|path| fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0));
    files.sort();
    if files.is_empty() {
        return Ok(());
    }
    let path = &files[random.random_range(0..files.len())];
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    if how == 1 {
        return file.set_len(random.random_range(0..bytes)).map_err(failed);
    }
    for _ in 0..random.random_range(1..=8) {
        let (at, bit) = (random.random_range(0..bytes), random.random_range(0..8));
        let mut byte = [0];
        file.seek(SeekFrom::Start(at)).map_err(failed)?;
        file.read_exact(&mut byte).map_err(failed)?;
        byte[0] ^= 1_u8 << bit;
        file.seek(SeekFrom::Start(at)).map_err(failed)?;
        file.write_all(&byte).map_err(failed)?;
    }
    Ok(())
}

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { files_below(&path, found)? } else { found.push(path) }
    }
    Ok(())
}
