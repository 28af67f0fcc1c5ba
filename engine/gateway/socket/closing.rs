//! How a connection ends, and the closing handshake (RFC 6455, section 7).

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::json::cut;

/// How long a client has to read the close frame and answer it.
const CLOSING_MAX: Duration = Duration::from_secs(2);

/// The longest reason of a close frame in bytes: 125 less the code.
const REASON_BYTES_MAX: usize = 123;

/// Thrown away at a time, in bytes, of what a client was still sending.
const DISCARDED_BYTES: usize = 4096;

/// Why a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The client said goodbye, or its connection broke.
    Gone,
    /// The engine stops, and what was under way has been answered.
    Stopping,
    /// Writes get nowhere: there is no use in telling.
    Dead,
    /// The client is told why.
    Fault { code: CloseCode, reason: String },
}

impl Ending {
    pub(super) fn fault(code: CloseCode, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::Fault { code, reason }
    }

    /// The connection has to begin anew; told with the cursor from which nothing is missed.
    pub(super) fn try_again(reason: &str, cursor: Option<&str>) -> Self {
        let resume = cursor.map(|cursor| format!("; cursor {cursor}")).unwrap_or_default();
        let room = REASON_BYTES_MAX.saturating_sub(resume.len());
        Self::fault(CloseCode::Again, format!("{}{resume}", cut(reason, room)))
    }

    /// What a failure to read means.
    pub(super) fn of_read(error: &Error) -> Self {
        match error {
            Error::Capacity(capacity) => Self::fault(CloseCode::Size, capacity.to_string()),
            Error::Utf8(_) => Self::fault(CloseCode::Invalid, "a text frame must be UTF-8"),
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Self::Gone,
            Error::Protocol(fault) => Self::fault(CloseCode::Protocol, fault.to_string()),
            _ => Self::Gone,
        }
    }

    fn frame(&self) -> Option<CloseFrame> {
        let (code, reason) = match self {
            Self::Gone | Self::Dead => return None,
            Self::Stopping => (CloseCode::Away, "the engine stops: connect again"),
            Self::Fault { code, reason } => (*code, reason.as_str()),
        };
        Some(CloseFrame { code, reason: cut(reason, REASON_BYTES_MAX).into() })
    }
}

/// Tells the client why, and leaves it the time to hear it: a socket that is closed with unread bytes is reset,
/// and the close frame with it.
pub(super) async fn close<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut stream: SplitStream<WebSocketStream<S>>,
    ending: Ending,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    if ending == Ending::Dead {
        return;
    }
    let handshake = async {
        if let Some(frame) = ending.frame()
            && sink.send(Message::Close(Some(frame))).await.is_err()
        {
            return;
        }
        // Ends at once where the client's frames could not be read.
        while let Some(Ok(_)) = stream.next().await {}
        if let Ok(mut socket) = sink.reunite(stream)
            && socket.get_mut().shutdown().await.is_ok()
        {
            let mut discarded = [0; DISCARDED_BYTES];
            while let Ok(1..) = socket.get_mut().read(&mut discarded).await {}
        }
    };
    // Past this the socket is closed all the same.
    let _ = timeout(CLOSING_MAX, handshake).await;
}
