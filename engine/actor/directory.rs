//! Who is awake: finds the actor of a key, and has it woken where it sleeps.
//!
//! A message is delivered while the key's shard is locked for reading, and an actor leaves only
//! under the same shard's lock for writing and only when nothing was delivered that it has not
//! handled. So no message can fall between an actor that leaves and its successor. No guard is held
//! across an await.

use std::hash::BuildHasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use actix::Addr;
use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use saldo_ledger::{RefusalCode, StockKey};

use super::message::{Look, Message};
use super::stock_actor::{StockActor, refuse_all};
use crate::blocking;

/// Shards of the directory: enough that two arbiters and the gateway seldom meet.
const SHARDS: usize = 128;

/// What the directory and an actor know in common.
#[derive(Debug, Default)]
pub struct Seat {
    /// Messages delivered and not yet handled.
    pub pending: AtomicU32,
    /// Tick of the passivator at which it was last used.
    pub used: AtomicU64,
}

#[derive(Debug)]
enum State {
    /// The waker loads its ledger; messages wait here, as many as were admitted.
    Waking(Vec<Message>),
    /// Its actor runs.
    Active(Addr<StockActor>, Arc<Seat>),
    /// Its replay failed: everything is refused until the store or the journal is restored.
    Quarantined(Arc<str>),
}

/// All keys that are awake, waking or quarantined.
#[derive(Debug)]
pub struct Directory {
    seats: DashMap<StockKey, State>,
    waker: Sender<StockKey>,
    /// Messages that wait for keys to wake, and how many may.
    waiting: AtomicUsize,
    waiting_max: usize,
    tick: AtomicU64,
    active: AtomicUsize,
}

impl Directory {
    /// An empty directory that tells `waker` which keys to wake.
    #[must_use]
    pub fn new(waker: Sender<StockKey>, waiting_max: u64) -> Self {
        Self {
            seats: DashMap::with_shard_amount(SHARDS),
            waker,
            waiting: AtomicUsize::new(0),
            waiting_max: usize::try_from(waiting_max).unwrap_or(usize::MAX),
            tick: AtomicU64::new(0),
            active: AtomicUsize::new(0),
        }
    }

    /// Delivers a message, waking the key where it sleeps.
    ///
    /// # Errors
    /// Gives the message back with `overloaded` where the mailbox is full, with `not_ready` where
    /// the key is quarantined.
    pub fn deliver(&self, key: &StockKey, message: Message) -> Result<(), (Message, RefusalCode)> {
        if let Some(state) = self.seats.get(key) {
            match &*state {
                State::Active(addr, seat) => return self.send(addr, seat, message),
                State::Quarantined(_) => return Err((message, RefusalCode::NotReady)),
                State::Waking(_) => {}
            }
        }
        match self.seats.entry(key.clone()) {
            Entry::Occupied(mut seat) => match seat.get_mut() {
                State::Waking(waiting) => {
                    if !self.may_wait() {
                        return Err((message, RefusalCode::Overloaded));
                    }
                    waiting.push(message);
                }
                State::Active(addr, seat) => return self.send(addr, seat, message),
                State::Quarantined(_) => return Err((message, RefusalCode::NotReady)),
            },
            Entry::Vacant(seat) => {
                if !self.may_wait() {
                    return Err((message, RefusalCode::Overloaded));
                }
                seat.insert(State::Waking(vec![message]));
                if self.waker.send(key.clone()).is_err() {
                    // The engine stops; dropping the messages tells their callers.
                    self.seats.remove(key);
                }
            }
        }
        Ok(())
    }

    /// Counts one more message that waits for its key to wake, unless too many do.
    fn may_wait(&self) -> bool {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        if before >= self.waiting_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        before < self.waiting_max
    }

    fn send(
        &self,
        addr: &Addr<StockActor>,
        seat: &Seat,
        message: Message,
    ) -> Result<(), (Message, RefusalCode)> {
        seat.pending.fetch_add(1, Ordering::AcqRel);
        seat.used.store(self.tick.load(Ordering::Relaxed), Ordering::Relaxed);
        addr.try_send(message).map_err(|error| {
            seat.pending.fetch_sub(1, Ordering::AcqRel);
            (error.into_inner(), RefusalCode::Overloaded)
        })
    }

    /// Delivers a look to a key that is awake. Gives it back where it sleeps: its state is in the
    /// store, and reads wake no actor.
    ///
    /// # Errors
    /// The look, to be answered from the store.
    pub fn look(&self, key: &StockKey, look: Look) -> Result<(), Look> {
        let Some(state) = self.seats.get(key) else { return Err(look) };
        let State::Active(addr, seat) = &*state else { return Err(look) };
        self.send(addr, seat, Message::Look(look)).map_err(|(message, _)| match message {
            Message::Look(look) => look,
            _ => unreachable!("the message is the look that was sent"),
        })
    }

    /// Delivers a message to a key only where it is awake.
    pub fn visit(&self, key: &StockKey, message: Message) -> bool {
        self.seats.get(key).is_some_and(|state| match &*state {
            State::Active(addr, seat) => self.send(addr, seat, message).is_ok(),
            State::Waking(_) | State::Quarantined(_) => false,
        })
    }

    /// Puts a woken actor on its seat and hands it what waited.
    pub fn seat(&self, key: &StockKey, addr: Addr<StockActor>, seat: Arc<Seat>) {
        let Some(mut state) = self.seats.get_mut(key) else { return };
        seat.used.store(self.tick.load(Ordering::Relaxed), Ordering::Relaxed);
        if let State::Waking(waiting) = &mut *state {
            self.waiting.fetch_sub(waiting.len(), Ordering::Relaxed);
            for message in std::mem::take(waiting) {
                if let Err((message, code)) = self.send(&addr, &seat, message) {
                    refuse_all(message, code);
                }
            }
        }
        *state = State::Active(addr, seat);
        self.active.fetch_add(1, Ordering::Relaxed);
    }

    /// Refuses a key from now on, and gives back what waited for it.
    pub fn quarantine(&self, key: &StockKey, why: &str) -> Vec<Message> {
        let before = self.seats.insert(key.clone(), State::Quarantined(why.into()));
        match before {
            Some(State::Waking(waiting)) => {
                self.waiting.fetch_sub(waiting.len(), Ordering::Relaxed);
                waiting
            }
            Some(State::Active(..)) => {
                self.active.fetch_sub(1, Ordering::Relaxed);
                Vec::new()
            }
            Some(State::Quarantined(_)) | None => Vec::new(),
        }
    }

    /// Lets an actor leave, unless something was delivered that it has not handled.
    pub fn leave(&self, key: &StockKey) -> bool {
        let left = self.seats.remove_if(key, |_, state| {
            matches!(state, State::Active(_, seat) if seat.pending.load(Ordering::Acquire) == 0)
        });
        if left.is_some() {
            self.active.fetch_sub(1, Ordering::Relaxed);
        }
        left.is_some()
    }

    /// Number of actors awake.
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// Keys that are awake now. A snapshot: others may come and go meanwhile.
    pub fn awake(&self) -> Vec<StockKey> {
        self.seats
            .iter()
            .filter(|seat| !matches!(seat.value(), State::Quarantined(_)))
            .map(|seat| seat.key().clone())
            .collect()
    }

    /// Keys that are refused, each with the reason.
    pub fn quarantined(&self) -> Vec<(StockKey, Arc<str>)> {
        let seats = self.seats.iter();
        seats
            .filter_map(|seat| match seat.value() {
                State::Quarantined(why) => Some((seat.key().clone(), Arc::clone(why))),
                State::Waking(_) | State::Active(..) => None,
            })
            .collect()
    }

    /// Begins another tick of the passivator.
    pub fn next_tick(&self) -> u64 {
        self.tick.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Asks actors to leave: those unused since before tick `idle_before`, and as many of the least
    /// recently used as are more than `active_max`.
    pub fn passivate(&self, idle_before: u64, active_max: usize) -> usize {
        let mut over = self.active().saturating_sub(active_max);
        if over == 0 && idle_before == 0 {
            return 0;
        }
        let mut used: Vec<(u64, StockKey)> = self
            .seats
            .iter()
            .filter_map(|seat| match seat.value() {
                State::Active(_, it) => Some((it.used.load(Ordering::Relaxed), seat.key().clone())),
                State::Waking(_) | State::Quarantined(_) => None,
            })
            .collect();
        if over > 0 {
            // A tenth more than needed, so that the next key to wake does not start this again.
            over = (over + active_max / 10).min(used.len());
            if over < used.len() && over > 0 {
                used.select_nth_unstable_by_key(over - 1, |(tick, _)| *tick);
            }
        }
        if blocking::is_alone() {
            // A simulation asks in the same order the next time.
            used.sort_unstable();
        }
        let leaving =
            used.iter().enumerate().filter(|(at, (tick, _))| *at < over || *tick < idle_before);
        let mut asked = 0;
        for (_, (_, key)) in leaving {
            if let Some(state) = self.seats.get(key)
                && let State::Active(addr, seat) = &*state
            {
                seat.pending.fetch_add(1, Ordering::AcqRel);
                if addr.try_send(Message::Passivate).is_err() {
                    seat.pending.fetch_sub(1, Ordering::AcqRel);
                }
                asked += 1;
            }
        }
        asked
    }
}

/// Which of `arbiters` threads a key's actor runs on; the same as long as the process runs.
#[must_use]
pub fn arbiter_of(key: &StockKey, hasher: &impl BuildHasher, arbiters: usize) -> usize {
    let hash = hasher.hash_one(key) >> 32;
    usize::try_from(hash % arbiters.max(1) as u64).unwrap_or(0)
}
