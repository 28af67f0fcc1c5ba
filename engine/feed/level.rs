//! One level on its way to many readers, put into words once for all of them.

use std::sync::OnceLock;

use saldo_ledger::Level;

use super::view::Band;

/// In how many ways a level or an event can be put into words: each view in each form.
pub const WORDINGS: usize = 6;

/// A level that many connections share. Its words are made by the first that sends them; a level that is
/// overtaken before anyone sent it is never encoded.
#[derive(Debug)]
pub struct SharedLevel {
    level: Level,
    band: Band,
    words: [OnceLock<Box<[u8]>>; WORDINGS],
}

impl SharedLevel {
    /// Takes a level.
    #[must_use]
    pub const fn new(level: Level, band: Band) -> Self {
        Self { level, band, words: [const { OnceLock::new() }; WORDINGS] }
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> &Level {
        &self.level
    }

    /// Its band.
    #[must_use]
    pub const fn band(&self) -> Band {
        self.band
    }

    /// The level in the words of this number; `encode`, the same for every caller with this number, is called
    /// once.
    pub fn words(&self, wording: usize, encode: impl FnOnce(&Level, Band) -> Vec<u8>) -> &[u8] {
        self.words[wording].get_or_init(|| encode(&self.level, self.band).into_boxed_slice())
    }
}
