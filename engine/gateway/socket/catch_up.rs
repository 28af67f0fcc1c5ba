//! A subscription to events that is behind: it reads the journal, page after page, until it has seen its end,
//! joins the live events, and reads on up to where it joined. What came in meanwhile waits in the outbox.

use std::sync::Arc;

use super::source::Source;
use crate::feed::{CatchUpFault, EventsPage, Selection, SubscriptionId};

/// Where the reading stands.
#[derive(Debug)]
pub(super) struct CatchUp {
    pub(super) subscription: SubscriptionId,
    selection: Arc<Selection>,
    /// Everything up to here was told.
    after: u64,
    /// Events behind this place come live, once it has joined.
    joined_at: Option<u64>,
}

/// What is to be done after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Read on.
    Read,
    /// Join the live events.
    Join,
    /// Everything up to the live events was told: let them be taken.
    Release,
}

impl CatchUp {
    pub(super) const fn new(
        subscription: SubscriptionId,
        selection: Arc<Selection>,
        after: u64,
    ) -> Self {
        Self { subscription, selection, after, joined_at: None }
    }

    /// The next page.
    pub(super) async fn page<E: Source>(
        &mut self,
        source: &E,
        limit: usize,
    ) -> Result<EventsPage, CatchUpFault> {
        let until = self.joined_at.unwrap_or(u64::MAX);
        let selection = Arc::clone(&self.selection);
        let page = source.events(self.after, until, selection, limit).await?;
        self.after = page.read_to;
        Ok(page)
    }

    pub(super) fn next(&self, page: &EventsPage) -> Next {
        match self.joined_at {
            Some(joined_at) if self.after >= joined_at => Next::Release,
            None if page.is_end => Next::Join,
            _ => Next::Read,
        }
    }

    /// Notes that the live events behind this place are kept. What is to be done now.
    pub(super) fn joined(&mut self, at: u64) -> Next {
        self.joined_at = Some(at);
        if self.after >= at { Next::Release } else { Next::Read }
    }

    /// Live events were lost while it read: it has to join again.
    pub(super) fn rejoin(&mut self) {
        self.joined_at = None;
    }
}
