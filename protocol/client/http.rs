//! The HTTP client itself: pooled connections, one attempt, and the loop of attempts around it.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::path::Target;
use super::retry::Attempts;
use super::{Answer, ClientConfig, ClientError, Probe};
use crate::{IDEMPOTENCY_KEY_HEADER, IDEMPOTENT_REPLAYED_HEADER, IdempotencyKey, Problem};

/// A client of one engine over HTTP/1.1. Clones share its connections.
///
/// A method takes the path's and body's values, and for a change the idempotency key; without one it makes its
/// own (UUID version 7), good for the attempts of that call.
#[derive(Clone, Debug)]
pub struct Client {
    config: ClientConfig,
    authorization: Option<HeaderValue>,
    connections: legacy::Client<HttpConnector, Full<Bytes>>,
}

/// A request that can be sent as often as need be.
pub(super) struct Call {
    method: Method,
    target: Target,
    key: Option<IdempotencyKey>,
    body: Option<Bytes>,
}

struct RawAnswer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    pub(super) fn get(target: Target) -> Self {
        Self { method: Method::GET, target, key: None, body: None }
    }

    /// A POST that changes nothing.
    pub(super) fn query(target: Target, body: &impl Serialize) -> Result<Self, ClientError> {
        Ok(Self { method: Method::POST, target, key: None, body: Some(json(body)?) })
    }

    /// A change under the caller's key, or under a new one.
    pub(super) fn change(
        method: Method,
        target: Target,
        body: &impl Serialize,
        key: Option<&str>,
    ) -> Result<Self, ClientError> {
        let key = match key {
            Some(key) => IdempotencyKey::new(key)?,
            None => IdempotencyKey::new(Uuid::now_v7().to_string())?,
        };
        Ok(Self { method, target, key: Some(key), body: Some(json(body)?) })
    }

    pub(super) fn post(
        target: Target,
        body: &impl Serialize,
        key: Option<&str>,
    ) -> Result<Self, ClientError> {
        Self::change(Method::POST, target, body, key)
    }
}

impl Client {
    /// A client; it connects when it is first used. Must be used within a tokio runtime with time and IO.
    ///
    /// # Errors
    /// [`ClientError::Settings`] when the address or the token cannot stand in a request.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        base_authority(&config.base_url)?;
        let authorization = config.token.as_deref().map(bearer).transpose()?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(config.connect_timeout));
        let connections = legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(config.idle_connections_max)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { config, authorization, connections })
    }

    /// The settings that it was made with.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// Sends the call until it has an outcome, and reads the answer's JSON.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        call: Call,
    ) -> Result<Answer<T>, ClientError> {
        let raw = self.send_raw(&call).await?;
        let value = serde_json::from_slice(&raw.body).map_err(|error| {
            let status = raw.status.as_u16();
            ClientError::Unexpected { status, reason: error.to_string() }
        })?;
        let replayed = raw.headers.get(IDEMPOTENT_REPLAYED_HEADER).is_some_and(|v| v == "true");
        Ok(Answer { value, replayed })
    }

    /// The same for an answer that is text.
    pub(super) async fn send_text(&self, call: Call) -> Result<String, ClientError> {
        let raw = self.send_raw(&call).await?;
        Ok(String::from_utf8_lossy(&raw.body).into_owned())
    }

    /// One attempt whose status, whatever it is, is the answer.
    pub(super) async fn probe(&self, path: &str) -> Result<Probe, ClientError> {
        let raw = self.attempt(&Call::get(Target::new(path))).await?;
        let body = String::from_utf8_lossy(&raw.body).into_owned();
        Ok(Probe { ok: raw.status == StatusCode::OK, body })
    }

    async fn send_raw(&self, call: &Call) -> Result<RawAnswer, ClientError> {
        let mut attempts = Attempts::new(&self.config.retry);
        loop {
            match self.attempt(call).await.and_then(carried_out) {
                Ok(raw) => return Ok(raw),
                Err(error) => attempts.after(error).await?,
            }
        }
    }

    async fn attempt(&self, call: &Call) -> Result<RawAnswer, ClientError> {
        let after = self.config.attempt_timeout;
        let exchange = self.exchange(self.request(call)?);
        tokio::time::timeout(after, exchange).await.map_err(|_| ClientError::Timeout { after })?
    }

    async fn exchange(&self, request: Request<Full<Bytes>>) -> Result<RawAnswer, ClientError> {
        let answer = self.connections.request(request).await.map_err(|error| transport(&error))?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, self.config.answer_bytes_max)
            .collect()
            .await
            .map_err(|error| transport(error.as_ref()))?
            .to_bytes();
        Ok(RawAnswer { status: parts.status, headers: parts.headers, body })
    }

    fn request(&self, call: &Call) -> Result<Request<Full<Bytes>>, ClientError> {
        let base = self.config.base_url.trim_end_matches('/');
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(format!("{base}{}", call.target.as_str()))
            .header(ACCEPT, "application/json");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(key) = &call.key {
            request = request.header(IDEMPOTENCY_KEY_HEADER, key.as_str());
        }
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = Full::new(call.body.clone().unwrap_or_default());
        request.body(body).map_err(|error| ClientError::Settings { reason: error.to_string() })
    }
}

/// `host:port` of a base URL.
pub(super) fn base_authority(base_url: &str) -> Result<String, ClientError> {
    let fault = |reason: &str| ClientError::Settings {
        reason: format!("`base_url` must be http://host:port, found {base_url:?}: {reason}"),
    };
    let uri: Uri = base_url.parse().map_err(|_| fault("it is not a URL"))?;
    if uri.scheme_str() != Some("http") {
        return Err(fault("only http is spoken"));
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err(fault("it must end with the port"));
    }
    let host = uri.host().ok_or_else(|| fault("it has no host"))?;
    Ok(format!("{host}:{}", uri.port_u16().unwrap_or(80)))
}

/// The value of an `Authorization` header.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, ClientError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        ClientError::Settings { reason: "`token` must be visible ASCII characters".to_owned() }
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn json(body: &impl Serialize) -> Result<Bytes, ClientError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| ClientError::Settings { reason: error.to_string() })
}

/// The answer of a call that was carried out, or the problem that it tells.
fn carried_out(raw: RawAnswer) -> Result<RawAnswer, ClientError> {
    if raw.status.is_success() {
        return Ok(raw);
    }
    let problem: Problem = serde_json::from_slice(&raw.body).map_err(|error| {
        ClientError::Unexpected { status: raw.status.as_u16(), reason: error.to_string() }
    })?;
    let retry_after = raw.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
    let retry_after = retry_after.map(Duration::from_secs);
    Err(ClientError::Refused { problem: Box::new(problem), retry_after })
}

/// A transport error with its causes: hyper's own text leaves them out.
fn transport(error: &(dyn std::error::Error + 'static)) -> ClientError {
    let mut reason = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        reason.push_str(": ");
        reason.push_str(&error.to_string());
        cause = error.source();
    }
    ClientError::Transport { reason }
}
