//! Every refusal and error that a caller can meet: its slug, number, HTTP status and title, in one table.
//! Variants stand in order of precedence; where several apply, the first one is the answer's.

use serde::{Deserialize, Serialize};

/// A refusal or error, in order of precedence: the first that applies is the answer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Not what the call takes: not JSON, an unknown or missing field, a value outside its stated range.
    Malformed,
    /// No token, or one that is not known.
    Unauthorized,
    /// The token's role, or the page's `Origin`, does not allow this.
    Forbidden,
    /// A list, a hold or a balance past a configured limit.
    LimitExceeded,
    /// The idempotency key or the reservation's id was used for something else.
    IdempotencyKeyReused,
    /// There is no stock record of this SKU at this location.
    UnknownStock,
    /// There is no reservation of this id, or it is no longer kept.
    UnknownReservation,
    /// The version lies in the future, or further back than the journal reaches.
    VersionMismatch,
    /// The hold's deadline has passed.
    ReservationExpired,
    /// Nothing of the reservation is held or committed any more.
    ReservationClosed,
    /// More units than are held.
    QuantityExceedsHeld,
    /// More units than are committed.
    QuantityExceedsCommitted,
    /// More units than were fulfilled and not yet returned.
    QuantityExceedsFulfilled,
    /// The customer has as many open holds as one may have.
    HoldLimit,
    /// Fewer units can be promised than were asked for.
    InsufficientStock,
    /// More is in flight than the engine admits. Nothing happened.
    Overloaded,
    /// The engine takes no changes at present, for want of disk space. Nothing happened.
    ReadOnly,
    /// The engine is starting, stopping or recovering this key. Nothing happened.
    NotReady,
    /// There is no such route.
    NotFound,
    /// The route does not take this method.
    MethodNotAllowed,
    /// The body is larger than the engine takes.
    PayloadTooLarge,
    /// The body is said to be something other than `application/json`.
    UnsupportedMediaType,
    /// The change may or may not have happened.
    OutcomeUnknown,
}

impl Code {
    /// All codes, in order of precedence. Those from `not_found` on stand alone: they never compete.
    pub const ALL: [Self; 23] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::LimitExceeded,
        Self::IdempotencyKeyReused,
        Self::UnknownStock,
        Self::UnknownReservation,
        Self::VersionMismatch,
        Self::ReservationExpired,
        Self::ReservationClosed,
        Self::QuantityExceedsHeld,
        Self::QuantityExceedsCommitted,
        Self::QuantityExceedsFulfilled,
        Self::HoldLimit,
        Self::InsufficientStock,
        Self::Overloaded,
        Self::ReadOnly,
        Self::NotReady,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::OutcomeUnknown,
    ];

    /// Slug, number, HTTP status, title. A number is never changed and never given to another code.
    const fn row(self) -> (&'static str, u16, u16, &'static str) {
        match self {
            Self::Malformed => ("malformed", 1, 400, "The request is malformed"),
            Self::Unauthorized => ("unauthorized", 2, 401, "A valid token is needed"),
            Self::Forbidden => ("forbidden", 3, 403, "This is not allowed"),
            Self::LimitExceeded => ("limit_exceeded", 4, 422, "A configured limit is exceeded"),
            Self::IdempotencyKeyReused => {
                ("idempotency_key_reused", 5, 422, "The key was used for another request")
            }
            Self::UnknownStock => ("unknown_stock", 6, 404, "No such stock"),
            Self::UnknownReservation => ("unknown_reservation", 7, 404, "No such reservation"),
            Self::VersionMismatch => ("version_mismatch", 8, 412, "The version cannot be used"),
            Self::ReservationExpired => ("reservation_expired", 9, 410, "The hold has expired"),
            Self::ReservationClosed => ("reservation_closed", 10, 409, "The reservation is closed"),
            Self::QuantityExceedsHeld => ("quantity_exceeds_held", 11, 409, "More than is held"),
            Self::QuantityExceedsCommitted => {
                ("quantity_exceeds_committed", 12, 409, "More than is committed")
            }
            Self::QuantityExceedsFulfilled => {
                ("quantity_exceeds_fulfilled", 13, 409, "More than was fulfilled")
            }
            Self::HoldLimit => ("hold_limit", 14, 429, "Too many open holds"),
            Self::InsufficientStock => ("insufficient_stock", 15, 409, "Not enough stock"),
            Self::Overloaded => ("overloaded", 16, 503, "The engine is overloaded"),
            Self::ReadOnly => ("read_only", 17, 503, "The engine takes no changes"),
            Self::NotReady => ("not_ready", 18, 503, "The engine is not ready"),
            Self::NotFound => ("not_found", 19, 404, "No such route"),
            Self::MethodNotAllowed => ("method_not_allowed", 20, 405, "Method not allowed"),
            Self::PayloadTooLarge => ("payload_too_large", 21, 413, "The body is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", 22, 415, "The body must be application/json")
            }
            Self::OutcomeUnknown => ("outcome_unknown", 23, 500, "The outcome is unknown"),
        }
    }

    /// The name that JSON carries.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.row().0
    }

    /// The number for forms that carry numbers; never reused.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.row().1
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().2
    }

    /// The problem's title, the same for every occurrence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().3
    }

    /// The code of a slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.slug() == slug)
    }

    /// The code of a number.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.number() == number)
    }

    /// Whether nothing happened and the same request may well succeed a little later.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        match self {
            Self::Overloaded | Self::ReadOnly | Self::NotReady => true,
            Self::Malformed
            | Self::Unauthorized
            | Self::Forbidden
            | Self::LimitExceeded
            | Self::IdempotencyKeyReused
            | Self::UnknownStock
            | Self::UnknownReservation
            | Self::VersionMismatch
            | Self::ReservationExpired
            | Self::ReservationClosed
            | Self::QuantityExceedsHeld
            | Self::QuantityExceedsCommitted
            | Self::QuantityExceedsFulfilled
            | Self::HoldLimit
            | Self::InsufficientStock
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::PayloadTooLarge
            | Self::UnsupportedMediaType
            | Self::OutcomeUnknown => false,
        }
    }

    /// Whether to send the same request again, with the same key: it is transient, or its outcome is unknown.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        self.is_transient() || matches!(self, Self::OutcomeUnknown)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.slug())
    }
}
