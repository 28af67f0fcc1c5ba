//! A subscription that keeps the newest level of each key, as a webshop does.

use std::collections::BTreeMap;

use saldo_protocol::client::{FeedClient, Subscription};
use saldo_protocol::{FrameId, Level, LevelView, ServerMessage, Subscribe};

use crate::harness::wait::within;

/// The newest levels by SKU and location.
type Levels = BTreeMap<(String, String), Level>;

/// A subscription in mode `levels`, read message by message.
#[derive(Debug)]
pub struct Follower {
    subscription: Subscription,
    levels: Levels,
}

impl Follower {
    /// Subscribes to everything and reads the snapshot.
    pub async fn of_everything(feed: &FeedClient) -> Self {
        let id = FrameId::new("all").expect("a name");
        Self::of(feed, Subscribe::all(id)).await
    }

    /// Subscribes and reads the snapshot.
    ///
    /// # Panics
    /// Where the engine refuses.
    pub async fn of(feed: &FeedClient, subscribe: Subscribe) -> Self {
        let subscription =
            within("a subscription", feed.subscribe(subscribe)).await.expect("a subscription");
        let mut follower = Self { subscription, levels: Levels::new() };
        while !follower.read().await {}
        follower
    }

    /// Reads on until the key's level fits, and gives it.
    pub async fn until(
        &mut self,
        sku: &str,
        location: &str,
        fits: impl Fn(&Level) -> bool,
    ) -> Level {
        let key = (sku.to_owned(), location.to_owned());
        let what = format!("a level of {sku} at {location}");
        within(&what, async {
            loop {
                if let Some(level) = self.levels.get(&key).filter(|level| fits(level)) {
                    return level.clone();
                }
                self.read().await;
            }
        })
        .await
    }

    /// The newest level of a key.
    #[must_use]
    pub fn level(&self, sku: &str, location: &str) -> Option<&Level> {
        self.levels.get(&(sku.to_owned(), location.to_owned()))
    }

    /// How many keys were heard of.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.levels.len()
    }

    /// Reads one message; true for the snapshot's last page.
    async fn read(&mut self) -> bool {
        let message = within("a message of the feed", self.subscription.next_message()).await;
        match message {
            Some(Ok(ServerMessage::Snapshot { levels, done, .. })) => {
                self.keep(levels, false);
                done
            }
            Some(Ok(ServerMessage::Delta { levels, .. })) => {
                self.keep(levels, true);
                false
            }
            other => panic!("neither a snapshot nor a delta: {other:?}"),
        }
    }

    fn keep(&mut self, levels: Vec<LevelView>, is_delta: bool) {
        for level in levels {
            let level = level.into_exact().expect("the view is exact");
            let key = (level.sku.clone(), level.location.clone());
            match self.levels.get(&key) {
                Some(known) if known.version >= level.version => {
                    // Between a snapshot's pages a delta may be ahead of them, never behind another delta.
                    assert!(
                        !is_delta || known.version == level.version,
                        "a version fell: {level:?}"
                    );
                }
                _ => {
                    self.levels.insert(key, level);
                }
            }
        }
    }
}
