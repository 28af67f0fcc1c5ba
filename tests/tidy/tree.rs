//! Finds the repository's files: what git knows or would take in, or, without git, the tree without what is built.

use std::{
    fs, io,
    path::Path,
    process::{Command, Stdio},
};

use super::File;

/// Folders that are never part of the repository, for a tree without git.
const SKIPPED: [&str; 5] = ["target", "data", ".git", "node_modules", "build"];

/// All text files under `root`; what is not UTF-8 is no text and is left out.
pub fn read(root: &Path) -> io::Result<Vec<File>> {
    let mut paths = match by_git(root) {
        Some(paths) => paths,
        None => {
            let mut paths = Vec::new();
            by_walking(root, "", &mut paths)?;
            paths
        }
    };
    paths.sort_unstable();
    paths.dedup();
    let mut files = Vec::new();
    for path in paths {
        let full = root.join(&path);
        // A file may be known to git and deleted, or be a link to nowhere.
        if full.is_file()
            && let Ok(text) = String::from_utf8(fs::read(full)?)
        {
            files.push(File::new(path, text));
        }
    }
    Ok(files)
}

fn by_git(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").exists() {
        return None;
    }
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split_terminator('\0').map(str::to_owned).collect())
}

fn by_walking(root: &Path, folder: &str, paths: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if entry.file_type()?.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                by_walking(root, &path, paths)?;
            }
        } else {
            paths.push(path);
        }
    }
    Ok(())
}
