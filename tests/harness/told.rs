//! An answer of the engine, and what a test may expect of it.

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use saldo_protocol::PROBLEM_CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Told {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
}

impl Told {
    /// The body as JSON; null where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The body as text, for messages.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header's value; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether this answers a repeat.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.header("idempotent-replayed") == "true"
    }

    /// The slug of a problem; empty where the body is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The body of an answer with this status.
    ///
    /// # Panics
    /// Where the status is another one, or the body does not read as `T`.
    #[track_caller]
    pub fn with_status<T: DeserializeOwned>(&self, status: u16) -> T {
        assert_eq!(self.status, status, "{}", self.text());
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in {}", self.text()),
        }
    }

    /// The body of an answer with status 200.
    ///
    /// # Panics
    /// Where the status is another one, or the body does not read as `T`.
    #[track_caller]
    pub fn ok<T: DeserializeOwned>(&self) -> T {
        self.with_status(200)
    }

    /// The body of a problem (RFC 9457) with this status and code.
    ///
    /// # Panics
    /// Where this is anything else.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(
            (self.status, problem["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text()
        );
        assert_eq!(self.header(CONTENT_TYPE.as_str()), PROBLEM_CONTENT_TYPE);
        assert_eq!(problem["status"], status);
        assert_eq!(problem["type"], format!("urn:saldo:problem:{code}"));
        for field in ["title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }
}
