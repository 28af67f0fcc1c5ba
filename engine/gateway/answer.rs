//! Answers that are no problems: one serialisation into one buffer, and the header that marks a repeat.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use saldo_protocol::{Code, IDEMPOTENT_REPLAYED_HEADER};
use serde::Serialize;

use super::failure::Failure;

/// First capacity of an answer's buffer in bytes: a level or a reservation of one line fits.
const ANSWER_BYTES: usize = 512;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const REPLAYED: HeaderName = HeaderName::from_static(IDEMPOTENT_REPLAYED_HEADER);

/// A JSON answer.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Result<Response, Failure> {
    let mut body = Vec::with_capacity(ANSWER_BYTES);
    serde_json::to_writer(&mut body, value).map_err(|error| {
        Failure::new(
            Code::OutcomeUnknown,
            format!(
                "the answer cannot be written as JSON ({error}): read the state before trying again"
            ),
        )
    })?;
    Ok(typed(status, JSON, Bytes::from(body)))
}

/// An answer of any media type.
pub(crate) fn typed(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}

/// The same answer, marked where the call was a repeat.
pub(crate) fn marked(mut response: Response, replayed: bool) -> Response {
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// The engine's outcome is of another kind than the call's. No call is known to lead here.
pub(crate) fn unfit(expected: &str) -> Failure {
    Failure::new(
        Code::OutcomeUnknown,
        format!(
            "the engine answered with something other than {expected}: read the state before trying again"
        ),
    )
}
