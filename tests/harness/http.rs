//! HTTP as a test wants it: any method, path, header and body, and the answer whatever it is.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Builder;
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;

use crate::Told;
use crate::harness::wait::DEADLINE;

/// A client that sends each request once. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Http {
    base: String,
    client: Client<HttpConnector, Full<Bytes>>,
}

impl Http {
    /// A client of the engine at `http://ADDRESS:PORT`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Self { base: base.to_owned(), client }
    }

    /// A request to a path, to be completed and given to [`Http::send`].
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> Builder {
        Request::builder().method(method).uri(format!("{}{path}", self.base))
    }

    /// Sends a request, once.
    ///
    /// # Errors
    /// Where there was no whole answer: the engine may have carried it out.
    ///
    /// # Panics
    /// Where the request is none that can be sent.
    pub async fn try_send(&self, request: Builder, body: impl Into<Bytes>) -> Result<Told, String> {
        let request = request.body(Full::new(body.into())).expect("a request that can be sent");
        let exchange = async {
            let answer =
                self.client.request(request).await.map_err(|error| format!("{error:?}"))?;
            let (parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(|error| format!("{error:?}"))?.to_bytes();
            Ok(Told { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        tokio::time::timeout(DEADLINE, exchange).await.map_err(|_| "no answer".to_owned())?
    }

    /// Sends a request, once.
    ///
    /// # Panics
    /// Where there is no answer.
    pub async fn send(&self, request: Builder, body: impl Into<Bytes>) -> Told {
        match self.try_send(request, body).await {
            Ok(told) => told,
            Err(error) => panic!("no answer: {error}"),
        }
    }

    /// `GET`.
    pub async fn get(&self, path: &str) -> Told {
        self.send(self.request(Method::GET, path), Bytes::new()).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> Told {
        self.send(self.json_request(Method::POST, path), body.to_string()).await
    }

    /// `PUT` of a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> Told {
        self.send(self.json_request(Method::PUT, path), body.to_string()).await
    }

    /// `POST` of a JSON body under an idempotency key.
    pub async fn post_once(&self, key: &str, path: &str, body: Value) -> Told {
        let request = self.json_request(Method::POST, path).header("idempotency-key", key);
        self.send(request, body.to_string()).await
    }

    /// The same where the engine may be gone.
    ///
    /// # Errors
    /// Where there was no whole answer: the engine may have carried it out.
    pub async fn try_post_once(&self, key: &str, path: &str, body: &Value) -> Result<Told, String> {
        let request = self.json_request(Method::POST, path).header("idempotency-key", key);
        self.try_send(request, body.to_string()).await
    }

    /// `POST` of bytes that are said to be JSON.
    pub async fn post_bytes(&self, path: &str, body: impl Into<Bytes>) -> Told {
        self.send(self.json_request(Method::POST, path), body).await
    }

    /// `POST` without a body.
    pub async fn post_nothing(&self, path: &str) -> Told {
        self.send(self.request(Method::POST, path), Bytes::new()).await
    }

    fn json_request(&self, method: Method, path: &str) -> Builder {
        self.request(method, path).header(CONTENT_TYPE, "application/json")
    }
}
