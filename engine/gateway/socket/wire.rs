//! Messages as frames of a WebSocket.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Sink;
use futures_util::stream::SplitSink;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::form::Words;
use super::writer::Sent;

/// The writing side of a WebSocket.
pub(super) struct Wire<S>(pub(super) SplitSink<WebSocketStream<S>, Message>);

impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Sent> for Wire<S> {
    type Error = Error;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_ready(context)
    }

    fn start_send(mut self: Pin<&mut Self>, sent: Sent) -> Result<(), Error> {
        let message = match sent {
            Sent::Ping => Message::Ping(Bytes::new()),
            Sent::Message(message) => match message.words {
                Words::Text(text) => Message::Text(text.into()),
                Words::Bytes(bytes) => Message::Binary(bytes.into()),
            },
        };
        Pin::new(&mut self.0).start_send(message)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
