//! Live events: one thread reads the journal's end on behalf of everyone who has caught up with it, so that each
//! event is read and put into words once, however many follow.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;

use super::event::SharedEvent;
use super::hub::Shared;
use super::index::Index;
use super::outbox::{Outbox, SubscriptionId};
use super::selection::Selection;
use crate::actor::history::movement;
use crate::clock;
use crate::journal::group::{Tale, tell};
use crate::journal::record_of::RecordError;
use crate::journal::{OwnedRecord, Records};
use crate::store::replay::Back;

/// While it has more to read than it can, it leaves as much time to others as it takes.
const REST_MAX: Duration = Duration::from_millis(2);

/// Who has caught up, and up to where they were told.
#[derive(Debug)]
pub(super) struct Live {
    index: Index,
    told: u64,
}

impl Live {
    pub(super) fn new() -> Self {
        Self { index: Index::new(), told: 0 }
    }

    /// Everything up to here is in the outboxes of those who follow.
    pub(super) const fn told(&self) -> u64 {
        self.told
    }

    /// Adds one who follows. The first one begins at the durable end.
    pub(super) fn add(
        &mut self,
        id: SubscriptionId,
        outbox: &Arc<Outbox>,
        selection: &Selection,
        durable: u64,
    ) {
        if self.index.len() == 0 {
            self.told = self.told.max(durable);
        }
        self.index.add(id, outbox, selection);
    }

    pub(super) fn remove(&mut self, id: SubscriptionId, selection: &Selection) {
        self.index.remove(id, selection);
    }

    /// Puts the events of a record into the outboxes of those who hear of their keys.
    fn tell(&mut self, record: &OwnedRecord) -> Result<(), RecordError> {
        tell(&record.payload, record.first_sequence, |tale| {
            let Tale::Event(told) = tale else {
                return Ok::<_, RecordError>(());
            };
            if told.sequence <= self.told {
                return Ok(());
            }
            let key = told.key;
            let mut told = Some(Back::from(told));
            let mut shared: Option<Arc<SharedEvent>> = None;
            self.index.listeners(key, |id, outbox| {
                // Made only if someone hears of the key.
                if let Some(back) = told.take() {
                    shared = Some(Arc::new(SharedEvent::new(movement(key, back))));
                }
                if let Some(event) = &shared {
                    outbox.offer_event(id, event);
                }
            });
            Ok(())
        })?;
        self.told = self.told.max(record.first_sequence + u64::from(record.count) - 1);
        Ok(())
    }

    /// Puts events into the outboxes that no record holds.
    #[cfg(test)]
    pub(super) fn tell_by_hand(&mut self, events: &[crate::actor::call::Movement]) {
        for event in events.iter().filter(|event| event.sequence > self.told) {
            let shared = Arc::new(SharedEvent::new(event.clone()));
            self.index.listeners(&event.key, |id, outbox| {
                outbox.offer_event(id, &shared);
            });
        }
        self.told = events.last().map_or(self.told, |last| self.told.max(last.sequence));
    }

    /// Sends everyone who follows to the journal itself, from the first event that was not told.
    pub(super) fn send_to_journal(&mut self, durable: u64) {
        let from = self.told + 1;
        self.index.each(|id, outbox| outbox.cut_events(id, from));
        self.told = self.told.max(durable);
    }
}

/// Tells events until the hub stops.
pub(super) fn run(shared: &Shared) {
    let mut records: Option<Records> = None;
    loop {
        let told = shared.live.lock().told;
        let Some(durable) = shared.wait_live(told) else {
            return;
        };
        let Some(reader) = shared.reader.get() else {
            return;
        };
        let next = match records.take() {
            Some(records) if records.next_sequence() == told + 1 => records,
            _ => reader.records_from(told + 1),
        };
        let began_us = clock::monotonic_us();
        let record = records.insert(next).next();
        let mut live = shared.live.lock();
        if live.index.len() == 0 {
            // Nobody is left: whoever comes next begins at the end that there is then.
            live.told = live.told.max(durable);
            continue;
        }
        let outcome = match record {
            None => continue,
            Some(Ok(record)) => live.tell(&record).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
        };
        if let Err(error) = outcome {
            tracing::error!(
                error,
                "events cannot be told live; their readers are sent to the journal"
            );
            records = None;
            live.send_to_journal(durable);
        }
        let behind = live.told < durable;
        MutexGuard::unlock_fair(live);
        if behind {
            let took = Duration::from_micros(clock::monotonic_us() - began_us);
            shared.rest_live(took.min(REST_MAX));
        }
    }
}
