//! A broken promise, and what was seen of it.

use std::fmt;

/// The outcome of a check.
pub type Held<T = ()> = Result<T, Broken>;

/// A promise that did not hold.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Its number, as in `docs/promises.md`.
    pub promise: &'static str,
    /// What was seen.
    pub seen: String,
}

impl Broken {
    /// What was seen of a promise's breaking.
    pub fn new(promise: &'static str, seen: impl Into<String>) -> Self {
        Self { promise, seen: seen.into() }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.seen)
    }
}

impl std::error::Error for Broken {}
