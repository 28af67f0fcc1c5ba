//! What there is to show, from either mode of the feed.

use std::time::Duration;

use futures_util::{StreamExt, stream::BoxStream};
use saldo_protocol::{
    FeedMode, LevelView, Movement, Subscribe, View,
    client::{ClientConfig, EventStream, EventUpdate, FeedError, LevelStream, LevelUpdate},
};

/// One thing to show.
#[derive(Clone, Debug)]
pub enum News {
    /// The subscription stands; levels come in this view.
    Connected { view: View },
    /// A newer level.
    Level(LevelView),
    /// The levels that follow replace all.
    Full,
    /// All levels have been told; from here on they are changes.
    Complete,
    /// The next event.
    Event(Movement),
    /// Events before this cursor are missing.
    Gap { earliest: String },
    /// There is no connection; the next attempt comes by itself.
    Lost { reason: FeedError, again_in: Duration },
}

/// What there is to show, as it comes. An error is the end.
pub type NewsStream = BoxStream<'static, Result<News, FeedError>>;

/// Follows what is subscribed to.
pub fn of(config: ClientConfig, subscribe: Subscribe) -> NewsStream {
    match subscribe.mode {
        FeedMode::Levels => {
            LevelStream::follow(config, subscribe).map(|update| update.map(News::from)).boxed()
        }
        FeedMode::Events => {
            EventStream::follow(config, subscribe).map(|update| update.map(News::from)).boxed()
        }
    }
}

impl From<LevelUpdate> for News {
    fn from(update: LevelUpdate) -> Self {
        match update {
            LevelUpdate::Connected { view } => Self::Connected { view },
            LevelUpdate::Level(level) => Self::Level(level),
            LevelUpdate::Full => Self::Full,
            LevelUpdate::Complete { .. } => Self::Complete,
            LevelUpdate::Lost { reason, again_in } => Self::Lost { reason, again_in },
        }
    }
}

impl From<EventUpdate> for News {
    fn from(update: EventUpdate) -> Self {
        match update {
            EventUpdate::Connected { .. } => Self::Connected { view: View::Exact },
            EventUpdate::Event(event) => Self::Event(event),
            EventUpdate::Gap { earliest } => Self::Gap { earliest },
            EventUpdate::Lost { reason, again_in } => Self::Lost { reason, again_in },
        }
    }
}

/// Why there is no connection, without advice that the stream follows by itself.
pub fn why(reason: &FeedError) -> String {
    match reason {
        FeedError::Closed { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}
