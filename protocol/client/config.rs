//! Where the engine is, and how patient the client is.

use std::time::Duration;

use super::{FeedForm, ReconnectPolicy, RetryPolicy};

/// Settings of a client; every one has a default but the engine's address.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientConfig {
    /// `http://host:port`, nothing behind it.
    pub base_url: String,
    /// The bearer token, where the engine asks for one.
    pub token: Option<String>,
    /// How long one attempt may take, from the first byte sent to the last one read. 10 s.
    pub attempt_timeout: Duration,
    /// How long a connection may take to stand. 3 s.
    pub connect_timeout: Duration,
    /// How many idle connections are kept for the next call. 64.
    pub idle_connections_max: usize,
    /// The largest answer that is read, in bytes. 64 MiB.
    pub answer_bytes_max: usize,
    /// How many frames of commands may be in flight on one feed connection; further ones wait. 1,024.
    pub frames_in_flight_max: usize,
    /// When a call is sent again.
    pub retry: RetryPolicy,
    /// How the feed's frames are written. JSON.
    pub form: FeedForm,
    /// How a followed feed is kept up.
    pub reconnect: ReconnectPolicy,
}

impl ClientConfig {
    /// The defaults, for the engine at this address.
    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            token: None,
            attempt_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            idle_connections_max: 64,
            answer_bytes_max: 64 << 20,
            frames_in_flight_max: 1024,
            retry: RetryPolicy::default(),
            form: FeedForm::default(),
            reconnect: ReconnectPolicy::default(),
        }
    }
}

impl std::fmt::Debug for ClientConfig {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientConfig")
            .field("base_url", &self.base_url)
            .field("token", &self.token.as_ref().map(|_| "(kept back)"))
            .field("attempt_timeout", &self.attempt_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_connections_max", &self.idle_connections_max)
            .field("answer_bytes_max", &self.answer_bytes_max)
            .field("frames_in_flight_max", &self.frames_in_flight_max)
            .field("retry", &self.retry)
            .field("form", &self.form)
            .field("reconnect", &self.reconnect)
            .finish()
    }
}
