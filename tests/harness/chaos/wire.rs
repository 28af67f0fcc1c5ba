//! A feed connection in either form, which can be cut.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use saldo_protocol::binary::{ClientFrame, ServerFrame};
use saldo_protocol::{ClientMessage, ServerMessage};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// How long a connection may take to stand.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// A connection.
pub(super) struct Wire {
    stream: WebSocketStream<TcpStream>,
    is_binary: bool,
}

/// What comes over it.
pub(super) enum Heard {
    Message(Box<ServerMessage>),
    /// It has ended.
    End,
    /// Something that no engine should say.
    Wrong(String),
}

impl Wire {
    /// None where nobody is there.
    pub(super) async fn connect(url: &str, is_binary: bool) -> Option<Self> {
        let connecting = async {
            let authority = url.trim_start_matches("http://");
            let tcp = TcpStream::connect(authority).await.ok()?;
            tcp.set_nodelay(true).ok()?;
            let mut request = format!("ws://{authority}/v1/feed").into_client_request().ok()?;
            let form = if is_binary { "saldo.v1.bin" } else { "saldo.v1.json" };
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(form));
            let (stream, _) = tokio_tungstenite::client_async(request, tcp).await.ok()?;
            Some(Self { stream, is_binary })
        };
        tokio::time::timeout(CONNECT_MAX, connecting).await.ok()?
    }

    /// False where the connection has ended.
    pub(super) async fn send(&mut self, message: &ClientMessage) -> bool {
        let frame = if self.is_binary {
            Message::binary(ClientFrame::from(message).encode())
        } else {
            Message::text(serde_json::to_string(message).expect("JSON"))
        };
        self.stream.send(frame).await.is_ok()
    }

    pub(super) async fn next(&mut self) -> Heard {
        loop {
            return match self.stream.next().await {
                Some(Ok(Message::Text(text))) if !self.is_binary => {
                    match serde_json::from_str(&text) {
                        Ok(message) => Heard::Message(Box::new(message)),
                        Err(error) => Heard::Wrong(format!("{error} in {text}")),
                    }
                }
                Some(Ok(Message::Binary(bytes))) if self.is_binary => {
                    let message = ServerFrame::decode(&bytes)
                        .map_err(|error| error.to_string())
                        .and_then(|it| ServerMessage::try_from(it).map_err(|it| it.to_string()));
                    match message {
                        Ok(message) => Heard::Message(Box::new(message)),
                        Err(error) => Heard::Wrong(error),
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(_)) | None => Heard::End,
                Some(Ok(other)) => Heard::Wrong(format!("a frame of another form: {other:?}")),
            };
        }
    }
}
