//! The books as the engine tells them: the events of a run's keys through the feed, in binary. Records are handed on
//! as they lie in the frame, so that reading costs the audit little more than the engine's sending.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use saldo_protocol::binary::{ClientFrame, MovementRecord, Row, ServerFrame, SubscribeFrame};
use saldo_protocol::client::FeedForm;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use crate::audit::error::AuditError;

/// How long the feed may say nothing while events are missing; then they count as missing.
const QUIET_MAX: Duration = Duration::from_secs(10);
/// The longest frame that is read.
const FRAME_BYTES_MAX: usize = 64 << 20;
const READ_BUFFER_BYTES: usize = 256 << 10;
const SUBSCRIPTION: &str = "audit";

/// The feed of an engine.
#[derive(Debug)]
pub(super) struct Feed {
    url: String,
    socket: WebSocketStream<TcpStream>,
}

impl Feed {
    /// Connects, and subscribes to all events of SKUs that begin so, from a cursor on.
    pub(super) async fn subscribe(
        url: &str,
        token: Option<&str>,
        prefix: &str,
        cursor: &str,
    ) -> Result<Self, AuditError> {
        let failed = |reason: String| AuditError::Feed { url: url.to_owned(), reason };
        let socket = connect(url, token).await.map_err(failed)?;
        let mut feed = Self { url: url.to_owned(), socket };
        let frame = ClientFrame::Subscribe(SubscribeFrame {
            id: SUBSCRIPTION,
            skus: None,
            sku_prefixes: Some(Row(vec![prefix])),
            locations: None,
            events: true,
            view: None,
            cursor: Some(cursor),
        });
        let sent = feed.socket.send(Message::binary(frame.encode())).await;
        sent.map_err(|error| feed.failed(&error))?;
        let answer = feed.frame().await?.ok_or_else(|| feed.quiet())?;
        match feed.read(&answer)? {
            ServerFrame::Subscribed { .. } => Ok(feed),
            other => Err(feed.unexpected(&other)),
        }
    }

    /// Hands on events frame by frame, until `take` has enough or nothing comes any more.
    pub(super) async fn each_frame(
        &mut self,
        mut take: impl FnMut(&[MovementRecord<'_>]) -> bool,
    ) -> Result<(), AuditError> {
        while let Some(frame) = self.frame().await? {
            match self.read(&frame)? {
                ServerFrame::Events { events, .. } => {
                    if take(&events.0) {
                        break;
                    }
                }
                ServerFrame::Gap { earliest, .. } => {
                    return Err(AuditError::Gap { earliest: earliest.to_owned() });
                }
                other => return Err(self.unexpected(&other)),
            }
        }
        Ok(())
    }

    /// The next frame; none where nothing came for long.
    async fn frame(&mut self) -> Result<Option<Message>, AuditError> {
        loop {
            let Ok(next) = tokio::time::timeout(QUIET_MAX, self.socket.next()).await else {
                return Ok(None);
            };
            match next {
                Some(Ok(frame @ Message::Binary(_))) => return Ok(Some(frame)),
                // Pings are answered by the socket itself.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(close))) => {
                    let reason = close.map_or_else(String::new, |close| close.to_string());
                    return Err(self.failed(&format!("the engine closed the connection {reason}")));
                }
                Some(Ok(other)) => {
                    return Err(self.failed(&format!("a frame that is none: {other}")));
                }
                Some(Err(error)) => return Err(self.failed(&error)),
                None => return Err(self.failed(&"the connection ended")),
            }
        }
    }

    fn read<'f>(&self, frame: &'f Message) -> Result<ServerFrame<'f>, AuditError> {
        let bytes: &[u8] = if let Message::Binary(bytes) = frame { bytes } else { &[] };
        ServerFrame::decode(bytes).map_err(|fault| self.failed(&fault))
    }

    fn unexpected(&self, frame: &ServerFrame<'_>) -> AuditError {
        match frame {
            ServerFrame::Gap { earliest, .. } => {
                AuditError::Gap { earliest: (*earliest).to_owned() }
            }
            ServerFrame::Error { detail, .. } => self.failed(detail),
            _ => self.failed(&"a frame that no subscription to events has"),
        }
    }

    fn quiet(&self) -> AuditError {
        self.failed(&format!("no answer for {} s", QUIET_MAX.as_secs()))
    }

    fn failed(&self, reason: &dyn std::fmt::Display) -> AuditError {
        AuditError::Feed { url: self.url.clone(), reason: reason.to_string() }
    }
}

async fn connect(url: &str, token: Option<&str>) -> Result<WebSocketStream<TcpStream>, String> {
    let authority = url.trim_end_matches('/').strip_prefix("http://");
    let authority = authority.ok_or("the address must begin with http://")?;
    let stream = TcpStream::connect(authority).await.map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let target = format!("ws://{authority}/v1/feed");
    let mut request = target.into_client_request().map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    let form = HeaderValue::from_static(FeedForm::Binary.subprotocol());
    headers.insert("Sec-WebSocket-Protocol", form);
    if let Some(token) = token {
        let bearer = HeaderValue::try_from(format!("Bearer {token}"));
        headers.insert("Authorization", bearer.map_err(|error| error.to_string())?);
    }
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .max_message_size(Some(FRAME_BYTES_MAX))
        .max_frame_size(Some(FRAME_BYTES_MAX));
    let connected =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await;
    connected.map(|(socket, _)| socket).map_err(|error| error.to_string())
}
