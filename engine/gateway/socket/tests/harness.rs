//! A connection, and a client that says the same in both forms and speaks the protocol's own types.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use saldo_protocol::binary::{ClientFrame, ServerFrame};
use saldo_protocol::{ClientMessage, LevelView, ServerMessage};
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use super::super::allowed::Allowed;
use super::super::connection::Connection;
use super::super::form::Form;
use super::super::limits::SocketLimits;
use super::super::source::Source;
use crate::feed::{Room, View};

pub(super) use super::small_engine::SmallEngine;

/// Bytes that the pipe between client and engine holds.
pub(super) const PIPE_BYTES: usize = 1 << 20;

/// Everything.
pub(super) const ALL: Allowed = Allowed { sell: true, view_most: View::Exact };

/// Limits small enough to meet.
pub(super) fn limits() -> SocketLimits {
    SocketLimits {
        frame_bytes_max: 65_536,
        frame_commands_max: 4,
        frames_in_flight_max: 2,
        subscriptions_max: 3,
        skus_max: 3,
        snapshot_levels: 2,
        room: Room { levels_max: 10, events_max: 10 },
        write_buffer_bytes_max: 1 << 20,
        idle: Duration::from_secs(60),
        ping: Duration::from_secs(20),
    }
}

/// A client of a connection that is being served.
pub(super) struct Client {
    pub(super) socket: WebSocketStream<DuplexStream>,
    form: Form,
    pub(super) served: JoinHandle<()>,
    pub(super) stop: watch::Sender<bool>,
}

impl Client {
    /// A client that may do everything and speaks JSON.
    pub(super) async fn connect(
        source: &impl Source,
        limits: SocketLimits,
        pipe_bytes: usize,
    ) -> Self {
        Self::connect_as(source, Form::Json, ALL, limits, pipe_bytes).await
    }

    pub(super) async fn connect_as(
        source: &impl Source,
        form: Form,
        allowed: Allowed,
        limits: SocketLimits,
        pipe_bytes: usize,
    ) -> Self {
        let (near, far) = tokio::io::duplex(pipe_bytes);
        let (stop, stopping) = watch::channel(false);
        let connection = Connection { source: source.clone(), form, allowed, limits, stopping };
        let served = tokio::spawn(async move {
            let config = Some(connection.limits.protocol());
            let socket = WebSocketStream::from_raw_socket(far, Role::Server, config).await;
            connection.run(socket).await;
        });
        let socket = WebSocketStream::from_raw_socket(near, Role::Client, None).await;
        Self { socket, form, served, stop }
    }

    /// Sends a frame, given as JSON whatever the connection speaks.
    pub(super) async fn send(&mut self, frame: &str) {
        let message = match self.form {
            Form::Json => Message::Text(frame.into()),
            Form::Binary => {
                let message: ClientMessage = serde_json::from_str(frame).unwrap();
                Message::Binary(ClientFrame::from(&message).encode().into())
            }
        };
        self.socket.send(message).await.unwrap();
    }

    /// The next message of the protocol; pings are passed over.
    pub(super) async fn hear(&mut self) -> ServerMessage {
        loop {
            match (self.socket.next().await.unwrap().unwrap(), self.form) {
                (Message::Text(text), Form::Json) => return serde_json::from_str(&text).unwrap(),
                (Message::Binary(bytes), Form::Binary) => {
                    return ServerFrame::decode(&bytes).unwrap().try_into().unwrap();
                }
                (Message::Ping(_), _) => {}
                (other, form) => panic!("heard {other:?} in {form:?}"),
            }
        }
    }

    /// What the next message is answered to `frame`.
    pub(super) async fn ask(&mut self, frame: &str) -> ServerMessage {
        self.send(frame).await;
        self.hear().await
    }

    /// Messages until the engine closes; its close frame. Text is not expected.
    pub(super) async fn closed(&mut self) -> CloseFrame {
        loop {
            match self.socket.next().await.unwrap().unwrap() {
                Message::Close(frame) => return frame.unwrap(),
                Message::Ping(_) => {}
                other => panic!("heard {other:?}"),
            }
        }
    }
}

/// `sku@location version` of each level, and its band or answer where the view tells no more.
pub(super) fn texts(levels: &[LevelView]) -> Vec<String> {
    levels
        .iter()
        .map(|level| {
            let key = format!("{}@{} {}", level.sku(), level.location(), level.version());
            match level {
                LevelView::Exact(_) => key,
                LevelView::Banded(level) => format!("{key} {:?}", level.availability),
                LevelView::Boolean(level) => format!("{key} {}", level.is_available),
            }
        })
        .collect()
}
