//! The socket under the feed: the handshake, and the two tasks that write and read, so that neither side can hold
//! the other up.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use super::feed_state::{FeedState, Step};
use super::http::{base_authority, bearer};
use super::{ClientConfig, FeedError, FeedForm};
use crate::{ClientMessage, FrameId, Problem};

/// How long a closing connection waits for the engine's own close.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(1);

fn fault(error: &dyn std::error::Error) -> FeedError {
    FeedError::Connect { reason: error.to_string() }
}

/// Connects to the engine's port.
pub(super) async fn dial(config: &ClientConfig) -> Result<TcpStream, FeedError> {
    let authority = base_authority(&config.base_url)?;
    let stream = TcpStream::connect(&authority).await.map_err(|error| fault(&error))?;
    stream.set_nodelay(true).map_err(|error| fault(&error))?;
    Ok(stream)
}

/// Upgrades a connection to the feed.
pub(super) async fn handshake<S>(
    stream: S,
    config: &ClientConfig,
) -> Result<WebSocketStream<S>, FeedError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let authority = base_authority(&config.base_url)?;
    let url = format!("ws://{authority}/v1/feed");
    let mut request = url.into_client_request().map_err(|error| fault(&error))?;
    let headers = request.headers_mut();
    headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(config.form.subprotocol()));
    if let Some(token) = &config.token {
        headers.insert(AUTHORIZATION, bearer(token)?);
    }
    let limits = WebSocketConfig::default()
        .read_buffer_size(64 << 10)
        .max_message_size(Some(config.answer_bytes_max))
        .max_frame_size(Some(config.answer_bytes_max));
    match tokio_tungstenite::client_async_with_config(request, stream, Some(limits)).await {
        Ok((socket, _)) => Ok(socket),
        Err(WsError::Http(answer)) => Err(not_upgraded(answer.status(), answer.body().as_deref())),
        Err(error) => Err(fault(&error)),
    }
}

/// What an answer other than an upgrade says.
fn not_upgraded(status: StatusCode, body: Option<&[u8]>) -> FeedError {
    match serde_json::from_slice::<Problem>(body.unwrap_or_default()) {
        Ok(problem) => FeedError::Refused { code: problem.code, detail: problem.detail },
        Err(_) => FeedError::Connect { reason: format!("the engine answered {status}") },
    }
}

/// Writes frames, flushing when none waits, so that many small ones share a packet; then ends the reader.
pub(super) async fn write<S>(
    mut sink: SplitSink<WebSocketStream<S>, Message>,
    mut queue: mpsc::Receiver<Message>,
    mut reader: JoinHandle<()>,
    state: Arc<FeedState>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = queue.recv().await {
        let last = matches!(message, Message::Close(_));
        let mut outcome = sink.feed(message).await;
        if outcome.is_ok() && (last || queue.is_empty()) {
            outcome = sink.flush().await;
        }
        if let Err(error) = outcome {
            state.end(FeedError::closed(error.to_string()));
            break;
        }
        if last {
            break;
        }
    }
    // The engine answers a close with its own, which ends the reader; one that is gone never does.
    let _ = tokio::time::timeout(CLOSE_WAIT_MAX, sink.close()).await;
    if tokio::time::timeout(CLOSE_WAIT_MAX, &mut reader).await.is_err() {
        reader.abort();
    }
}

/// Reads frames and hands them to who waits for them, until the connection ends.
pub(super) async fn read<S>(
    mut stream: SplitStream<WebSocketStream<S>>,
    form: FeedForm,
    frames: mpsc::WeakSender<Message>,
    state: Arc<FeedState>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let error = loop {
        let frame = match stream.next().await {
            Some(Ok(Message::Close(close))) => break closed_by_engine(close),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => break FeedError::closed(error.to_string()),
            None => break FeedError::closed("the stream ended"),
        };
        let message = match form.decoded(&frame) {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(error) => break error,
        };
        match state.dispatch(message) {
            Step::Next => {}
            Step::End(error) => break error,
            Step::Hand(id, sender, outcome) => {
                if sender.send(outcome).await.is_err() {
                    take_back(&id, form, &frames, &state);
                }
            }
        }
    };
    state.end(error);
    // Wakes the writer, which ends the connection.
    if let Some(frames) = frames.upgrade() {
        let _ = frames.try_send(Message::Close(None));
    }
}

/// What the engine's close says.
fn closed_by_engine(close: Option<CloseFrame>) -> FeedError {
    let Some(CloseFrame { code, reason }) = close else {
        return FeedError::closed("the engine closed it");
    };
    let code = u16::from(code);
    let reason = format!("the engine closed it with code {code}: {reason}");
    FeedError::Closed { reason, code: Some(code) }
}

/// Unsubscribes for a reader that is gone. Where the row is full, the next message tries again.
fn take_back(id: &str, form: FeedForm, frames: &mpsc::WeakSender<Message>, state: &FeedState) {
    let frame = FrameId::new(id).map(|id| form.encoded(&ClientMessage::Unsubscribe { id }));
    let Some((Ok(frame), frames)) = frame.ok().zip(frames.upgrade()) else {
        return;
    };
    if frames.try_send(frame).is_ok() {
        state.forget_subscription(id);
    }
}
