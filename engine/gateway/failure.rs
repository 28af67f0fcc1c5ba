//! An answer that is a problem (RFC 9457): what went wrong on the way in, or what the engine refused.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use saldo_protocol::{Code, PROBLEM_CONTENT_TYPE, Problem, ProblemLine};

/// After how many seconds to try again, where nothing happened and a moment's patience is enough.
pub(crate) const RETRY_AFTER_SECONDS: u64 = 1;

/// Why a request is answered with an error. Small, so that results that carry it stay small.
#[derive(Debug)]
pub(crate) struct Failure(Box<Problem>);

impl Failure {
    /// `detail` is a sentence with the figures and what the reader can do.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(code, detail)))
    }

    /// The request cannot be understood, or a value is outside its stated range.
    pub(crate) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Code::Malformed, detail)
    }

    /// A list or hold past a configured limit.
    pub(crate) fn limit_exceeded(detail: impl Into<String>) -> Self {
        Self::new(Code::LimitExceeded, detail)
    }

    /// The same with the lines that failed.
    pub(crate) fn with_lines(self, lines: Vec<ProblemLine>) -> Self {
        Self(Box::new(self.0.with_lines(lines)))
    }

    /// The slug's code.
    pub(crate) fn code(&self) -> Code {
        self.0.code
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // A problem is texts and numbers alone, which JSON can always carry.
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_CONTENT_TYPE));
        if self.0.code == Code::Unauthorized {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.0.code.is_transient() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}
