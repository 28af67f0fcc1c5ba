//! The WebSocket feed's client: subscriptions and commands side by side on one connection. It does not connect
//! again by itself, as `LevelStream` and `EventStream` do: a caller makes a new one and repeats what was in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_tungstenite::tungstenite::Message;

use super::feed_io::{dial, handshake, read, write};
use super::feed_state::{FeedState, Outcome, WaitingFrame};
use super::subscription::MESSAGES_KEPT_MAX;
use super::{ClientConfig, FeedError, FeedForm, Subscription};
use crate::{ClientMessage, Command, FrameId, Reply, ServerMessage, Subscribe};

/// Frames that wait to be written; then callers wait.
const FRAMES_QUEUED_MAX: usize = 256;

/// A feed connection: subscriptions and commands side by side.
///
/// A subscription that is not read for long holds up the whole connection: where both matter, give each its own.
/// The connection ends when the client and all its subscriptions are dropped, or by [`FeedClient::close`].
#[derive(Clone, Debug)]
pub struct FeedClient(Arc<Connection>);

/// What callers, reader and writer share.
pub(super) struct Connection {
    frames: mpsc::Sender<Message>,
    state: Arc<FeedState>,
    places: Arc<Semaphore>,
    frame_number: AtomicU64,
    answer_timeout: Duration,
    form: FeedForm,
}

/// The replies of a frame that is under way.
#[derive(Debug)]
pub struct PendingReplies {
    replies: oneshot::Receiver<Outcome<Vec<Reply>>>,
    after: Duration,
}

impl PendingReplies {
    /// Waits for the replies, in the commands' order, all durable.
    ///
    /// # Errors
    /// [`FeedError`]; except with `Refused` the commands may have been carried out.
    pub async fn receive(self) -> Result<Vec<Reply>, FeedError> {
        answered(self.replies, self.after).await
    }
}

impl FeedClient {
    /// Connects to `/v1/feed`.
    ///
    /// # Errors
    /// [`FeedError::Connect`], [`FeedError::Refused`], [`FeedError::Timeout`] or [`FeedError::Settings`].
    pub async fn connect(config: &ClientConfig) -> Result<Self, FeedError> {
        let after = config.connect_timeout;
        let connected = async { Self::upgrade(dial(config).await?, config).await };
        tokio::time::timeout(after, connected).await.map_err(|_| FeedError::Timeout { after })?
    }

    /// The same over a connection that stands already, such as one through TLS or a proxy.
    ///
    /// # Errors
    /// [`FeedError::Connect`], [`FeedError::Refused`], [`FeedError::Timeout`] or [`FeedError::Settings`].
    pub async fn connect_over<S>(stream: S, config: &ClientConfig) -> Result<Self, FeedError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let after = config.connect_timeout;
        let connected = Self::upgrade(stream, config);
        tokio::time::timeout(after, connected).await.map_err(|_| FeedError::Timeout { after })?
    }

    async fn upgrade<S>(stream: S, config: &ClientConfig) -> Result<Self, FeedError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let form = config.form;
        let (sink, stream) = handshake(stream, config).await?.split();
        let (frames, queue) = mpsc::channel(FRAMES_QUEUED_MAX);
        let state = Arc::<FeedState>::default();
        let reader = tokio::spawn(read(stream, form, frames.downgrade(), Arc::clone(&state)));
        tokio::spawn(write(sink, queue, reader, Arc::clone(&state)));
        Ok(Self(Arc::new(Connection {
            frames,
            state,
            places: Arc::new(Semaphore::new(config.frames_in_flight_max)),
            frame_number: AtomicU64::new(1),
            answer_timeout: config.attempt_timeout,
            form,
        })))
    }

    /// Begins a subscription and waits until it stands.
    ///
    /// # Errors
    /// [`FeedError::Refused`], [`FeedError::IdInUse`], [`FeedError::Gap`], or what became of the connection.
    pub async fn subscribe(&self, subscribe: Subscribe) -> Result<Subscription, FeedError> {
        let connection = &self.0;
        let id = subscribe.id.clone();
        let (sender, mut messages) = mpsc::channel(MESSAGES_KEPT_MAX);
        let frame = connection.encoded(&ClientMessage::Subscribe(subscribe))?;
        let slot = connection.slot().await?;
        {
            let mut waiting = connection.state.waiting()?;
            if waiting.subscriptions.contains_key(id.as_str()) {
                return Err(FeedError::IdInUse { id: id.to_string() });
            }
            waiting.subscriptions.insert(id.to_string(), sender);
        }
        slot.send(frame);
        let after = connection.answer_timeout;
        let error = match tokio::time::timeout(after, messages.recv()).await {
            Ok(Some(Ok(ServerMessage::Subscribed { cursor, view, .. }))) => {
                let connection = Arc::clone(connection);
                return Ok(Subscription { id, cursor, view, messages, connection });
            }
            Ok(Some(Ok(ServerMessage::Gap { earliest, .. }))) => FeedError::Gap { earliest },
            Ok(Some(Ok(_))) => FeedError::Unexpected {
                reason: "a subscription must begin with `subscribed`".to_owned(),
            },
            Ok(Some(Err(error))) => error,
            Ok(None) => FeedError::closed("the subscription was ended"),
            Err(_) => FeedError::Timeout { after },
        };
        connection.state.forget_subscription(id.as_str());
        Err(error)
    }

    /// Sends a frame of commands and waits for their replies.
    ///
    /// # Errors
    /// [`FeedError`]; except with `Refused` the commands may have been carried out.
    pub async fn commands(&self, commands: Vec<Command>) -> Result<Vec<Reply>, FeedError> {
        self.send_commands(commands).await?.receive().await
    }

    /// Sends a frame of commands, and returns once it stands in the row of frames to be written: frames go out in
    /// the order in which these calls return. Waits while as many are in flight as the settings allow.
    ///
    /// # Errors
    /// [`FeedError`] when the connection has ended.
    pub async fn send_commands(&self, commands: Vec<Command>) -> Result<PendingReplies, FeedError> {
        let connection = &self.0;
        let closed = |_| FeedError::closed("this client closed it");
        let place = Arc::clone(&connection.places).acquire_owned().await.map_err(closed)?;
        let number = connection.frame_number.fetch_add(1, Ordering::Relaxed);
        let id = FrameId::new(format!("c{number}"))
            .map_err(|error| FeedError::Settings { reason: error.to_string() })?;
        let frame = connection.encoded(&ClientMessage::Commands { id: id.clone(), commands })?;
        let (sender, replies) = oneshot::channel();
        // The slot first: a caller that gives up while it waits for one leaves nothing behind.
        let slot = connection.slot().await?;
        let waiting_frame = WaitingFrame { replies: sender, _place: place };
        connection.state.waiting()?.frames.insert(id.to_string(), waiting_frame);
        slot.send(frame);
        Ok(PendingReplies { replies, after: connection.answer_timeout })
    }

    /// Asks whether the engine is there.
    ///
    /// # Errors
    /// [`FeedError`] when it is not.
    pub async fn ping(&self) -> Result<(), FeedError> {
        let (sender, pong) = oneshot::channel();
        let frame = self.0.encoded(&ClientMessage::Ping)?;
        let slot = self.0.slot().await?;
        self.0.state.waiting()?.pings.push_back(sender);
        slot.send(frame);
        answered(pong, self.0.answer_timeout).await
    }

    /// Closes the connection: what stands in the row is still written, answers that are under way are lost.
    ///
    /// # Errors
    /// [`FeedError::Closed`] when it has ended already.
    pub async fn close(&self) -> Result<(), FeedError> {
        self.0.slot().await?.send(Message::Close(None));
        self.0.state.end(FeedError::closed("this client closed it"));
        Ok(())
    }
}

impl Connection {
    /// Waits for a place in the row of frames to be written.
    pub(super) async fn slot(&self) -> Result<mpsc::Permit<'_, Message>, FeedError> {
        self.frames.reserve().await.map_err(|_| {
            self.ended().unwrap_or_else(|| FeedError::closed("its writer has stopped"))
        })
    }

    /// Why the connection ended, once it has.
    pub(super) fn ended(&self) -> Option<FeedError> {
        self.state.waiting().err()
    }

    /// A frame as this connection writes it.
    pub(super) fn encoded(&self, frame: &ClientMessage) -> Result<Message, FeedError> {
        self.form.encoded(frame)
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

async fn answered<T>(
    answer: oneshot::Receiver<Outcome<T>>,
    after: Duration,
) -> Result<T, FeedError> {
    match tokio::time::timeout(after, answer).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(FeedError::closed("its reader has stopped")),
        Err(_) => Err(FeedError::Timeout { after }),
    }
}
