//! From the bytes of a request's body or frame to its type: JSON in UTF-8, an object, nothing behind it.

use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::object::Object;

/// Why a body is `malformed`; the text is fit for the problem's `detail`.
#[derive(Debug, Error)]
pub enum MalformedBody {
    /// Bytes that are not UTF-8.
    #[error("the body must be JSON in UTF-8; byte {at} begins no UTF-8 character")]
    NotUtf8 {
        /// The offset of the first wrong byte.
        at: usize,
    },
    /// No JSON, or a field that the call does not take.
    #[error("the body cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

/// Reads a request's body, or a frame of the feed. An empty one is read as `{}`, so that it fits where every field is optional.
///
/// # Errors
/// [`MalformedBody`], whose text names the field, what is allowed and what was found.
pub fn parse_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, MalformedBody> {
    let text =
        str::from_utf8(body).map_err(|error| MalformedBody::NotUtf8 { at: error.valid_up_to() })?;
    let text = if text.trim_ascii().is_empty() { "{}" } else { text };
    let Object(body) = serde_json::from_str(text)?;
    Ok(body)
}
