//! What the journal's thread does with durable events: answers first, then the feed.

use std::sync::Arc;

use saldo_ledger::{Level, RefusalCode};
use tokio::sync::watch;

use crate::actor::message::{Notice, Waiting};
use crate::feed::Hub;
use crate::journal::{JournalError, Sink};

/// Hands durable events on. It never waits for anyone: answers go into their callers' slots, levels
/// into the feed's table of what changed.
pub struct Acknowledger {
    hub: Arc<Hub>,
    levels: Vec<Level>,
    failed: watch::Sender<Option<String>>,
}

impl Acknowledger {
    /// Tells `hub` of levels and `failed` of the journal's end.
    pub fn new(hub: Arc<Hub>, failed: watch::Sender<Option<String>>) -> Self {
        Self { hub, levels: Vec::new(), failed }
    }
}

impl Sink<Notice> for Acknowledger {
    fn durable(&mut self, up_to: u64, notices: &mut Vec<Notice>) {
        for notice in notices.drain(..) {
            self.levels.extend(notice.level);
            notice.answers.into_iter().for_each(Waiting::tell);
        }
        self.hub.publish(&mut self.levels.drain(..), up_to);
    }

    fn failed(&mut self, error: &JournalError, notices: &mut Vec<Notice>) {
        for answer in notices.drain(..).flat_map(|notice| notice.answers) {
            answer.tell_refused(RefusalCode::OutcomeUnknown);
        }
        self.failed.send_replace(Some(error.to_string()));
    }
}
