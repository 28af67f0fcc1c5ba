//! The feed as frames of raw JSON, for tests of what goes over the wire.

use futures_util::{SinkExt, StreamExt};
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::harness::wait::within;

/// A feed connection.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
    subprotocol: Option<String>,
}

impl Socket {
    /// Connects, offering `saldo.v1.json`.
    ///
    /// # Panics
    /// Where the engine does not upgrade.
    pub async fn connect(url: &str) -> Self {
        match Self::offering(url, Some("saldo.v1.json")).await {
            Ok(socket) => socket,
            Err(status) => panic!("the engine answered {status} instead of upgrading"),
        }
    }

    /// Connects, offering these subprotocols, parted by commas.
    ///
    /// # Errors
    /// The status of an answer other than an upgrade.
    ///
    /// # Panics
    /// Where there is no answer at all.
    pub async fn offering(url: &str, subprotocols: Option<&str>) -> Result<Self, u16> {
        let authority = url.trim_start_matches("http://");
        let tcp = TcpStream::connect(authority).await.expect("a connection");
        tcp.set_nodelay(true).expect("a socket option");
        let mut request =
            format!("ws://{authority}/v1/feed").into_client_request().expect("a request");
        if let Some(offered) = subprotocols {
            let offered = HeaderValue::from_str(offered).expect("visible characters");
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offered);
        }
        let upgrade = tokio_tungstenite::client_async(request, tcp);
        match within("the feed's upgrade", upgrade).await {
            Ok((stream, answer)) => {
                let subprotocol = answer.headers().get(SEC_WEBSOCKET_PROTOCOL);
                let subprotocol =
                    subprotocol.and_then(|value| value.to_str().ok()).map(str::to_owned);
                Ok(Self { stream, subprotocol })
            }
            Err(Error::Http(answer)) => Err(answer.status().as_u16()),
            Err(error) => panic!("no upgrade: {error}"),
        }
    }

    /// The subprotocol that the engine chose.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: Value) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends a text frame, whatever it is.
    ///
    /// # Panics
    /// Where the connection has ended.
    pub async fn send_text(&mut self, frame: &str) {
        let sending = self.stream.send(Message::text(frame.to_owned()));
        within("a frame to be sent", sending).await.expect("an open connection");
    }

    /// The next frame.
    ///
    /// # Panics
    /// Where the connection ended or the frame is no JSON.
    pub async fn next(&mut self) -> Value {
        match self.try_next().await {
            Some(text) => serde_json::from_str(&text).expect("a frame of JSON"),
            None => panic!("the feed's connection ended"),
        }
    }

    /// The next text frame; None where the connection ended.
    pub async fn try_next(&mut self) -> Option<String> {
        loop {
            match within("a frame of the feed", self.stream.next()).await {
                Some(Ok(Message::Text(text))) => return Some(text.to_string()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next frame of this type; others are passed over.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}
