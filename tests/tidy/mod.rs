//! The house rules as code: what `ARCHITECTURE.md` and `CONTRIBUTING.md` ban, this refuses.
//! Each rule looks at the repository's files as text; nothing is compiled or run.

mod documents;
mod layers;
mod shape;
mod source;
mod tree;

#[cfg(test)]
mod tests;

use std::{fmt, io, path::Path};

pub use source::File;

/// A place where a rule does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The file, relative to the repository's root.
    pub path: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong, and what to do instead.
    pub rule: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, rule } = self;
        match line {
            0 => write!(f, "{path}: {rule}"),
            _ => write!(f, "{path}:{line}: {rule}"),
        }
    }
}

/// Checks all files of a repository that are, or could be, committed.
///
/// # Errors
/// When the files cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Violation>> {
    Ok(check_files(&tree::read(root)?))
}

/// Checks files as if they were the whole repository. In order of path and line.
pub fn check_files(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files {
        shape::check(file, &mut found);
        layers::check(file, &mut found);
        documents::check(file, files, &mut found);
    }
    found.sort();
    found
}
