//! What a run of many lives went through, as figures.

use std::fmt;

use super::audit::Checked;

/// What a run went through in which every promise held.
#[derive(Clone, Copy, Debug, Default)]
pub struct Survived {
    /// Kills, those in the middle of a start included.
    pub kills: u32,
    /// Power cuts.
    pub cuts: u32,
    /// Lives that the engine ended by itself, after a failed sync or without memory.
    pub stops: u32,
    /// Calls that were settled and checked, and reads and refusals among them.
    pub checked: Checked,
    /// Calls that nobody was told of and that were settled by a repeat.
    pub unknown: u64,
    /// Events that the follower was told.
    pub events: u64,
    /// Reservations that were looked up.
    pub looked_up: u64,
    /// The longest start, in milliseconds.
    pub start_ms_max: u128,
}

impl fmt::Display for Survived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills, {} power cuts, {} stops by itself: {} calls ({} reads and refusals) and {} events agree, {} unknown calls \
             settled, {} reservations looked up, longest start {} ms",
            self.kills,
            self.cuts,
            self.stops,
            self.checked.calls,
            self.checked.observations,
            self.events,
            self.unknown,
            self.looked_up,
            self.start_ms_max
        )
    }
}
