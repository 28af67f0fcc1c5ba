//! A client with one connection that it keeps: a pool would open another one where the first is free a moment too late,
//! and where the engine takes no more connections that one is never answered.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::{Told, within};

/// A connection.
#[derive(Debug)]
pub struct Kept {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

impl Kept {
    /// Connects to `http://ADDRESS:PORT`.
    ///
    /// # Errors
    /// Why there is no connection.
    pub async fn connect(url: &str) -> Result<Self, String> {
        let host = url.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&host).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(Self { host, sender })
    }

    /// `GET`.
    ///
    /// # Errors
    /// Why there was no whole answer.
    pub async fn get(&mut self, path: &str) -> Result<Told, String> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    /// `POST` of a JSON body.
    ///
    /// # Errors
    /// Why there was no whole answer.
    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Told, String> {
        self.send(Method::POST, path, body.to_string().into()).await
    }

    async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Told, String> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", &self.host)
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let exchange = async {
            self.sender.ready().await?;
            let (parts, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Told { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        let told: Result<Told, hyper::Error> =
            within("an answer on a kept connection", exchange).await;
        told.map_err(|error| error.to_string())
    }
}
