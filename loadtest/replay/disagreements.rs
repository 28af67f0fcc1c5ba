//! What does not agree: all of it counted, the first of it in words.

use serde::Serialize;

/// How many are kept in words; one fault in an engine can show in every answer.
const SHOWN_MAX: usize = 20;

/// A count and the first sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Disagreements {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub shown: Vec<String>,
}

impl Disagreements {
    /// Counts one more.
    pub fn add(&mut self, sentence: impl Into<String>) {
        self.count += 1;
        if self.shown.len() < SHOWN_MAX {
            self.shown.push(sentence.into());
        }
    }

    /// Puts those of another part behind these.
    pub fn append(&mut self, other: Self) {
        self.count += other.count;
        let room = SHOWN_MAX.saturating_sub(self.shown.len());
        self.shown.extend(other.shown.into_iter().take(room));
    }
}
