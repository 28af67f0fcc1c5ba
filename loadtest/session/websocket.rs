//! The transports over the WebSocket feed: frames of commands in either form, answered out of order.

use std::str::FromStr as _;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use saldo_protocol::client::FeedForm;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::session::http::authority;
use crate::session::{Connector, Session, SessionError, frame_binary, frame_json};
use crate::workload::names::Names;
use crate::workload::op::Op;
use crate::workload::outcome::Outcome;

/// A frame of 8,192 replies in JSON is about 1 MiB.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
const READ_BUFFER_BYTES: usize = 16 << 10;

/// Makes feed connections to one engine.
#[derive(Debug)]
pub struct WebSocketConnector {
    names: Arc<Names>,
    authority: String,
    token: Option<String>,
    form: FeedForm,
}

impl WebSocketConnector {
    /// For an address such as `http://127.0.0.1:7700`.
    ///
    /// # Errors
    /// [`SessionError::Unfit`] for another scheme.
    pub fn new(
        names: Arc<Names>,
        url: &str,
        token: Option<&str>,
        form: FeedForm,
    ) -> Result<Self, SessionError> {
        Ok(Self { names, authority: authority(url)?, token: token.map(str::to_owned), form })
    }
}

impl Connector for WebSocketConnector {
    type Session = WebSocketSession;

    async fn connect(&self, _client: u32) -> Result<WebSocketSession, SessionError> {
        let failed = |reason: String| SessionError::Connect { to: self.authority.clone(), reason };
        let stream =
            TcpStream::connect(&self.authority).await.map_err(|e| failed(e.to_string()))?;
        stream.set_nodelay(true).map_err(|e| failed(e.to_string()))?;
        let mut request = format!("ws://{}/v1/feed", self.authority)
            .into_client_request()
            .map_err(|error| failed(error.to_string()))?;
        let form = HeaderValue::from_static(self.form.subprotocol());
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, form);
        if let Some(token) = &self.token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let value = value.map_err(|error| failed(format!("the token: {error}")))?;
            request.headers_mut().insert(AUTHORIZATION, value);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let handshake =
            tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
        let (socket, _) = handshake.map_err(|error| failed(told(error)))?;
        let names = Arc::clone(&self.names);
        let table = frame_binary::StockTable::new(names.stocks().len());
        Ok(WebSocketSession { socket, names, form: self.form, table })
    }
}

/// What the engine says where it refuses to upgrade.
fn told(error: Error) -> String {
    match error {
        Error::Http(answer) => {
            let body = answer.body().as_deref().unwrap_or_default();
            format!("{} {}", answer.status(), String::from_utf8_lossy(body))
        }
        other => other.to_string(),
    }
}

/// One connection.
#[derive(Debug)]
pub struct WebSocketSession {
    socket: WebSocketStream<TcpStream>,
    names: Arc<Names>,
    form: FeedForm,
    table: frame_binary::StockTable,
}

impl Session for WebSocketSession {
    async fn send(&mut self, batch: u64, ops: &[Op]) -> Result<(), SessionError> {
        let frame = match self.form {
            FeedForm::Json => {
                let mut text = String::with_capacity(64 + ops.len() * frame_json::COMMAND_BYTES);
                frame_json::write(&mut text, batch, ops, &self.names)?;
                Message::Text(text.into())
            }
            FeedForm::Binary => {
                let bytes = frame_binary::encoded(batch, ops, &self.names, &mut self.table)?;
                Message::Binary(bytes.into())
            }
        };
        self.socket.send(frame).await.map_err(failed)
    }

    async fn receive(&mut self, outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError> {
        loop {
            let message = self.socket.next().await;
            let message = message
                .ok_or_else(|| SessionError::Connection("the server closed it".to_owned()))?;
            let batch = match message.map_err(failed)? {
                Message::Text(text) => frame_json::read(&text, outcomes)?,
                Message::Binary(bytes) => frame_binary::read(&bytes, outcomes)?,
                Message::Close(frame) => {
                    let why = frame.map_or_else(|| "closed".to_owned(), |it| it.to_string());
                    return Err(SessionError::Connection(why));
                }
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
            };
            return Ok(batch);
        }
    }
}

fn failed(error: Error) -> SessionError {
    SessionError::Connection(error.to_string())
}

/// The number that a frame's name is.
///
/// # Errors
/// [`SessionError::Answer`] where it is none of ours.
pub fn batch_of(id: &str) -> Result<u64, SessionError> {
    u64::from_str(id)
        .map_err(|_| SessionError::Answer(format!("replies to no frame of ours: {id}")))
}
