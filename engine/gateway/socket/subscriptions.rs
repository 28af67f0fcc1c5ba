//! The subscriptions of one connection: their names, their limits, and how far each has been told.

use std::sync::Arc;

use saldo_protocol::{Code, FeedMode, FrameId, ServerMessage, Subscribe};

use super::incoming::Misunderstood;
use super::limits::SocketLimits;
use super::messages::{self, LevelsMessage, text_of};
use super::source::Source;
use super::walk::Walk;
use crate::feed::{Delta, Outbox, Selection, Subscription, SubscriptionId};

/// Before the first event of the journal: to go on from here is to be told everything.
const BEGINNING: u64 = 0;

/// All subscriptions of a connection, as many as `feed_subscriptions_max` allows: few enough to look through.
pub(super) struct Subscriptions<E> {
    source: E,
    limits: SocketLimits,
    outbox: Arc<Outbox>,
    active: Vec<Active>,
}

struct Active {
    name: FrameId,
    subscription: Subscription,
    /// Whether the client gave a cursor, and is told that it gets all levels nevertheless.
    full: bool,
    /// Everything up to here is in the snapshot.
    began: u64,
    /// Going on from here would miss nothing of what the client was not told. It is the beginning until the
    /// snapshot is complete: a client that was told half of it knows nothing of the other half.
    told: u64,
    /// Whether the last page of the snapshot was told.
    complete: bool,
}

impl<E: Source> Subscriptions<E> {
    pub(super) fn new(source: E, limits: SocketLimits) -> Self {
        Self { source, limits, outbox: Outbox::new(limits.pending_levels_max), active: Vec::new() }
    }

    /// What waits for this connection.
    pub(super) const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Begins a subscription: the `subscribed` message, and the snapshot to be walked.
    pub(super) fn subscribe(&mut self, wanted: Subscribe) -> Result<(String, Walk), Misunderstood> {
        self.check(&wanted)?;
        let Subscribe { id: name, skus, sku_prefixes, locations, cursor, .. } = wanted;
        let selection = Selection::new(
            skus.map(|list| list.into_iter().map(saldo_protocol::Sku::into_boxed_str).collect()),
            sku_prefixes.map(|list| {
                list.into_iter().map(saldo_protocol::SkuPrefix::into_boxed_str).collect()
            }),
            locations.map(|list| {
                list.into_iter().map(saldo_protocol::Location::into_boxed_str).collect()
            }),
        );
        let subscription = self.source.feed().subscribe(&self.outbox, selection);
        // After it, so that what becomes durable from here on comes as a delta.
        let began = self.source.durable_sequence();
        let walk = Walk::new(subscription.id(), Arc::clone(subscription.selection()));
        let subscribed = messages::message(&ServerMessage::Subscribed {
            id: name.as_str().to_owned(),
            cursor: self.source.cursor(BEGINNING),
        });
        self.active.push(Active {
            name,
            subscription,
            full: cursor.is_some(),
            began,
            told: BEGINNING,
            complete: false,
        });
        Ok((subscribed, walk))
    }

    /// Ends a subscription: the `unsubscribed` message, after which nothing of it is said.
    pub(super) fn unsubscribe(&mut self, name: FrameId) -> Result<String, Misunderstood> {
        let Some(at) = self.active.iter().position(|active| active.name == name) else {
            return Err(Misunderstood {
                code: Code::Malformed,
                detail: format!("there is no subscription {:?} on this connection", name.as_str()),
                id: Some(name),
            });
        };
        self.active.remove(at);
        let id = text_of(name);
        Ok(messages::message(&ServerMessage::Unsubscribed { id }))
    }

    /// Whether the subscription has not ended.
    pub(super) fn has(&self, id: SubscriptionId) -> bool {
        self.position(id).is_some()
    }

    /// A page of a snapshot; none where the subscription has ended, or there is nothing to say.
    pub(super) fn page(&mut self, walk: &Walk, levels: &[saldo_ledger::Level]) -> Option<String> {
        let done = walk.is_done();
        let active = self.find(walk.subscription)?;
        if levels.is_empty() && !done {
            return None;
        }
        if done {
            active.complete = true;
            active.told = active.began;
        }
        let mut page = LevelsMessage::snapshot(&active.name, levels.len());
        for level in levels {
            page.push(&messages::level(level));
        }
        let (told, full) = (active.told, active.full);
        Some(page.page(done, &self.source.cursor(told), full))
    }

    /// A delta; none where the subscription has ended. `dispatched` was read from the hub before the delta was
    /// taken from the outbox.
    pub(super) fn delta(&mut self, delta: &Delta, dispatched: u64) -> Option<String> {
        let active = self.find(delta.subscription)?;
        if delta.drained && active.complete {
            active.told = active.told.max(dispatched);
        }
        let mut message = LevelsMessage::delta(&active.name, delta.levels.len());
        for level in &delta.levels {
            message.push(level.json(messages::level));
        }
        let told = active.told;
        Some(message.changes(&self.source.cursor(told)))
    }

    /// Ends a subscription whose snapshot cannot be read; its error.
    pub(super) fn fail(&mut self, id: SubscriptionId, code: Code) -> Option<Misunderstood> {
        let at = self.position(id)?;
        let active = self.active.remove(at);
        Some(Misunderstood {
            id: Some(active.name),
            code,
            detail: "the snapshot cannot be read at present and the subscription has ended: \
                     subscribe again"
                .to_owned(),
        })
    }

    fn check(&self, wanted: &Subscribe) -> Result<(), Misunderstood> {
        let name = || Some(wanted.id.clone());
        let malformed =
            |detail: String| Misunderstood { id: name(), code: Code::Malformed, detail };
        if wanted.mode != FeedMode::Levels {
            return Err(malformed("only the mode `levels` can be subscribed to".to_owned()));
        }
        if self.active.iter().any(|active| active.name == wanted.id) {
            let name = wanted.id.as_str();
            return Err(malformed(format!(
                "{name:?} is subscribed already on this connection: unsubscribe first, or use another id"
            )));
        }
        let subscriptions_max = self.limits.subscriptions_max;
        if self.active.len() >= subscriptions_max {
            let detail = format!("a connection has at most {subscriptions_max} subscriptions");
            return Err(Misunderstood::limit_exceeded(wanted.id.clone(), detail));
        }
        let entries_max = self.limits.skus_max;
        for (field, entries) in [
            ("skus", wanted.skus.as_ref().map(Vec::len)),
            ("sku_prefixes", wanted.sku_prefixes.as_ref().map(Vec::len)),
            ("locations", wanted.locations.as_ref().map(Vec::len)),
        ] {
            match entries {
                Some(0) => {
                    return Err(malformed(format!(
                        "`{field}` must have at least 1 entry, found 0: leave it out for all"
                    )));
                }
                Some(found) if found > entries_max => {
                    let detail =
                        format!("`{field}` has {found} entries, at most {entries_max} are allowed");
                    return Err(Misunderstood::limit_exceeded(wanted.id.clone(), detail));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn find(&mut self, id: SubscriptionId) -> Option<&mut Active> {
        let at = self.position(id)?;
        self.active.get_mut(at)
    }

    fn position(&self, id: SubscriptionId) -> Option<usize> {
        self.active.iter().position(|active| active.subscription.id() == id)
    }
}
