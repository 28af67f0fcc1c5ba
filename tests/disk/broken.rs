//! A broken promise, and what was seen of it.

/// The outcome of a check.
pub type Held<T = ()> = Result<T, Broken>;

/// A promise that did not hold.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{promise}: {seen}")]
pub struct Broken {
    /// Its number, as in `docs/promises.md`.
    pub promise: &'static str,
    /// What was seen, and where.
    pub seen: String,
}

impl Broken {
    /// A promise, and what was seen of its breaking.
    pub fn new(promise: &'static str, seen: impl Into<String>) -> Self {
        Self { promise, seen: seen.into() }
    }

    /// The same, with where it was seen.
    #[must_use]
    pub fn at(self, place: impl std::fmt::Display) -> Self {
        Self { seen: format!("{place}: {}", self.seen), ..self }
    }
}
