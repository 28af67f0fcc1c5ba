//! Every event of a selection, followed across connections.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};

use super::ReconnectPolicy;
use super::line::{Connect, Heard, Line, connect_to};
use super::versions::Versions;
use crate::client::{ClientConfig, FeedClient, FeedError};
use crate::{FeedMode, Movement, ServerMessage, Subscribe};

/// What an [`EventStream`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are events: a box for each would only cost"
)]
pub enum EventUpdate {
    /// A connection stands, and the subscription on it.
    Connected {
        /// Where the subscription begins on this connection.
        cursor: String,
    },
    /// The next event. Its `cursor` is where a later run of the program resumes.
    Event(Movement),
    /// Events are missing: the engine keeps none between the last one told and `earliest`. The stream goes on from
    /// there by itself; whoever adds events up reads a snapshot anew.
    Gap {
        /// From here on all events are kept.
        earliest: String,
    },
    /// There is no connection. The stream goes on by itself.
    Lost {
        /// Why.
        reason: FeedError,
        /// When the next attempt is made.
        again_in: Duration,
    },
}

/// Every event of a selection, for as long as it is polled, across connections and restarts of the engine.
///
/// - From the subscription's cursor, from [`EARLIEST`](crate::EARLIEST), or from the first connection on, events
///   come in the journal's order; of each key none is left out and none comes twice, unless [`EventUpdate::Gap`]
///   says that events are missing.
/// - A reader that falls behind loses nothing but time.
/// - A dead engine is noticed after [`ReconnectPolicy::silence_max`] and the attempt timeout.
/// - The stream ends only after an error, which is one that trying again cannot mend: a token or a selection that
///   the engine refuses, settings that cannot be used.
///
/// Memory: one version for each key heard of, and the frames that wait to be read (at most 256).
pub struct EventStream(BoxStream<'static, Result<EventUpdate, FeedError>>);

impl EventStream {
    /// Follows the events that `subscribe` selects. Its mode is set here; it has no `view`.
    /// Nothing is sent before the stream is polled.
    #[must_use]
    pub fn follow(config: ClientConfig, subscribe: Subscribe) -> Self {
        let policy = config.reconnect;
        Self::made_by(connect_to(config), policy, subscribe)
    }

    /// The same over connections that `connect` makes, such as with [`FeedClient::connect_over`] through TLS.
    pub fn follow_over<C, F>(mut connect: C, policy: ReconnectPolicy, subscribe: Subscribe) -> Self
    where
        C: FnMut() -> F + Send + 'static,
        F: Future<Output = Result<FeedClient, FeedError>> + Send + 'static,
    {
        Self::made_by(Box::new(move || Box::pin(connect())), policy, subscribe)
    }

    fn made_by(connect: Connect, policy: ReconnectPolicy, mut subscribe: Subscribe) -> Self {
        subscribe.mode = FeedMode::Events;
        let line = Line::new(connect, policy, subscribe);
        let events = Events { line, versions: Versions::default(), updates: VecDeque::new() };
        let updates = stream::unfold(Some(events), async |events| {
            let mut events = events?;
            match events.next().await {
                Ok(update) => Some((Ok(update), Some(events))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Self(updates.boxed())
    }
}

impl Stream for EventStream {
    type Item = Result<EventUpdate, FeedError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}

struct Events {
    line: Line,
    versions: Versions,
    /// Updates of the last message that are yet to be told.
    updates: VecDeque<EventUpdate>,
}

impl Events {
    async fn next(&mut self) -> Result<EventUpdate, FeedError> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                return Ok(update);
            }
            match self.line.hear().await? {
                Heard::Subscribed { cursor, .. } => {
                    // "From now" is now, also where the connection is cut before the first event.
                    if self.line.cursor().is_none() {
                        self.line.resume_from(&cursor)?;
                    }
                    self.updates.push_back(EventUpdate::Connected { cursor });
                }
                Heard::Message(ServerMessage::Events { events, .. }) => self.take(events)?,
                Heard::Message(_) => {
                    // A message that this subscription did not ask for.
                }
                Heard::Gap { earliest } => {
                    self.line.resume_from(&earliest)?;
                    // The events from there on may be of another journal, and begin anew.
                    self.versions.forget_all();
                    self.updates.push_back(EventUpdate::Gap { earliest });
                }
                Heard::Lost { reason, again_in } => {
                    self.updates.push_back(EventUpdate::Lost { reason, again_in });
                }
            }
        }
    }

    fn take(&mut self, events: Vec<Movement>) -> Result<(), FeedError> {
        if let Some(last) = events.last() {
            self.line.resume_from(&last.cursor)?;
        }
        for event in events {
            if self.versions.take(&event.sku, &event.location, event.version) {
                self.updates.push_back(EventUpdate::Event(event));
            }
        }
        Ok(())
    }
}
