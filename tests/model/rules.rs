//! The settings that the rules speak of.

/// Limits and lengths of time, in the settings' units.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// A hold's length where the call names none, in seconds.
    pub hold_seconds_default: u32,
    /// The longest hold that a call may name, in seconds.
    pub hold_seconds_max: u32,
    /// The longest life of a hold from its reservation's first reserve, in seconds.
    pub hold_lifetime_seconds_max: u64,
    /// What holds granted before a start keep at least from then, in seconds.
    pub restart_grace_seconds: u64,
    /// How long an idempotency key is remembered, in seconds.
    pub idempotency_window_seconds: u64,
    /// How long a closed reservation is found, in hours.
    pub reservation_kept_hours: u64,
    /// How long one with fulfilled units is found, in days.
    pub returns_kept_days: u64,
    /// Most lines of one reservation.
    pub lines_max: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            hold_seconds_default: 900,
            hold_seconds_max: 604_800,
            hold_lifetime_seconds_max: 2_592_000,
            restart_grace_seconds: 60,
            idempotency_window_seconds: 86_400,
            reservation_kept_hours: 48,
            returns_kept_days: 400,
            lines_max: 1_000,
        }
    }
}

/// Microseconds in a second.
pub const SECOND_US: u64 = 1_000_000;
