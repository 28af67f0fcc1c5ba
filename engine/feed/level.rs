//! One level on its way to many readers, put into words once for all of them.

use std::sync::OnceLock;

use saldo_ledger::Level;

/// A level that many connections share. Its text is made by the first that sends it; a level that is overtaken
/// before anyone sent it is never encoded.
#[derive(Debug)]
pub struct SharedLevel {
    level: Level,
    json: OnceLock<Box<str>>,
}

impl SharedLevel {
    /// Takes a level.
    #[must_use]
    pub const fn new(level: Level) -> Self {
        Self { level, json: OnceLock::new() }
    }

    /// The level.
    #[must_use]
    pub const fn level(&self) -> &Level {
        &self.level
    }

    /// The level as JSON; `encode`, the same for every caller, is called once.
    pub fn json(&self, encode: impl FnOnce(&Level) -> String) -> &str {
        self.json.get_or_init(|| encode(&self.level).into_boxed_str())
    }
}
