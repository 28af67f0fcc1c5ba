//! What became of an operation, as far as the client was told.

use saldo_protocol::Code;

/// Stands for a balance that was not told.
pub const NOT_TOLD: i64 = i64::MIN;

/// How an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Carried out, and acknowledged.
    Done,
    /// Carried out before, under the same name, and told again.
    Replayed,
    /// Refused: nothing happened.
    Refused(Code),
    /// No answer, or `outcome_unknown`: it may or may not have happened.
    Unknown,
}

impl Verdict {
    /// Whether the operation was carried out.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Done | Self::Replayed)
    }

    /// Whether there was not enough stock for it.
    #[must_use]
    pub const fn is_sold_out(self) -> bool {
        matches!(self, Self::Refused(Code::InsufficientStock))
    }
}

/// What a client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub verdict: Verdict,
    /// The key's version after it, or as read; 0 where it was not told.
    pub version: u64,
    /// What the key has available after it, or as read, or as the refusal says; [`NOT_TOLD`] where it was not told.
    pub available: i64,
}

impl Outcome {
    /// A verdict and nothing more.
    #[must_use]
    pub const fn plain(verdict: Verdict) -> Self {
        Self { verdict, version: 0, available: NOT_TOLD }
    }

    /// A refusal without a figure.
    #[must_use]
    pub const fn refused(code: Code) -> Self {
        Self::plain(Verdict::Refused(code))
    }
}
