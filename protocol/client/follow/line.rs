//! One subscription across connections: connects, subscribes from the last cursor, notices a dead peer, waits
//! with full jitter, and connects again.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::ReconnectPolicy;
use crate::client::retry::random;
use crate::client::{ClientConfig, FeedClient, FeedError, Subscription};
use crate::{Cursor, FeedMode, ServerMessage, Subscribe, View};

/// Makes one connection.
pub(super) type Connect =
    Box<dyn FnMut() -> BoxFuture<'static, Result<FeedClient, FeedError>> + Send>;

/// A connection to where the settings say.
pub(super) fn connect_to(config: ClientConfig) -> Connect {
    Box::new(move || {
        let config = config.clone();
        Box::pin(async move { FeedClient::connect(&config).await })
    })
}

/// A subscription that is kept up.
pub(super) struct Line {
    connect: Connect,
    policy: ReconnectPolicy,
    /// What is subscribed to. Its cursor is where the next connection resumes.
    subscribe: Subscribe,
    session: Option<Session>,
    /// Attempts and short connections in a row that failed.
    failed: u32,
    /// What is left to wait before the next attempt.
    wait: Duration,
}

/// One connection with the subscription on it.
struct Session {
    client: FeedClient,
    subscription: Subscription,
    began: Instant,
}

/// What a line hears.
pub(super) enum Heard {
    /// The subscription stands.
    Subscribed { cursor: String, view: View },
    /// A message of it.
    Message(ServerMessage),
    /// Events are missing.
    Gap { earliest: String },
    /// The connection is lost, or there is none.
    Lost { reason: FeedError, again_in: Duration },
}

impl Line {
    pub(super) fn new(connect: Connect, policy: ReconnectPolicy, subscribe: Subscribe) -> Self {
        Self { connect, policy, subscribe, session: None, failed: 0, wait: Duration::ZERO }
    }

    /// Where the next connection resumes.
    pub(super) fn cursor(&self) -> Option<&Cursor> {
        self.subscribe.cursor.as_ref()
    }

    /// Sets where the next connection resumes.
    pub(super) fn resume_from(&mut self, cursor: &str) -> Result<(), FeedError> {
        let cursor = Cursor::new(cursor)
            .map_err(|error| FeedError::Unexpected { reason: error.to_string() })?;
        self.subscribe.cursor = Some(cursor);
        Ok(())
    }

    /// The next connection resumes nowhere.
    pub(super) fn forget_cursor(&mut self) {
        self.subscribe.cursor = None;
    }

    /// The next thing that is heard, connecting first where there is no connection.
    ///
    /// # Errors
    /// What makes a further attempt useless.
    pub(super) async fn hear(&mut self) -> Result<Heard, FeedError> {
        let heard = match &mut self.session {
            Some(session) => session.hear(self.policy.silence_max).await.map(Heard::Message),
            None => self.begin().await,
        };
        match heard {
            Ok(Heard::Message(ServerMessage::Gap { earliest, .. }))
            | Err(FeedError::Gap { earliest }) => {
                self.end();
                Ok(Heard::Gap { earliest })
            }
            Ok(heard) => Ok(heard),
            Err(error) if error.is_retryable() => {
                if self.subscribe.mode == FeedMode::Events
                    && self.subscribe.cursor.is_none()
                    && let Some(cursor) = error.resume_cursor().map(str::to_owned)
                {
                    self.resume_from(&cursor)?;
                }
                self.end();
                Ok(Heard::Lost { reason: error, again_in: self.wait })
            }
            Err(error) => Err(error),
        }
    }

    async fn begin(&mut self) -> Result<Heard, FeedError> {
        tokio::time::sleep(self.wait).await;
        let client = (self.connect)().await?;
        let subscription = client.subscribe(self.subscribe.clone()).await?;
        let (cursor, view) = (subscription.cursor().to_owned(), subscription.view());
        self.session = Some(Session { client, subscription, began: Instant::now() });
        Ok(Heard::Subscribed { cursor, view })
    }

    /// Gives the connection up, if there is one, and draws the wait before the next.
    pub(super) fn end(&mut self) {
        let stood = self.session.take().map(|session| session.began.elapsed());
        if stood.is_some_and(|time| time >= self.policy.backoff_max) {
            self.failed = 0;
        }
        self.failed = self.failed.saturating_add(1);
        self.wait = self.policy.wait(self.failed, random());
    }
}

impl Session {
    /// The next message. After `silence_max` without one the engine is asked whether it is there.
    async fn hear(&mut self, silence_max: Duration) -> Result<ServerMessage, FeedError> {
        loop {
            let client = &self.client;
            let is_there = async {
                tokio::time::sleep(silence_max).await;
                client.ping().await
            };
            // What has arrived comes first: a reader that was busy for long must not take that for silence.
            tokio::select! {
                biased;
                message = self.subscription.next_message() => {
                    return message.unwrap_or_else(|| Err(self.subscription.why_ended()));
                }
                answer = is_there => answer?,
            }
        }
    }
}
