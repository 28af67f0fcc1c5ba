//! One subscription of a feed connection, as a stream of its messages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::mpsc;

use super::FeedError;
use super::feed::Connection;
use crate::{ClientMessage, FrameId, ServerMessage, View};

/// Messages that are kept for a subscription that is not being read; then the connection is held up.
pub(super) const MESSAGES_KEPT_MAX: usize = 256;

/// One subscription: `snapshot` pages and `delta`s, or `events`, as a [`Stream`]. It ends after `unsubscribed` or
/// `gap`, or with an error when the connection does. A subscription that is dropped is taken back at its next
/// message.
#[derive(Debug)]
pub struct Subscription {
    pub(super) id: FrameId,
    pub(super) cursor: String,
    pub(super) view: View,
    pub(super) messages: mpsc::Receiver<Result<ServerMessage, FeedError>>,
    pub(super) connection: Arc<Connection>,
}

impl Subscription {
    /// Its name.
    #[must_use]
    pub fn id(&self) -> &FrameId {
        &self.id
    }

    /// Where it began, as `subscribed` told.
    #[must_use]
    pub fn cursor(&self) -> &str {
        &self.cursor
    }

    /// How much of each level is told: perhaps less than was asked for.
    #[must_use]
    pub fn view(&self) -> View {
        self.view
    }

    /// The next message, or None after the last one.
    ///
    /// # Errors
    /// [`FeedError`] when the connection ended; nothing comes after it.
    pub async fn next_message(&mut self) -> Option<Result<ServerMessage, FeedError>> {
        self.messages.recv().await
    }

    /// Why the stream ended, where it did without an error of its own.
    pub(super) fn why_ended(&self) -> FeedError {
        let by_engine = || FeedError::closed("the engine ended the subscription");
        self.connection.ended().unwrap_or_else(by_engine)
    }

    /// Ends the subscription: messages that are under way still come, then the stream ends.
    ///
    /// # Errors
    /// [`FeedError::Closed`] when the connection has ended already.
    pub async fn unsubscribe(&self) -> Result<(), FeedError> {
        let frame = ClientMessage::Unsubscribe { id: self.id.clone() };
        let frame = self.connection.encoded(&frame)?;
        self.connection.slot().await?.send(frame);
        Ok(())
    }
}

impl Stream for Subscription {
    type Item = Result<ServerMessage, FeedError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.messages.poll_recv(context)
    }
}
