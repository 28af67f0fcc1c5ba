//! The writing half: everything that is sent, in one place, so that nothing of a subscription comes before its
//! `subscribed` or after its `unsubscribed`. A client that does not read stops its own connection and no other.

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;

use futures_util::{Sink, SinkExt};
use saldo_ledger::{Level, Refusal};
use saldo_protocol::{FrameId, ServerMessage, Subscribe};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

use super::allowed::Allowed;
use super::closing::Ending;
use super::form::{Form, Outgoing};
use super::incoming::Misunderstood;
use super::limits::SocketLimits;
use super::source::Source;
use super::subscriptions::{Reading, Subscriptions};
use crate::feed::{CatchUpFault, EventsPage, Hub, Outbox, Taken};
use crate::gateway::refusal;

/// Answers written in a row before deltas and snapshots have their turn.
const ANSWERS_IN_A_ROW_MAX: usize = 64;

/// Room, in messages, that is kept for the next turn.
const OUT_KEPT: usize = 4;

/// What the reader asks of the writer, in the order of the frames. Small, for each connection has room for a row
/// of them.
#[derive(Debug)]
pub(super) enum Answer {
    Subscribe(Box<Subscribe>),
    Unsubscribe(FrameId),
    Pong,
    Error(Box<Misunderstood>),
    Replies {
        message: Box<Outgoing>,
        /// Lets the next frame begin once this one is written.
        permit: OwnedSemaphorePermit,
    },
}

/// What is written.
#[derive(Debug)]
pub(super) enum Sent {
    Message(Outgoing),
    Ping,
}

/// A page that was read.
#[derive(Debug)]
enum Found {
    Levels(Result<Vec<Level>, Refusal>),
    Events(Result<EventsPage, CatchUpFault>),
}

/// A page being read.
type PageRead = Pin<Box<dyn Future<Output = (Box<Reading>, Found)> + Send>>;

/// Writes until the connection ends.
pub(super) struct Writer<'a, E, K> {
    source: E,
    hub: Arc<Hub>,
    form: Form,
    limits: SocketLimits,
    asked: mpsc::Receiver<Answer>,
    sink: &'a mut K,
    subscriptions: Subscriptions<E>,
    outbox: Arc<Outbox>,
    pings: Interval,
    /// What is to be read for subscriptions; they take turns, a page each.
    readings: VecDeque<Box<Reading>>,
    page_read: Option<PageRead>,
    /// What the present turn writes. Everything is put here first and written in one place, so that a waiting
    /// connection keeps little.
    out: Vec<Sent>,
    /// Let the next frames begin once the turn is written.
    answered: Vec<OwnedSemaphorePermit>,
}

impl<'a, E, K> Writer<'a, E, K>
where
    E: Source,
    K: Sink<Sent> + Unpin,
{
    pub(super) fn new(
        source: E,
        form: Form,
        allowed: Allowed,
        limits: SocketLimits,
        asked: mpsc::Receiver<Answer>,
        sink: &'a mut K,
    ) -> Self {
        let subscriptions = Subscriptions::new(source.clone(), form, allowed, limits);
        let mut pings = interval(limits.ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once; a client that has just connected needs no ping.
        pings.reset();
        Self {
            hub: Arc::clone(source.feed()),
            source,
            form,
            limits,
            asked,
            sink,
            outbox: Arc::clone(subscriptions.outbox()),
            subscriptions,
            pings,
            readings: VecDeque::new(),
            page_read: None,
            out: Vec::new(),
            answered: Vec::new(),
        }
    }

    /// Why writing ended.
    pub(super) async fn run(mut self) -> Ending {
        loop {
            if let Err(ending) = self.turn().await {
                return ending;
            }
        }
    }

    async fn turn(&mut self) -> Result<(), Ending> {
        self.read_ahead();
        tokio::select! {
            answer = self.asked.recv() => match answer {
                Some(answer) => self.answers(answer),
                // The reader has ended and the last frame in flight is answered.
                None => return Err(Ending::Stopping),
            },
            () = self.outbox.ready() => self.take()?,
            (reading, found) = finished(&mut self.page_read) => {
                self.page_read = None;
                self.page(*reading, found);
            }
            _ = self.pings.tick() => self.out.push(Sent::Ping),
        }
        self.write().await
    }

    fn answers(&mut self, first: Answer) {
        self.answer(first);
        for _ in 1..ANSWERS_IN_A_ROW_MAX {
            let Ok(answer) = self.asked.try_recv() else {
                break;
            };
            self.answer(answer);
        }
    }

    fn answer(&mut self, answer: Answer) {
        let message = match answer {
            Answer::Replies { message, permit } => {
                self.answered.push(permit);
                *message
            }
            Answer::Pong => self.form.message(&ServerMessage::Pong),
            Answer::Error(misunderstood) => self.form.error(*misunderstood),
            Answer::Unsubscribe(name) => self
                .subscriptions
                .unsubscribe(name)
                .unwrap_or_else(|misunderstood| self.form.error(misunderstood)),
            Answer::Subscribe(subscribe) => match self.subscriptions.subscribe(*subscribe) {
                Ok(begun) => {
                    self.read(begun.reading);
                    return self.say(begun.told);
                }
                Err(misunderstood) => self.form.error(misunderstood),
            },
        };
        self.say([message]);
    }

    /// Tells what waits in the outbox.
    fn take(&mut self) -> Result<(), Ending> {
        // Before the outbox is looked at; see `Hub::dispatched`.
        let dispatched = self.hub.dispatched();
        let taken = self.outbox.take(self.limits.snapshot_levels).map_err(|lagging| {
            let cursor = self.subscriptions.resume_cursor();
            Ending::try_again(&lagging.to_string(), cursor.as_deref())
        })?;
        match taken {
            None => {}
            Some(Taken::Levels(delta)) => {
                let message = self.subscriptions.delta(&delta, dispatched);
                self.say(message);
            }
            Some(Taken::Events(batch)) => {
                let (messages, reading) = self.subscriptions.batch(&batch);
                self.read(reading);
                self.say(messages);
            }
        }
        Ok(())
    }

    fn page(&mut self, reading: Reading, found: Found) {
        let id = reading.subscription();
        if !self.subscriptions.has(id) {
            return;
        }
        match (reading, found) {
            (Reading::Levels(walk), Found::Levels(Ok(levels))) => {
                let message = self.subscriptions.page(&walk, &levels);
                if !walk.is_done() {
                    self.read(Some(Reading::Levels(walk)));
                }
                self.say(message);
            }
            (Reading::Events(catch_up), Found::Events(Ok(page))) => {
                let (messages, reading) = self.subscriptions.events(catch_up, &page);
                self.read(reading);
                self.say(messages);
            }
            (_, Found::Levels(Err(refused))) => {
                let failed = self.subscriptions.fail(id, refusal::code(refused.code));
                self.say(failed);
            }
            (_, Found::Events(Err(fault))) => {
                let lost = self.subscriptions.lost(id, &fault);
                self.say(lost);
            }
            // A reading finds what it reads.
            (Reading::Levels(_), Found::Events(Ok(_)))
            | (Reading::Events(_), Found::Levels(Ok(_))) => {}
        }
    }

    fn read(&mut self, reading: Option<Reading>) {
        self.readings.extend(reading.map(Box::new));
    }

    fn say(&mut self, messages: impl IntoIterator<Item = Outgoing>) {
        self.out.extend(messages.into_iter().map(Sent::Message));
    }

    /// Begins to read the next page, where one is wanted and none is being read.
    fn read_ahead(&mut self) {
        if self.page_read.is_some() {
            return;
        }
        let Some(reading) = self.readings.pop_front() else {
            return;
        };
        let (source, limit) = (self.source.clone(), self.limits.snapshot_levels);
        self.page_read = Some(Box::pin(async move {
            let mut reading = reading;
            let found = match &mut *reading {
                Reading::Levels(walk) => Found::Levels(walk.page(&source, limit).await),
                Reading::Events(catch_up) => Found::Events(catch_up.page(&source, limit).await),
            };
            (reading, found)
        }));
    }

    /// Writes what the turn said. A write that fails or gets nowhere ends the connection.
    async fn write(&mut self) -> Result<(), Ending> {
        let (sink, out) = (&mut *self.sink, &mut self.out);
        let written = timeout(self.limits.idle, async {
            for sent in out.drain(..) {
                sink.feed(sent).await?;
            }
            sink.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            return Err(Ending::Dead);
        }
        self.answered.clear();
        if self.out.capacity() > OUT_KEPT {
            self.out = Vec::new();
        }
        Ok(())
    }
}

/// Waits for what is under way; for ever where nothing is. Cancel-safe.
async fn finished<F: Future + Unpin>(under_way: &mut Option<F>) -> F::Output {
    match under_way {
        Some(future) => future.await,
        None => pending().await,
    }
}

// A channel's first block has room for 32 of them, in every connection.
const _: () = assert!(size_of::<Answer>() <= 32);
