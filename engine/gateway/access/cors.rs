//! What answers say to browsers (the Fetch standard's CORS protocol): which pages may read them, and which
//! requests pages may send. No cookies are in play: a page sends its token itself.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

/// Headers that a page may send.
const ALLOW_HEADERS: HeaderValue =
    HeaderValue::from_static("authorization, content-type, idempotency-key, last-event-id");
/// Headers of an answer that a page may read, besides those that it always may.
const EXPOSE_HEADERS: HeaderValue =
    HeaderValue::from_static("idempotent-replayed, retry-after, www-authenticate, allow");
/// How long a browser may remember a preflight's answer, in seconds: as long as any browser does.
const MAX_AGE_SECONDS: HeaderValue = HeaderValue::from_static("7200");
/// Answers differ by who asks, so no cache may give one page's answer to another.
const VARY: HeaderValue = HeaderValue::from_static("origin");

/// What the answer to a page's request says.
#[derive(Debug)]
pub(crate) struct Cors {
    /// The page's origin, where it may call.
    pub(super) allowed: Option<HeaderValue>,
}

impl Cors {
    /// Marks the answer for the browser.
    pub(crate) fn mark(self, headers: &mut HeaderMap) {
        headers.insert(header::VARY, VARY);
        if let Some(origin) = self.allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
        }
    }
}

/// The answer to OPTIONS: which methods the path takes, and to a page that may call what it may send. Told to anyone:
/// a browser asks without credentials.
pub(crate) fn preflight(methods: &HeaderValue, cors: Option<Cors>) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, methods.clone());
    if let Some(Cors { allowed }) = cors {
        headers.insert(header::VARY, VARY);
        if let Some(origin) = allowed {
            let told: [(HeaderName, HeaderValue); 4] = [
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, origin),
                (header::ACCESS_CONTROL_ALLOW_METHODS, methods.clone()),
                (header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS),
                (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS),
            ];
            headers.extend(told);
        }
    }
    response
}
