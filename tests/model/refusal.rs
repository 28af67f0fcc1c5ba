//! A refusal as the model tells it.

use saldo_ledger::{RefusalCode, StockKey};

/// Why a call was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct No {
    /// The code that comes first.
    pub code: RefusalCode,
    /// The lines that failed, in key order; empty where it is not about lines.
    pub lines: Vec<NoLine>,
}

/// A line that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoLine {
    /// The key.
    pub key: StockKey,
    /// Why.
    pub code: RefusalCode,
    /// Units asked for.
    pub requested: u64,
    /// Units that there were.
    pub available: i64,
    /// Units that there would have been with those back that are past their deadline: they may come back at any time.
    pub available_swept: i64,
    /// Whether it fell short with those units, too: else the refusal need not name it.
    pub is_certain: bool,
}

impl NoLine {
    /// A line of which nothing is past its deadline.
    #[must_use]
    pub const fn new(key: StockKey, code: RefusalCode, requested: u64, available: i64) -> Self {
        Self { key, code, requested, available, available_swept: available, is_certain: true }
    }
}

impl No {
    /// A refusal that is not about lines.
    #[must_use]
    pub const fn plain(code: RefusalCode) -> Self {
        Self { code, lines: Vec::new() }
    }

    /// A refusal because of lines: the code that comes first is the answer's. None where no line failed.
    #[must_use]
    pub fn of(lines: Vec<NoLine>) -> Option<Self> {
        let code = lines.iter().map(|line| line.code).min()?;
        Some(Self { code, lines })
    }
}
