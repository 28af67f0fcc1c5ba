//! The body of every error answer: a problem of RFC 9457 with the engine's `code` and the lines that failed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::Code;

/// The media type of a [`Problem`].
pub const PROBLEM_CONTENT_TYPE: &str = "application/problem+json";

/// What was refused or went wrong, and why (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(example = json!({
    "type": "urn:saldo:problem:insufficient_stock", "title": "Not enough stock", "status": 409,
    "detail": "1 of 2 lines fell short", "code": "insufficient_stock",
    "lines": [{"sku": "TEE-BLACK-M", "location": "OSLO-1", "code": "insufficient_stock",
        "requested": 3, "available": 1}]
})))]
pub struct Problem {
    /// `urn:saldo:problem:` and the code.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub problem_type: Cow<'static, str>,
    /// The code in words, the same for every occurrence.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub title: Cow<'static, str>,
    /// The HTTP status.
    #[cfg_attr(feature = "schema", schema(minimum = 400, maximum = 599))]
    pub status: u16,
    /// This occurrence in a sentence, for people; programs go by `code`.
    pub detail: String,
    /// The slug.
    pub code: Code,
    /// Only the lines that failed, sums per key; left out where the problem is none of lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<ProblemLine>,
}

/// A line that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProblemLine {
    /// What was asked for.
    pub sku: String,
    /// Where.
    pub location: String,
    /// Why this line failed.
    pub code: Code,
    /// Units asked for, all lines of the key together.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 9007199254740991_i64))]
    pub requested: u64,
    /// Units that the call could have had: `available` for a reserve or sale, else what is held, committed or
    /// fulfilled; 0 for an unknown key.
    pub available: i64,
}

impl Problem {
    /// A problem of this code; `detail` is a sentence with the figures and what the reader can do.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            problem_type: Cow::Owned(format!("urn:saldo:problem:{}", code.slug())),
            title: Cow::Borrowed(code.title()),
            status: code.status(),
            detail: detail.into(),
            code,
            lines: Vec::new(),
        }
    }

    /// The same with the lines that failed.
    #[must_use]
    pub fn with_lines(mut self, lines: Vec<ProblemLine>) -> Self {
        self.lines = lines;
        self
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.detail)
    }
}
