//! The subscriptions of one connection: their names, their limits, and how far each has been told.

use std::sync::Arc;

use saldo_protocol::{Code, EARLIEST, FeedMode, FrameId, ServerMessage, Subscribe};

use super::allowed::Allowed;
use super::catch_up::{CatchUp, Next};
use super::checks::check;
use super::form::{Form, Outgoing, Page, text_of};
use super::incoming::Misunderstood;
use super::limits::SocketLimits;
use super::source::Source;
use super::walk::Walk;
use crate::feed::{
    Batch, CatchUpFault, Delta, EventsPage, Outbox, Selection, Subscription, SubscriptionId, View,
};

/// Before the first event of the journal: to go on from here is to be told everything.
const BEGINNING: u64 = 0;

/// All subscriptions of a connection, as many as `feed_subscriptions_max` allows: few enough to look through.
pub(super) struct Subscriptions<E> {
    source: E,
    form: Form,
    allowed: Allowed,
    limits: SocketLimits,
    outbox: Arc<Outbox>,
    active: Vec<Active>,
}

struct Active {
    name: FrameId,
    subscription: Subscription,
    /// Going on from here would miss nothing of what the client was not told. Of levels it stays where it was
    /// until the snapshot is complete: a client that was told half of it knows nothing of the other half.
    told: u64,
    mode: Mode,
}

enum Mode {
    Levels {
        view: View,
        /// Whether the client gave a cursor, and is told that it gets all levels nevertheless.
        full: bool,
        /// Everything up to here is in the snapshot.
        began: u64,
        /// Whether the last page of the snapshot was told.
        complete: bool,
    },
    Events,
}

/// What a new subscription is told first, and what is to be read for it.
pub(super) struct Begun {
    pub(super) told: Vec<Outgoing>,
    pub(super) reading: Option<Reading>,
}

/// What is read for a subscription, page by page.
#[derive(Debug)]
pub(super) enum Reading {
    Levels(Walk),
    Events(CatchUp),
}

impl Reading {
    pub(super) const fn subscription(&self) -> SubscriptionId {
        match self {
            Self::Levels(walk) => walk.subscription,
            Self::Events(catch_up) => catch_up.subscription,
        }
    }
}

impl<E: Source> Subscriptions<E> {
    pub(super) fn new(source: E, form: Form, allowed: Allowed, limits: SocketLimits) -> Self {
        let outbox = Outbox::new(limits.room);
        Self { source, form, allowed, limits, outbox, active: Vec::new() }
    }

    /// What waits for this connection.
    pub(super) const fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Where the whole connection can be resumed without missing anything.
    pub(super) fn resume_cursor(&self) -> Option<String> {
        let told = self.active.iter().map(|active| active.told).min()?;
        Some(self.source.cursor(told))
    }

    /// Begins a subscription.
    pub(super) fn subscribe(&mut self, wanted: Subscribe) -> Result<Begun, Misunderstood> {
        let names = self.active.iter().map(|active| &active.name);
        check(&wanted, names, self.allowed, &self.limits)?;
        let Subscribe { id: name, skus, sku_prefixes, locations, cursor, mode, view } = wanted;
        let selection = Selection::new(
            skus.map(|list| list.into_iter().map(saldo_protocol::Sku::into_boxed_str).collect()),
            sku_prefixes.map(|list| {
                list.into_iter().map(saldo_protocol::SkuPrefix::into_boxed_str).collect()
            }),
            locations.map(|list| {
                list.into_iter().map(saldo_protocol::Location::into_boxed_str).collect()
            }),
        );
        let cursor = cursor.as_ref().map(saldo_protocol::Cursor::as_str);
        Ok(match mode {
            FeedMode::Levels => {
                let view = self.allowed.view(view.map(view_of));
                self.subscribe_to_levels(name, selection, view, cursor)
            }
            FeedMode::Events => self.subscribe_to_events(name, selection, cursor),
        })
    }

    fn subscribe_to_levels(
        &mut self,
        name: FrameId,
        selection: Selection,
        view: View,
        cursor: Option<&str>,
    ) -> Begun {
        let subscription = self.source.feed().subscribe(&self.outbox, selection, view);
        // The first page tells whether the client has to forget what it knew.
        self.outbox.hold(subscription.id());
        // After it, so that what becomes durable from here on comes as a delta.
        let began = self.source.durable_sequence();
        let place = cursor.and_then(|cursor| self.source.place(cursor));
        let since = place.filter(|place| *place <= began);
        let told = since.unwrap_or(BEGINNING);
        // A client that comes back from the beginning may have been cut off in the middle of such a snapshot.
        let full = cursor.is_some() && told == BEGINNING;
        let walk = Walk::new(subscription.id(), Arc::clone(subscription.selection()), told);
        let subscribed = self.subscribed(&name, told, wire_view(view));
        let mode = Mode::Levels { view, full, began, complete: false };
        self.active.push(Active { name, subscription, told, mode });
        Begun { told: vec![subscribed], reading: Some(Reading::Levels(walk)) }
    }

    fn subscribe_to_events(
        &mut self,
        name: FrameId,
        selection: Selection,
        cursor: Option<&str>,
    ) -> Begun {
        let (earliest, durable) = (self.source.earliest_sequence(), self.source.durable_sequence());
        let exact = saldo_protocol::View::Exact;
        let after = match cursor {
            None => Some(durable),
            Some(EARLIEST) => Some(earliest.saturating_sub(1)),
            Some(cursor) => self
                .source
                .place(cursor)
                .filter(|place| *place <= durable && *place >= earliest.saturating_sub(1)),
        };
        let Some(after) = after else {
            // With the client's own cursor: who is cut off before the gap comes back to it, and is told then.
            let subscribed = self.form.message(&ServerMessage::Subscribed {
                id: name.as_str().to_owned(),
                cursor: cursor.unwrap_or(EARLIEST).to_owned(),
                view: exact,
            });
            return Begun { told: vec![subscribed, self.gap(&name)], reading: None };
        };
        let subscription = self.source.feed().follow(&self.outbox, selection);
        let id = subscription.id();
        let catch_up = CatchUp::new(id, Arc::clone(subscription.selection()), after);
        let subscribed = self.subscribed(&name, after, exact);
        self.active.push(Active { name, subscription, told: after, mode: Mode::Events });
        // From now on: there is nothing to read before the live events.
        let reading = match cursor {
            None => self.proceed(catch_up, Next::Join),
            Some(_) => Some(catch_up),
        };
        Begun { told: vec![subscribed], reading: reading.map(Reading::Events) }
    }

    /// Ends a subscription: the `unsubscribed` message, after which nothing of it is said.
    pub(super) fn unsubscribe(&mut self, name: FrameId) -> Result<Outgoing, Misunderstood> {
        let Some(at) = self.active.iter().position(|active| active.name == name) else {
            let detail = format!("there is no subscription {:?} on this connection", name.as_str());
            return Err(Misunderstood::malformed(Some(name), &detail));
        };
        self.active.remove(at);
        let id = text_of(name);
        Ok(self.form.message(&ServerMessage::Unsubscribed { id }))
    }

    /// Whether the subscription has not ended.
    pub(super) fn has(&self, id: SubscriptionId) -> bool {
        self.position(id).is_some()
    }

    /// A page of a snapshot; none where the subscription has ended, or there is nothing to say.
    pub(super) fn page(&mut self, walk: &Walk, levels: &[saldo_ledger::Level]) -> Option<Outgoing> {
        let done = walk.is_done();
        let at = self.position(walk.subscription)?;
        let active = &mut self.active[at];
        let Mode::Levels { view, full, began, complete } = &mut active.mode else {
            return None;
        };
        if levels.is_empty() && !done {
            return None;
        }
        if done {
            *complete = true;
            active.told = *began;
        }
        let (view, full, told) = (*view, *full, active.told);
        let thresholds = self.source.feed().thresholds();
        let words: Vec<Vec<u8>> = levels
            .iter()
            .map(|level| {
                let band = thresholds.band(level);
                let band = self.outbox.told(walk.subscription, &level.key, level.version, band);
                self.form.level(level, band, view)
            })
            .collect();
        self.outbox.release(walk.subscription);
        let cursor = self.source.cursor(told);
        let id = self.active[at].name.as_str();
        Some(self.form.snapshot(Page { done, cursor, full, id }, &words))
    }

    /// A delta; none where the subscription has ended, or there is nothing to say. `dispatched` was read from the
    /// hub before the delta was taken from the outbox.
    pub(super) fn delta(&mut self, delta: &Delta, dispatched: u64) -> Option<Outgoing> {
        let form = self.form;
        let at = self.position(delta.subscription)?;
        let active = &mut self.active[at];
        let Mode::Levels { view, complete, .. } = active.mode else {
            return None;
        };
        if delta.drained && complete {
            active.told = active.told.max(dispatched);
        }
        if delta.levels.is_empty() {
            return None;
        }
        let words: Vec<&[u8]> =
            delta.levels.iter().map(|level| form.shared_level(level, view)).collect();
        let cursor = self.source.cursor(active.told);
        Some(form.delta(active.name.as_str(), &words, cursor))
    }

    /// Live events; none where there is nothing to say. Where the subscription has fallen behind, what is to be
    /// read now.
    pub(super) fn batch(&mut self, batch: &Batch) -> (Vec<Outgoing>, Option<Reading>) {
        let Some(at) = self.position(batch.subscription) else {
            return (Vec::new(), None);
        };
        let (source, form, active) = (&self.source, self.form, &mut self.active[at]);
        // Those before the place from which the client wanted to hear are not news to it.
        let told = active.told;
        let news: Vec<_> =
            batch.events.iter().filter(|event| event.movement().sequence > told).collect();
        let words: Vec<&[u8]> = news
            .iter()
            .map(|event| form.shared_event(event, |sequence| source.cursor(sequence)))
            .collect();
        let mut messages = Vec::new();
        if let Some(last) = news.last() {
            active.told = last.movement().sequence;
            let cursor = source.cursor(active.told);
            messages.push(form.events(active.name.as_str(), &words, cursor));
        }
        let reading = batch.behind_from.map(|from| {
            let selection = Arc::clone(active.subscription.selection());
            let after = from.saturating_sub(1).max(active.told);
            Reading::Events(CatchUp::new(batch.subscription, selection, after))
        });
        (messages, reading)
    }

    /// A page of events from the journal, and how to read on.
    pub(super) fn events(
        &mut self,
        catch_up: CatchUp,
        page: &EventsPage,
    ) -> (Vec<Outgoing>, Option<Reading>) {
        let Some(at) = self.position(catch_up.subscription) else {
            return (Vec::new(), None);
        };
        let (source, form, active) = (&self.source, self.form, &mut self.active[at]);
        let messages = page
            .events
            .chunks(self.limits.snapshot_levels)
            .filter_map(|events| {
                let last = events.last()?.sequence;
                let words: Vec<Vec<u8>> = events
                    .iter()
                    .map(|movement| form.event(movement, source.cursor(movement.sequence)))
                    .collect();
                Some(form.events(active.name.as_str(), &words, source.cursor(last)))
            })
            .collect();
        active.told = active.told.max(page.read_to);
        let next = catch_up.next(page);
        (messages, self.proceed(catch_up, next).map(Reading::Events))
    }

    /// Takes the step that follows a page: what is to be read on, if anything.
    fn proceed(&self, mut catch_up: CatchUp, mut next: Next) -> Option<CatchUp> {
        let at = self.position(catch_up.subscription)?;
        if next == Next::Join {
            next = catch_up.joined(self.active[at].subscription.join());
        }
        if next == Next::Release && self.outbox.release(catch_up.subscription) {
            return None;
        }
        if next == Next::Release {
            catch_up.rejoin();
        }
        Some(catch_up)
    }

    /// Ends a subscription whose events cannot be read, and says why.
    pub(super) fn lost(&mut self, id: SubscriptionId, fault: &CatchUpFault) -> Option<Outgoing> {
        if let CatchUpFault::Gone { .. } = fault {
            let at = self.position(id)?;
            let active = self.active.remove(at);
            return Some(self.gap(&active.name));
        }
        tracing::error!(%fault, "events cannot be read");
        self.fail(id, Code::NotReady)
    }

    /// Ends a subscription for which nothing can be read, and says so.
    pub(super) fn fail(&mut self, id: SubscriptionId, code: Code) -> Option<Outgoing> {
        let at = self.position(id)?;
        let active = self.active.remove(at);
        let detail = "what the subscription selects cannot be read at present and it has ended: \
                      subscribe again"
            .to_owned();
        Some(self.form.error(Misunderstood { id: Some(active.name), code, detail }))
    }

    fn subscribed(&self, name: &FrameId, at: u64, view: saldo_protocol::View) -> Outgoing {
        self.form.message(&ServerMessage::Subscribed {
            id: name.as_str().to_owned(),
            cursor: self.source.cursor(at),
            view,
        })
    }

    fn gap(&self, name: &FrameId) -> Outgoing {
        let earliest = self.source.earliest_sequence().saturating_sub(1);
        self.form.message(&ServerMessage::Gap {
            id: name.as_str().to_owned(),
            earliest: self.source.cursor(earliest),
        })
    }

    fn position(&self, id: SubscriptionId) -> Option<usize> {
        self.active.iter().position(|active| active.subscription.id() == id)
    }
}

const fn view_of(view: saldo_protocol::View) -> View {
    match view {
        saldo_protocol::View::Exact => View::Exact,
        saldo_protocol::View::Banded => View::Banded,
        saldo_protocol::View::Boolean => View::Boolean,
    }
}

const fn wire_view(view: View) -> saldo_protocol::View {
    match view {
        View::Exact => saldo_protocol::View::Exact,
        View::Banded => saldo_protocol::View::Banded,
        View::Boolean => saldo_protocol::View::Boolean,
    }
}
