//! The feed as frames of text that the caller makes and reads: no cost of a client that a figure would hold.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::BenchError;

/// The form of text frames.
const JSON: &str = "saldo.v1.json";
/// The longest wait for a frame.
const FRAME_MAX: Duration = Duration::from_secs(60);

/// A feed connection.
#[derive(Debug)]
pub struct FeedSocket(WebSocketStream<TcpStream>);

impl FeedSocket {
    /// Connects to `ADDRESS:PORT`.
    ///
    /// # Errors
    /// [`BenchError::Io`] and [`BenchError::Answer`]: no connection, no upgrade.
    pub async fn connect(authority: &str) -> Result<Self, BenchError> {
        connected(authority, JSON).await.map(Self)
    }

    /// Sends a text frame.
    ///
    /// # Errors
    /// [`BenchError::Answer`]: the connection ended.
    pub async fn send(&mut self, frame: String) -> Result<(), BenchError> {
        self.0.send(Message::text(frame)).await.map_err(unfit)
    }

    /// The next text frame.
    ///
    /// # Errors
    /// [`BenchError::Answer`]: the connection ended; [`BenchError::Late`]: none came.
    pub async fn next(&mut self) -> Result<Utf8Bytes, BenchError> {
        loop {
            match tokio::time::timeout(FRAME_MAX, self.0.next()).await {
                Ok(Some(Ok(Message::Text(text)))) => return Ok(text),
                Ok(Some(Ok(Message::Close(_))) | None) => {
                    return Err(BenchError::Answer("the feed was closed".to_owned()));
                }
                Ok(Some(Ok(_))) => {}
                Ok(Some(Err(error))) => return Err(unfit(error)),
                Err(_) => {
                    let seconds = FRAME_MAX.as_secs();
                    return Err(BenchError::Late {
                        what: "a frame of replies".to_owned(),
                        seconds,
                    });
                }
            }
        }
    }
}

/// A connection that speaks this form.
pub(crate) async fn connected(
    authority: &str,
    form: &'static str,
) -> Result<WebSocketStream<TcpStream>, BenchError> {
    let connecting = || BenchError::io(format!("connecting to {authority}"));
    let stream = TcpStream::connect(authority).await.map_err(connecting())?;
    stream.set_nodelay(true).map_err(connecting())?;
    let mut request = format!("ws://{authority}/v1/feed").into_client_request().map_err(unfit)?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(form));
    let (socket, _) = tokio_tungstenite::client_async(request, stream).await.map_err(unfit)?;
    Ok(socket)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub(crate) fn unfit(error: Error) -> BenchError {
    BenchError::Answer(error.to_string())
}
