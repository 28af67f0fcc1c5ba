//! What an acknowledgement of a store is worth: set the same for every store that is set side by side.

/// What an acknowledgement survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guarantee {
    /// The loss of power: an answer waits for the sync.
    #[default]
    PowerLoss,
    /// The end of the process, and no more: what the last moments acknowledged may be gone after a loss of power.
    Relaxed,
}
