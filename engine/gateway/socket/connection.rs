//! One connection from its first frame to its last: both halves in one task, and the closing handshake.

use std::pin::pin;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_tungstenite::WebSocketStream;

use super::allowed::Allowed;
use super::closing::{Ending, close};
use super::form::Form;
use super::limits::SocketLimits;
use super::reader::Reader;
use super::source::Source;
use super::wire::Wire;
use super::writer::Writer;

/// Answers that may wait for the writer besides those of the frames in flight.
const ANSWERS_WAITING_MAX: usize = 16;

/// What a connection needs.
pub(super) struct Connection<E> {
    /// The engine.
    pub(super) source: E,
    /// How messages are put into words.
    pub(super) form: Form,
    /// What its token allows.
    pub(super) allowed: Allowed,
    /// Its limits.
    pub(super) limits: SocketLimits,
    /// Becomes true when the engine stops.
    pub(super) stopping: watch::Receiver<bool>,
}

impl<E: Source> Connection<E> {
    /// Serves the connection until either side ends it. Commands that are under way then are carried out all
    /// the same.
    pub(super) async fn run<S>(self, socket: WebSocketStream<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let (sink, mut stream) = socket.split();
        let mut sink = Wire(sink);
        let waiting_max = ANSWERS_WAITING_MAX
            .saturating_add(self.limits.frames_in_flight_max)
            .min(Semaphore::MAX_PERMITS);
        let (answers, asked) = mpsc::channel(waiting_max);
        let ending = {
            let Self { source, form, allowed, limits, stopping } = self;
            let reader = Reader::new(source.clone(), form, allowed, limits, answers, stopping);
            let writer = Writer::new(source, form, allowed, limits, asked, &mut sink);
            let reader = pin!(reader.run(&mut stream));
            let writer = pin!(writer.run());
            match select(reader, writer).await {
                // Nothing is read any more; the writer ends when the last frame in flight is answered.
                Either::Left((Ending::Stopping, writer)) => writer.await,
                Either::Left((ending, _)) | Either::Right((ending, _)) => ending,
            }
        };
        tracing::debug!(?ending, "a feed connection ends");
        // Apart, so that no open connection has room for its end.
        Box::pin(close(sink.0, stream, ending)).await;
    }
}
