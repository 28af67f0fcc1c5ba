//! What a call gives back beside its value.

/// The value of a call that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// What the engine told.
    pub value: T,
    /// Whether the call is a repeat of one that was carried out before (`Idempotent-Replayed`): ids and granted
    /// quantities are those of the first, states and balances are as they are now.
    pub replayed: bool,
}

/// What a probe (`/livez`, `/readyz`) tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Whether the status was 200.
    pub ok: bool,
    /// The body: when not ok, it says why.
    pub body: String,
}
