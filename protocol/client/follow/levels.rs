//! The newest level of every key, followed across connections.

use std::collections::{HashMap, VecDeque};
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
use crate::{FeedMode, LevelView, ServerMessage, Subscribe, View};

/// What a [`LevelStream`] tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelUpdate {
    /// A connection stands, and the subscription on it.
    Connected {
        /// How much of each level is told: perhaps less than was asked for.
        view: View,
    },
    /// A level that is newer than what was told of its key before.
    Level(LevelView),
    /// Forget all levels: those that follow replace them, and their versions may be lower. What is not among them
    /// when [`LevelUpdate::Complete`] comes is gone.
    Full,
    /// All levels of the selection, or all that changed since the cursor, have been told.
    Complete {
        /// Where to resume, for a subscription in a later run of the program that has kept the levels.
        cursor: String,
    },
    /// There is no connection. The stream goes on by itself.
    Lost {
        /// Why.
        reason: FeedError,
        /// When the next attempt is made.
        again_in: Duration,
    },
}

/// The newest level of every key of a selection, for as long as it is polled, across connections and restarts of
/// the engine.
///
/// - Whoever keeps the last level told of each key, and clears them at [`LevelUpdate::Full`], holds what the engine
///   holds as soon as the stream has caught up; after [`LevelUpdate::Complete`] no key of the selection is missing.
/// - Of each key versions only rise, until `Full`. Repeats are left out. Not every version is told: a reader that
///   falls behind gets the newest.
/// - A connection that is cut before its snapshot is complete resumes from the last complete one.
/// - A dead engine is noticed after [`ReconnectPolicy::silence_max`] and the attempt timeout.
/// - The stream ends only after an error, which is one that trying again cannot mend: a token or a selection that
///   the engine refuses, settings that cannot be used.
///
/// Memory: one version for each key heard of, and the frames that wait to be read (at most 256).
pub struct LevelStream(BoxStream<'static, Result<LevelUpdate, FeedError>>);

impl LevelStream {
    /// Follows the levels that `subscribe` selects, from its cursor where it has one. Its mode is set here.
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
        subscribe.mode = FeedMode::Levels;
        let levels = Levels::new(Line::new(connect, policy, subscribe));
        let updates = stream::unfold(Some(levels), async |levels| {
            let mut levels = levels?;
            match levels.next().await {
                Ok(update) => Some((Ok(update), Some(levels))),
                Err(error) => Some((Err(error), None)),
            }
        });
        Self(updates.boxed())
    }
}

impl Stream for LevelStream {
    type Item = Result<LevelUpdate, FeedError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for LevelStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LevelStream").finish_non_exhaustive()
    }
}

struct Levels {
    line: Line,
    versions: Versions,
    /// Updates of the last message that are yet to be told.
    updates: VecDeque<LevelUpdate>,
    snapshot: Snapshot,
}

/// How far the present connection's snapshot is.
enum Snapshot {
    /// No page has come, so nobody knows yet whether it replaces what was told: the newest level of each key that a
    /// delta brought waits.
    Awaited(HashMap<(String, String), LevelView>),
    /// Some pages have come. The cursor stays where it was: a snapshot that is cut is asked for again.
    Begun,
    /// All have.
    Complete,
}

impl Levels {
    fn new(line: Line) -> Self {
        let snapshot = Snapshot::Awaited(HashMap::new());
        Self { line, versions: Versions::default(), updates: VecDeque::new(), snapshot }
    }

    async fn next(&mut self) -> Result<LevelUpdate, FeedError> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                return Ok(update);
            }
            match self.line.hear().await? {
                Heard::Subscribed { view, .. } => {
                    self.snapshot = Snapshot::Awaited(HashMap::new());
                    self.updates.push_back(LevelUpdate::Connected { view });
                    // Asked for without a cursor the snapshot is whole, and says so only by that.
                    if self.line.cursor().is_none() && !self.versions.is_empty() {
                        self.replace_all();
                    }
                }
                Heard::Message(ServerMessage::Snapshot { levels, done, cursor, full, .. }) => {
                    self.page(levels, full, done.then_some(cursor))?;
                }
                Heard::Message(ServerMessage::Delta { levels, cursor, .. }) => {
                    self.delta(levels, &cursor)?;
                }
                Heard::Message(_) | Heard::Gap { .. } => {
                    // A message that this subscription did not ask for.
                }
                Heard::Lost { reason, again_in } => {
                    self.updates.push_back(LevelUpdate::Lost { reason, again_in });
                }
            }
        }
    }

    /// One page; the last one brings the cursor.
    fn page(
        &mut self,
        levels: Vec<LevelView>,
        full: bool,
        last: Option<String>,
    ) -> Result<(), FeedError> {
        if let Snapshot::Awaited(early) = std::mem::replace(&mut self.snapshot, Snapshot::Begun) {
            if full && !self.has_nothing_to_replace() {
                self.replace_all();
            }
            early.into_values().for_each(|level| self.tell(level));
        }
        levels.into_iter().for_each(|level| self.tell(level));
        if let Some(cursor) = last {
            self.line.resume_from(&cursor)?;
            self.snapshot = Snapshot::Complete;
            self.updates.push_back(LevelUpdate::Complete { cursor });
        }
        Ok(())
    }

    fn delta(&mut self, levels: Vec<LevelView>, cursor: &str) -> Result<(), FeedError> {
        match &mut self.snapshot {
            Snapshot::Awaited(early) => {
                for level in levels {
                    let key = (level.sku().to_owned(), level.location().to_owned());
                    match early.get(&key) {
                        Some(known) if known.version() >= level.version() => {}
                        _ => drop(early.insert(key, level)),
                    }
                }
            }
            Snapshot::Begun => levels.into_iter().for_each(|level| self.tell(level)),
            Snapshot::Complete => {
                levels.into_iter().for_each(|level| self.tell(level));
                self.line.resume_from(cursor)?;
            }
        }
        Ok(())
    }

    /// What is told from here on replaces all. Until it is complete there is no cursor to resume from.
    fn replace_all(&mut self) {
        self.line.forget_cursor();
        self.versions.forget_all();
        self.updates.push_back(LevelUpdate::Full);
    }

    /// Without a cursor of the caller's and without a level told there is nothing that a full snapshot replaces.
    fn has_nothing_to_replace(&self) -> bool {
        self.line.cursor().is_none() && self.versions.is_empty()
    }

    fn tell(&mut self, level: LevelView) {
        if self.versions.take(level.sku(), level.location(), level.version()) {
            self.updates.push_back(LevelUpdate::Level(level));
        }
    }
}
