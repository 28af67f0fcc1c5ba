//! Bugs planted on purpose, to find out whether the attacks on the promises would see them. They are compiled in only
//! with the feature `planted-bugs`, which only the crate of the tests asks for, and sleep until one is woken.

/// A bug that breaks a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// The journal's thread answers without having synced.
    AnswerBeforeSync,
    /// What was done under an idempotency key is not remembered.
    DropIdempotencyEntry,
    /// A hold can be committed at the very microsecond of its deadline.
    ExpiryOffByOne,
    /// A sync that failed counts as one that returned.
    IgnoreSyncError,
    /// Recovery takes records whose chain to the one before is broken.
    SkipChainCheck,
    /// A release is carried out twice where there is enough to release.
    ReleaseTwice,
    /// The last line of a basket is granted without asking its key.
    LoseBasketLine,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::AnswerBeforeSync,
        Self::DropIdempotencyEntry,
        Self::ExpiryOffByOne,
        Self::IgnoreSyncError,
        Self::SkipChainCheck,
        Self::ReleaseTwice,
        Self::LoseBasketLine,
    ];

    /// The bug's name, in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnswerBeforeSync => "answer before the sync",
            Self::DropIdempotencyEntry => "drop the idempotency entry",
            Self::ExpiryOffByOne => "off by one in expiry",
            Self::IgnoreSyncError => "ignore a sync error",
            Self::SkipChainCheck => "skip a chain check",
            Self::ReleaseTwice => "release twice",
            Self::LoseBasketLine => "lose a line of a basket",
        }
    }
}

#[cfg(feature = "planted-bugs")]
mod awake {
    use std::cell::Cell;

    use super::Bug;

    thread_local! {
        static AWAKE: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Wakes a bug for engines that live on this thread (see [`crate::simulation`]); `None` has all of them sleep.
    pub fn wake(bug: Option<Bug>) {
        AWAKE.set(bug);
    }

    pub(crate) fn is_awake(bug: Bug) -> bool {
        AWAKE.get() == Some(bug)
    }
}

#[cfg(feature = "planted-bugs")]
pub(crate) use awake::is_awake;
#[cfg(feature = "planted-bugs")]
pub use awake::wake;

/// No bug is planted here.
#[cfg(not(feature = "planted-bugs"))]
pub(crate) const fn is_awake(_: Bug) -> bool {
    false
}
