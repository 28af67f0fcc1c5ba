//! The actor of one SKU at one location. It alone owns the ledger, and takes its messages one at a time.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::fut::wrap_future;
use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler};
use saldo_ledger::{Refusal, RefusalCode, ReservationId, StockLedger, Timestamp};

use super::directory::Seat;
use super::message::{Job, Look, Message, Waiting};
use super::shared::Shared;
use super::turn::{Ahead, Turn};
use crate::store::save;

/// Most holds that one sweep expires, so that a key where a million fall due at once stays responsive.
const SWEEP_HOLDS_MAX: usize = 2_048;

/// Commands of a message behind which an actor lets others go on.
const LONG_COMMANDS: usize = 256;

/// One key's actor.
pub struct StockActor {
    pub(super) ledger: StockLedger,
    pub(super) shared: Arc<Shared>,
    seat: Arc<Seat>,
    /// Ids that the turn has taken; those of a turn that failed, until the ledger is rebuilt.
    pub(super) ahead: Ahead,
    /// Commands that wait for an operation over several keys on the same reservation.
    pub(super) under_way: HashMap<ReservationId, VecDeque<Job>>,
    /// When the timer will have this key swept.
    pub(super) armed: Option<Timestamp>,
    /// Whether the next checkpoint visits this key.
    listed: bool,
    /// Messages that wait while the ledger is rebuilt after a panic.
    rebuilding: Option<VecDeque<Message>>,
}

impl StockActor {
    /// An actor of a ledger as it is in the store.
    pub fn new(mut ledger: StockLedger, shared: Arc<Shared>, seat: Arc<Seat>) -> Self {
        let armed = ledger.earliest_deadline(&shared.terms());
        if let Some(at) = armed {
            shared.timer_of(ledger.key()).set(at, ledger.key());
        }
        Self {
            ledger,
            shared,
            seat,
            ahead: Ahead::default(),
            under_way: HashMap::new(),
            armed,
            listed: false,
            rebuilding: None,
        }
    }

    /// Takes part in the next checkpoint.
    pub(super) fn list(&mut self) {
        if !self.listed && self.ledger.is_changed() {
            self.listed = true;
            self.shared.list_changed(self.ledger.key());
        }
    }

    fn take(&mut self, message: Message, context: &mut Context<Self>) {
        if let Some(waiting) = &mut self.rebuilding {
            waiting.push_back(message);
            return;
        }
        match message {
            Message::Job(job) => self.decide(std::iter::once(*job), context),
            Message::Frame(part) => {
                let is_long = part.commands.len() >= LONG_COMMANDS;
                self.turn(context, |actor| Turn::run_part(actor, part));
                if is_long {
                    // Others of this thread go on before the next message: sockets, and keys that are asked for less.
                    context.wait(wrap_future(tokio::task::yield_now()));
                }
            }
            Message::Look(look) => self.look(look),
            Message::Sweep => self.sweep(context),
            Message::Ended(id) => {
                let waiting = self.under_way.remove(&id).unwrap_or_default();
                self.decide(waiting.into_iter(), context);
            }
            Message::Flush(done) => {
                self.flush();
                // The checkpoint went away where nobody listens.
                let _ = done.send(());
            }
            Message::Passivate => self.passivate(context),
        }
    }

    /// Decides commands in order, as one group of the journal where it fits.
    fn decide(&mut self, jobs: impl ExactSizeIterator<Item = Job>, context: &mut Context<Self>) {
        if jobs.len() > 0 {
            self.turn(context, |actor| Turn::run(actor, jobs));
        }
    }

    /// Takes a turn, and sees to the ledger where it went wrong.
    fn turn(&mut self, context: &mut Context<Self>, turn: impl FnOnce(&mut Self) -> bool) {
        match catch_unwind(AssertUnwindSafe(|| turn(self))) {
            Ok(true) => {}
            // The journal did not take what the ledger has already applied.
            Ok(false) => self.rebuild(context),
            Err(_) => {
                // Dropping the jobs told their callers that the outcome is unknown.
                tracing::error!(key = %self.ledger.key(), "an actor panicked; it is rebuilt from store and journal");
                self.shared.stats.panics.fetch_add(1, Ordering::Relaxed);
                self.rebuild(context);
            }
        }
    }

    fn look(&mut self, look: Look) {
        let place = self.ledger.place();
        let waiting = match look {
            Look::Level(tell) => {
                Waiting::Level(tell, (self.ledger.version() > 0).then(|| self.ledger.level()))
            }
            Look::Reservation(id, tell) => {
                Waiting::Reservation(tell, self.ledger.view(id, &self.shared.terms()))
            }
            Look::Lines { from, limit, tell } => {
                let lines = self.ledger.slots().filter(|(place, _)| *place >= from);
                drop(tell.send(lines.take(limit).map(|(place, slot)| (place, slot.id)).collect()));
                return;
            }
            Look::Head(tell) => {
                // Nobody listens where the read was cancelled.
                let _ = tell.send(self.ledger.head());
                return;
            }
        };
        self.shared.tell_when_durable(place, vec![waiting]);
    }

    fn sweep(&mut self, context: &mut Context<Self>) {
        self.armed = None;
        let now = self.shared.clock.now();
        let terms = self.shared.terms();
        let due = self.ledger.due(&terms, now, SWEEP_HOLDS_MAX);
        let due: Vec<Job> = due
            .into_iter()
            .filter(|id| !self.under_way.contains_key(id))
            .map(Job::expiry)
            .collect();
        let before = self.ledger.version();
        self.decide(due.into_iter(), context);
        match self.ledger.earliest_deadline(&terms) {
            // More are due than one sweep takes: the rest follows behind what waits meanwhile. Where nothing could be
            // expired, as on a full disk, the timer asks again: a message to itself would keep the arbiter from all else.
            Some(at) if at <= now && self.ledger.version() > before => {
                let key = self.ledger.key();
                if self.shared.directory.deliver(key, Message::Sweep).is_err() {
                    self.arm(at);
                }
            }
            Some(at) => self.arm(at),
            None => {}
        }
    }

    /// Has the key swept at `at`, if that is earlier than it will be anyway.
    pub(super) fn arm(&mut self, at: Timestamp) {
        if self.armed.is_none_or(|armed| at < armed) {
            self.armed = Some(at);
            self.shared.timer_of(self.ledger.key()).set(at, self.ledger.key());
        }
    }

    /// Writes what changed into the store's table in memory. A checkpoint writes it out only when
    /// the journal has synced it.
    fn flush(&mut self) {
        self.listed = false;
        save::save(&mut self.ledger, &self.shared);
    }

    /// Leaves, if nothing is in flight and everything is durable; the passivator asks again.
    fn passivate(&mut self, context: &mut Context<Self>) {
        let durable = self.ledger.place() <= self.shared.journal.durable();
        if !self.under_way.is_empty() || !durable {
            return;
        }
        if self.ledger.is_changed() {
            self.flush();
        }
        // This very message counts as delivered.
        if self.seat.pending.fetch_sub(1, Ordering::AcqRel) == 1
            && self.shared.directory.leave(self.ledger.key())
        {
            self.seat.pending.fetch_add(1, Ordering::AcqRel);
            context.stop();
        } else {
            self.seat.pending.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// Loads the ledger anew; messages wait meanwhile. A key whose replay fails is quarantined.
    fn rebuild(&mut self, context: &mut Context<Self>) {
        self.rebuilding = Some(VecDeque::new());
        let (shared, key) = (Arc::clone(&self.shared), self.ledger.key().clone());
        let loading = async move { shared.load_newest(&key).await };
        context.spawn(wrap_future(loading).map(
            |loaded, actor: &mut Self, context: &mut Context<Self>| {
                let waiting = actor.rebuilding.take().unwrap_or_default();
                match loaded {
                    Ok(ledger) => {
                        actor.ledger = ledger;
                        std::mem::take(&mut actor.ahead).release(&actor.ledger, &actor.shared.ids);
                        actor.listed = false;
                        actor.list();
                        for message in waiting {
                            actor.take(message, context);
                        }
                    }
                    Err(error) => {
                        actor.shared.quarantine(actor.ledger.key(), &error.to_string());
                        for message in waiting {
                            refuse_all(message, RefusalCode::NotReady);
                        }
                        context.stop();
                    }
                }
            },
        ));
    }
}

impl Actor for StockActor {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(self.shared.mailbox_capacity());
        self.shared.directory.seat(self.ledger.key(), context.address(), Arc::clone(&self.seat));
    }
}

impl Handler<Message> for StockActor {
    type Result = ();

    fn handle(&mut self, message: Message, context: &mut Self::Context) {
        self.take(message, context);
        self.seat.pending.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A refusal for everything that an actor cannot take.
pub(super) fn refuse_all(message: Message, code: RefusalCode) {
    match message {
        Message::Job(job) => job.answer.refuse(Refusal::plain(code)),
        Message::Frame(part) => part.refuse(code),
        _ => {}
    }
}
