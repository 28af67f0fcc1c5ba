//! A small engine: levels and events in memory, every change durable at once, and cursors that are plain sequence
//! numbers. What it tells is passed on by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use saldo_ledger::{Balances, Level, Refusal, RefusalCode, StockKey, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::super::source::Source;
use crate::actor::call::{Movement, MovementKind};
use crate::engine::{FrameCommand, FrameReply, Placed};
use crate::feed::{CatchUpFault, EventsPage, Hub, Selection};

/// Frames of commands wait here to be answered, in the order of their calls.
type Frames = mpsc::UnboundedSender<(Vec<FrameCommand>, oneshot::Sender<Vec<FrameReply>>)>;
/// Where a test takes them and answers when it likes.
pub(super) type FramesTaken =
    mpsc::UnboundedReceiver<(Vec<FrameCommand>, oneshot::Sender<Vec<FrameReply>>)>;

#[derive(Clone)]
pub(super) struct SmallEngine {
    stock: Arc<Mutex<Stock>>,
    hub: Arc<Hub>,
    frames: Frames,
    /// Commands whose outcome came about, whether or not anyone was there to hear of it.
    pub(super) carried_out: mpsc::UnboundedSender<usize>,
}

#[derive(Default)]
struct Stock {
    levels: BTreeMap<StockKey, Level>,
    /// The journal: the event at place n stands at n - 1.
    events: Vec<Movement>,
    /// How many of the oldest events are not kept any more.
    removed: u64,
    unreadable: bool,
}

impl Stock {
    fn sequence(&self) -> u64 {
        self.events.len().try_into().unwrap()
    }
}

impl SmallEngine {
    /// The engine, the frames that it is given, and the counts of commands carried out.
    pub(super) fn new() -> (Self, FramesTaken, mpsc::UnboundedReceiver<usize>) {
        let (frames, taken) = mpsc::unbounded_channel();
        let (carried_out, counts) = mpsc::unbounded_channel();
        let engine =
            Self { stock: Arc::default(), hub: Hub::by_hand(1_000_000), frames, carried_out };
        (engine, taken, counts)
    }

    /// One more unit of a key, published but not yet passed on: its sequence number.
    pub(super) fn change(&self, sku: &str, location: &str) -> u64 {
        self.change_by(sku, location, 1)
    }

    /// So many units more, or fewer.
    pub(super) fn change_by(&self, sku: &str, location: &str, delta: i64) -> u64 {
        let key = StockKey::new(sku, location).unwrap();
        let (level, sequence) = {
            let mut stock = self.stock.lock();
            let sequence = stock.sequence() + 1;
            let level = stock.levels.entry(key.clone()).or_insert(Level {
                key: key.clone(),
                balances: Balances::default(),
                version: 0,
                as_of: Timestamp::default(),
            });
            let before = level.balances;
            level.version += 1;
            level.balances.on_hand += delta;
            level.as_of = Timestamp::from_micros(sequence);
            let level = level.clone();
            stock.events.push(Movement {
                sequence,
                key,
                version: level.version,
                kind: MovementKind::Adjusted,
                quantity: delta,
                before,
                after: level.balances,
                reservation: None,
                reason: None,
                reference: None,
                at: level.as_of,
            });
            (level, sequence)
        };
        self.hub.publish(&mut std::iter::once(level), sequence);
        sequence
    }

    /// Lets the feed pass on what was published.
    pub(super) fn pass_on(&self) {
        self.hub.round();
        let events = self.stock.lock().events.clone();
        self.hub.tell_live(&events);
    }

    /// Keeps the events up to this place no longer.
    pub(super) fn remove_events_to(&self, sequence: u64) {
        self.stock.lock().removed = sequence;
    }

    /// All events.
    pub(super) fn events_so_far(&self) -> Vec<Movement> {
        self.stock.lock().events.clone()
    }

    /// From now on nothing can be read.
    pub(super) fn fail_reads(&self) {
        self.stock.lock().unreadable = true;
    }

    /// All levels.
    pub(super) fn all(&self) -> Vec<Level> {
        self.stock.lock().levels.values().cloned().collect()
    }

    /// Subscriptions to levels over all connections.
    pub(super) fn feed_subscriptions(&self) -> usize {
        self.hub.subscriptions()
    }

    /// The levels that a question asks for, each with the place of its last event, which `as_of` tells here.
    fn placed(&self, asked: impl Fn(&Level) -> bool, limit: usize) -> Result<Vec<Placed>, Refusal> {
        let stock = self.stock.lock();
        if stock.unreadable {
            return Err(Refusal::plain(RefusalCode::NotReady));
        }
        let found = stock.levels.values().filter(|level| asked(level)).take(limit);
        Ok(found
            .map(|level| Placed { level: level.clone(), place: level.as_of.as_micros() })
            .collect())
    }
}

impl Source for SmallEngine {
    fn commands(
        &self,
        frame: Vec<FrameCommand>,
    ) -> impl Future<Output = Vec<FrameReply>> + Send + 'static + use<> {
        let count = frame.len();
        let (reply, replied) = oneshot::channel();
        self.frames.send((frame, reply)).unwrap();
        let carried_out = self.carried_out.clone();
        async move {
            let replies = replied.await.unwrap_or_default();
            let _ = carried_out.send(count);
            replies
        }
    }

    async fn levels(
        &self,
        after: Option<&StockKey>,
        sku_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Placed>, Refusal> {
        let is_behind = |level: &Level| after.is_none_or(|after| level.key > *after);
        self.placed(|level| is_behind(level) && level.key.sku().starts_with(sku_prefix), limit)
    }

    async fn levels_of_sku(&self, sku: &str) -> Result<Vec<Placed>, Refusal> {
        let found = self.placed(|level| level.key.sku() == sku, usize::MAX)?;
        if found.is_empty() {
            return Err(Refusal::plain(RefusalCode::UnknownStock));
        }
        Ok(found)
    }

    async fn events(
        &self,
        after: u64,
        until: u64,
        selection: Arc<Selection>,
        limit: usize,
    ) -> Result<EventsPage, CatchUpFault> {
        let stock = self.stock.lock();
        if stock.unreadable {
            return Err(CatchUpFault::Journal("the disk is gone".to_owned()));
        }
        if after < stock.removed && after < stock.sequence() {
            return Err(CatchUpFault::Gone { from: after + 1, earliest: stock.removed + 1 });
        }
        let mut page = EventsPage { events: Vec::new(), read_to: after, is_end: true };
        let behind = usize::try_from(after).unwrap().min(stock.events.len());
        for event in stock.events[behind..].iter().take_while(|event| event.sequence <= until) {
            if page.events.len() >= limit {
                page.is_end = false;
                break;
            }
            page.read_to = event.sequence;
            page.events.extend(Some(event.clone()).filter(|event| selection.contains(&event.key)));
        }
        Ok(page)
    }

    fn cursor(&self, sequence: u64) -> String {
        sequence.to_string()
    }

    fn place(&self, cursor: &str) -> Option<u64> {
        cursor.parse().ok()
    }

    fn earliest_sequence(&self) -> u64 {
        self.stock.lock().removed + 1
    }

    fn durable_sequence(&self) -> u64 {
        self.stock.lock().sequence()
    }

    fn feed(&self) -> &Arc<Hub> {
        &self.hub
    }
}
