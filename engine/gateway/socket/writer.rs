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
use tokio::time::error::Elapsed;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::closing::Ending;
use super::incoming::Misunderstood;
use super::limits::SocketLimits;
use super::messages;
use super::source::Source;
use super::subscriptions::Subscriptions;
use super::walk::Walk;
use crate::feed::{Hub, Outbox};
use crate::gateway::refusal;

/// Answers written in a row before deltas and snapshots have their turn.
const ANSWERS_IN_A_ROW_MAX: usize = 64;

/// What the reader asks of the writer, in the order of the frames.
#[derive(Debug)]
pub(super) enum Answer {
    Subscribe(Subscribe),
    Unsubscribe(FrameId),
    Pong,
    Error(Misunderstood),
    Replies {
        text: String,
        /// Lets the next frame begin once this one is written.
        permit: OwnedSemaphorePermit,
    },
}

/// A page being read.
type Reading = Pin<Box<dyn Future<Output = (Walk, Result<Vec<Level>, Refusal>)> + Send>>;

/// Writes until the connection ends.
pub(super) struct Writer<'a, E, K> {
    source: E,
    hub: Arc<Hub>,
    limits: SocketLimits,
    asked: mpsc::Receiver<Answer>,
    sink: &'a mut K,
    subscriptions: Subscriptions<E>,
    outbox: Arc<Outbox>,
    pings: Interval,
    /// Snapshots that take turns, one page each.
    walks: VecDeque<Walk>,
    reading: Option<Reading>,
}

impl<'a, E, K> Writer<'a, E, K>
where
    E: Source,
    K: Sink<Message, Error = Error> + Unpin,
{
    pub(super) fn new(
        source: E,
        limits: SocketLimits,
        asked: mpsc::Receiver<Answer>,
        sink: &'a mut K,
    ) -> Self {
        let subscriptions = Subscriptions::new(source.clone(), limits);
        let mut pings = interval(limits.ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick comes at once; a client that has just connected needs no ping.
        pings.reset();
        Self {
            hub: Arc::clone(source.feed()),
            source,
            limits,
            asked,
            sink,
            outbox: Arc::clone(subscriptions.outbox()),
            subscriptions,
            pings,
            walks: VecDeque::new(),
            reading: None,
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
                Some(answer) => self.answers(answer).await?,
                // The reader has ended and the last frame in flight is answered.
                None => return Err(Ending::Stopping),
            },
            () = self.outbox.ready() => self.delta().await?,
            (walk, found) = finished(&mut self.reading) => {
                self.reading = None;
                self.page(walk, found).await?;
            }
            _ = self.pings.tick() => self.write(Message::Ping(Bytes::new())).await?,
        }
        self.flush().await
    }

    async fn answers(&mut self, first: Answer) -> Result<(), Ending> {
        self.answer(first).await?;
        for _ in 1..ANSWERS_IN_A_ROW_MAX {
            let Ok(answer) = self.asked.try_recv() else {
                break;
            };
            self.answer(answer).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, answer: Answer) -> Result<(), Ending> {
        let text = match answer {
            Answer::Replies { text, permit } => {
                self.text(text).await?;
                drop(permit);
                return Ok(());
            }
            Answer::Pong => messages::message(&ServerMessage::Pong),
            Answer::Error(misunderstood) => messages::error(misunderstood),
            Answer::Unsubscribe(name) => {
                self.subscriptions.unsubscribe(name).unwrap_or_else(messages::error)
            }
            Answer::Subscribe(subscribe) => match self.subscriptions.subscribe(subscribe) {
                Ok((subscribed, walk)) => {
                    self.walks.push_back(walk);
                    subscribed
                }
                Err(misunderstood) => messages::error(misunderstood),
            },
        };
        self.text(text).await
    }

    async fn delta(&mut self) -> Result<(), Ending> {
        // Before the outbox is looked at; see `Hub::dispatched`.
        let dispatched = self.hub.dispatched();
        let delta = self
            .outbox
            .take(self.limits.snapshot_levels)
            .map_err(|lagging| Ending::fault(CloseCode::Again, lagging.to_string()))?;
        let text = delta.and_then(|delta| self.subscriptions.delta(&delta, dispatched));
        self.texts(text).await
    }

    async fn page(&mut self, walk: Walk, found: Result<Vec<Level>, Refusal>) -> Result<(), Ending> {
        let text = match found {
            Ok(levels) => self.subscriptions.page(&walk, &levels),
            Err(refused) => {
                let failed =
                    self.subscriptions.fail(walk.subscription, refusal::code(refused.code));
                return self.texts(failed.map(messages::error)).await;
            }
        };
        if !walk.is_done() && self.subscriptions.has(walk.subscription) {
            self.walks.push_back(walk);
        }
        self.texts(text).await
    }

    /// Begins to read the next page, where one is wanted and none is being read.
    fn read_ahead(&mut self) {
        if self.reading.is_some() {
            return;
        }
        let Some(mut walk) = self.walks.pop_front() else {
            return;
        };
        let source = self.source.clone();
        let limit = self.limits.snapshot_levels;
        self.reading = Some(Box::pin(async move {
            let found = walk.page(&source, limit).await;
            (walk, found)
        }));
    }

    async fn texts(&mut self, text: Option<String>) -> Result<(), Ending> {
        match text {
            Some(text) => self.text(text).await,
            None => Ok(()),
        }
    }

    async fn text(&mut self, text: String) -> Result<(), Ending> {
        self.write(Message::Text(text.into())).await
    }

    async fn write(&mut self, message: Message) -> Result<(), Ending> {
        settled(timeout(self.limits.idle, self.sink.feed(message)).await)
    }

    async fn flush(&mut self) -> Result<(), Ending> {
        settled(timeout(self.limits.idle, self.sink.flush()).await)
    }
}

/// A write that fails or gets nowhere ends the connection.
fn settled(written: Result<Result<(), Error>, Elapsed>) -> Result<(), Ending> {
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Ending::Dead),
    }
}

/// Waits for what is under way; for ever where nothing is. Cancel-safe.
async fn finished<F: Future + Unpin>(under_way: &mut Option<F>) -> F::Output {
    match under_way {
        Some(future) => future.await,
        None => pending().await,
    }
}
