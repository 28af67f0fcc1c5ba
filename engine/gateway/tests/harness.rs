//! A gateway without a socket, on an engine of its own, and what it answers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tokio::sync::watch;

use crate::config::Settings;
use crate::gateway::Gateway;
use crate::gateway::service::Service;
use crate::testing;

/// This machine, from which all requests come.
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Where the gateway is said to listen.
const LISTENING: SocketAddr = SocketAddr::new(PEER, 7_700);

/// A gateway to ask.
pub(super) struct Harness {
    service: Service,
}

/// What it answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answered {
    /// The body as JSON; null where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Harness {
    pub(super) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(super) fn with(settings: Settings) -> Self {
        let (_stop, stopping) = watch::channel(false);
        let settings = Arc::new(settings);
        let engine = testing::engine(&settings);
        let gateway = Gateway::new(engine, settings, LISTENING, stopping.clone(), stopping);
        Self { service: Service::new(Arc::new(gateway)) }
    }

    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &[u8])],
        body: &[u8],
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(Bytes::copy_from_slice(body));
        let response = self.service.answer(PEER, request.body(body).unwrap()).await;
        let (parts, body) = response.into_parts();
        Answered {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await.unwrap().to_bytes(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.send("GET", path, &[], b"").await
    }

    /// Sends JSON.
    pub(super) async fn post(&self, path: &str, body: &str) -> Answered {
        self.send("POST", path, &[JSON], body.as_bytes()).await
    }

    /// The same under an idempotency key.
    pub(super) async fn post_once(&self, path: &str, key: &str, body: &str) -> Answered {
        let headers = [JSON, ("idempotency-key", key.as_bytes())];
        self.send("POST", path, &headers, body.as_bytes()).await
    }
}

pub(super) const JSON: (&str, &[u8]) = ("content-type", b"application/json");
