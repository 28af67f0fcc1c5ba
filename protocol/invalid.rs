//! Why a value does not fit its field: the sentence that a caller reads in the answer's `detail`.

use thiserror::Error;

/// A value that its field does not allow. The text names the field, what is allowed and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidField {
    /// An integer outside the field's range.
    #[error("`{field}` must be a whole number from {min} to {max}, found {found}")]
    OutOfRange {
        /// The field's name in JSON.
        field: &'static str,
        /// The least allowed value.
        min: i64,
        /// The greatest allowed value.
        max: i64,
        /// What was given.
        found: i128,
    },
    /// A zero where a change is asked for.
    #[error("`{field}` must be a whole number from {min} to {max} but not 0, found 0")]
    Zero {
        /// The field's name in JSON.
        field: &'static str,
        /// The least allowed value.
        min: i64,
        /// The greatest allowed value.
        max: i64,
    },
    /// A text that is empty or too long.
    #[error("`{field}` must be 1 to {bytes_max} bytes of UTF-8, found {bytes_found} bytes")]
    Length {
        /// The field's name in JSON.
        field: &'static str,
        /// The greatest allowed length in bytes.
        bytes_max: usize,
        /// The length in bytes that was given.
        bytes_found: usize,
    },
    /// A text with a character that the field does not take.
    #[error("`{field}` must hold {allowed}, found {found:?} at byte {at}")]
    Character {
        /// The field's name in JSON.
        field: &'static str,
        /// What the field takes, in words.
        allowed: &'static str,
        /// The first character that is not allowed.
        found: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// `.` or `..`, which a URL's path cannot carry as a segment.
    #[error(
        "`{field}` must not be {found:?}: a path segment of dots alone is resolved away in a URL"
    )]
    Dots {
        /// The field's name in JSON.
        field: &'static str,
        /// What was given.
        found: Box<str>,
    },
    /// A list without entries where it must have one.
    #[error("`{field}` must have at least 1 entry, found 0")]
    EmptyList {
        /// The field's name in JSON.
        field: &'static str,
    },
    /// A field that has no meaning beside another one.
    #[error("`{field}` is not taken with {beside}")]
    NotTaken {
        /// The field's name in JSON.
        field: &'static str,
        /// The other field and its value, as JSON has them.
        beside: &'static str,
    },
}
