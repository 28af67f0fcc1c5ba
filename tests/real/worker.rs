//! A client that buys: it makes calls of all kinds until the engine is gone, keeps what it was told, and settles by a
//! repeat what it was not told.

use std::collections::HashMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use saldo_protocol::MovementKind;
use saldo_protocol::client::{ClientConfig, FeedClient, FeedForm};
use tokio::sync::watch;
use uuid::Uuid;

use super::call::{Call, Deed, KeyNumber, Keys, Outcome, Units, Verb, Way};
use super::standing::Standing;
use super::tell::{by_frame, by_http};
use crate::{Http, within};

/// Open reservations of a client; with as many it makes no more.
const OPEN_MAX: usize = 150;
/// Commands of a frame at most.
const FRAME_MAX: usize = 40;
/// How often an engine that takes no changes for the moment is asked again before that is a fault.
const TRANSIENT_MAX: usize = 2_000;

/// Where the engine is; none while it is down.
pub type Stage = watch::Receiver<Option<String>>;

/// A client. What it did since the last audit stands in `calls` and `touched`.
#[derive(Debug)]
pub struct Worker {
    way: Way,
    keys: Keys,
    random: ChaCha8Rng,
    open: Vec<Standing>,
    /// Reservations with a call under way, by id.
    moving: HashMap<Uuid, Standing>,
    /// Calls that nobody was told the outcome of.
    unknown: Vec<Call>,
    /// Settled calls.
    pub calls: Vec<Call>,
    /// How each reservation stood after its last settled call.
    pub touched: HashMap<Uuid, Standing>,
    /// Answers that no engine may give.
    pub wrong: Vec<String>,
    /// Calls that were unknown and were settled.
    pub settled: u64,
}

impl Worker {
    /// A client with a seed of its own.
    #[must_use]
    pub fn new(way: Way, keys: Keys, seed: u64) -> Self {
        Self {
            way,
            keys,
            random: ChaCha8Rng::seed_from_u64(seed),
            open: Vec::new(),
            moving: HashMap::new(),
            unknown: Vec::new(),
            calls: Vec::new(),
            touched: HashMap::new(),
            wrong: Vec::new(),
            settled: 0,
        }
    }

    /// Works until the engine is gone, or the stage says so.
    pub async fn work(mut self, stage: Stage) -> Self {
        let Some(url) = stage.borrow().clone() else { return self };
        match self.way {
            Way::Http => {
                let http = Http::new(&url);
                while stage.borrow().is_some() && self.one_call(&http).await {}
            }
            Way::Frame => {
                if let Ok(feed) = FeedClient::connect(&feed_config(&url, &mut self.random)).await {
                    while stage.borrow().is_some() && self.one_frame(&feed).await {}
                }
            }
        }
        self
    }

    /// False where nobody answered.
    async fn one_call(&mut self, http: &Http) -> bool {
        let mut call = self.plan();
        if self.random.random_ratio(1, 25) {
            // The same call twice at once: it has one effect, and one of the answers says that it is a repeat.
            let mut twin = call.clone();
            tokio::join!(by_http(http, &mut call), by_http(http, &mut twin));
            call = self.of_two(call, twin);
        } else {
            by_http(http, &mut call).await;
        }
        let is_answered = call.outcome != Outcome::Unknown;
        if call.outcome.is_done() && self.random.random_ratio(1, 25) {
            let mut again = call.clone();
            by_http(http, &mut again).await;
            self.check_repeat(&call, &again);
        }
        self.conclude(call);
        is_answered
    }

    async fn one_frame(&mut self, feed: &FeedClient) -> bool {
        let count = self.random.random_range(1..=FRAME_MAX);
        let mut calls: Vec<Call> = (0..count).map(|_| self.plan()).collect();
        let is_answered = by_frame(feed, &mut calls).await;
        if is_answered && self.random.random_ratio(1, 25) {
            let mut again = calls.clone();
            // A refusal leaves no trace: its repeat would be decided anew.
            again.retain(|call| call.outcome.is_done());
            let done = again.clone();
            if !done.is_empty() && by_frame(feed, &mut again).await {
                done.iter().zip(&again).for_each(|(one, other)| self.check_repeat(one, other));
            }
        }
        calls.into_iter().for_each(|call| self.conclude(call));
        is_answered
    }

    /// The outcome of a call that was sent twice at once.
    fn of_two(&mut self, one: Call, twin: Call) -> Call {
        let is_fresh = |call: &Call| matches!(call.outcome, Outcome::Done { replayed: false, .. });
        if is_fresh(&one) && is_fresh(&twin) && !matches!(one.deed, Deed::Read(_)) {
            self.wrong.push(format!("one key, sent twice, had two effects: {one:?} and {twin:?}"));
        }
        let rank = |call: &Call| match call.outcome {
            Outcome::Done { replayed: false, .. } => 3,
            Outcome::Done { .. } => 2,
            Outcome::Unknown => 1,
            Outcome::Refused { .. } => 0,
        };
        let sent_ns = one.span.sent_ns.min(twin.span.sent_ns);
        let mut known = if rank(&one) >= rank(&twin) { one } else { twin };
        known.span.sent_ns = sent_ns;
        known
    }

    fn check_repeat(&mut self, first: &Call, again: &Call) {
        if matches!(first.deed, Deed::Read(_)) {
            return;
        }
        let must = again.outcome != Outcome::Unknown;
        let is_replayed = matches!(again.outcome, Outcome::Done { replayed: true, .. });
        if must && !is_replayed && !again.outcome.is_transient() {
            self.wrong.push(format!("{first:?} was told otherwise again: {:?}", again.outcome));
        }
    }

    /// Takes note of an answer.
    fn conclude(&mut self, call: Call) {
        let standing = call.reservation().and_then(|id| self.moving.remove(&id));
        match (&call.outcome, &call.deed) {
            (Outcome::Unknown, _) => {
                if let Some(standing) = standing {
                    self.moving.insert(standing.id, standing);
                }
                self.unknown.push(call);
                return;
            }
            (Outcome::Done { .. }, Deed::Reserve { id, lines, hold_seconds }) => {
                self.put(Standing::granted(*id, lines, hold_seconds.is_some()));
            }
            (Outcome::Done { .. }, deed) => {
                if let Some(mut standing) = standing {
                    standing.apply(deed);
                    self.put(standing);
                }
            }
            (Outcome::Refused { .. }, _) if call.outcome.is_transient() => {
                self.open.extend(standing);
                return;
            }
            (Outcome::Refused { code, short }, deed) => {
                if let Some(standing) = standing
                    && !standing.may_expire
                {
                    self.wrong.push(format!("{call:?} was refused although {standing:?}"));
                }
                let fell_short = code == "insufficient_stock" && !short.is_empty();
                let may = matches!(deed, Deed::Step { .. } | Deed::Return { .. });
                if !(fell_short || may) {
                    self.wrong.push(format!("refused without a reason: {call:?}"));
                }
            }
        }
        self.calls.push(call);
    }

    fn put(&mut self, standing: Standing) {
        self.touched.insert(standing.id, standing.clone());
        if !standing.is_over() {
            self.open.push(standing);
        }
    }

    /// Repeats what is unknown until it is known.
    ///
    /// # Panics
    /// Where the engine does not come to answer.
    pub async fn settle(&mut self, url: &str) {
        let unknown = std::mem::take(&mut self.unknown);
        let http = Http::new(url);
        let feed = match self.way {
            Way::Frame if !unknown.is_empty() => {
                let config = feed_config(url, &mut self.random);
                Some(FeedClient::connect(&config).await.expect("a connection to settle by"))
            }
            _ => None,
        };
        for mut call in unknown {
            let mut asked = 0;
            within("an unknown call to be settled", async {
                loop {
                    match &feed {
                        Some(feed) => drop(by_frame(feed, std::slice::from_mut(&mut call)).await),
                        None => by_http(&http, &mut call).await,
                    }
                    asked += 1;
                    if call.outcome != Outcome::Unknown && !call.outcome.is_transient() {
                        return;
                    }
                    assert!(asked < TRANSIENT_MAX, "asked {asked} times: {call:?}");
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
            })
            .await;
            self.settled += 1;
            self.conclude(call);
        }
    }

    fn key(&mut self) -> KeyNumber {
        let end = if self.random.random_bool(0.5) { self.keys.hot } else { self.keys.all };
        self.random.random_range(0..end)
    }

    /// The next call.
    fn plan(&mut self) -> Call {
        // With its hands full it goes on with what it has: what nobody goes on with would stay open for ever.
        let is_full = self.open.len() >= OPEN_MAX;
        let dice = if is_full { 99 } else { self.random.random_range(0..100) };
        let is_http = self.way == Way::Http;
        let units = Units { key: self.key(), quantity: self.random.random_range(1..=3) };
        let deed = match dice {
            0..12 if is_http => Deed::Read(units.key),
            0..20 => {
                let quantity = self.random.random_range(1..=6);
                Deed::Change(MovementKind::Received, Units { quantity, ..units })
            }
            20..34 => Deed::Change(MovementKind::Sold, units),
            34..62 => self.reserve(vec![units]),
            62..72 if is_http => {
                let more = self.random.random_range(1..=3);
                let mut lines = vec![units];
                for _ in 0..more {
                    let key = self.key();
                    if lines.iter().all(|line| line.key != key) {
                        lines.push(Units { key, quantity: self.random.random_range(1..=2) });
                    }
                }
                self.reserve(lines)
            }
            _ => match self.step() {
                Some(deed) => deed,
                None => self.reserve(vec![units]),
            },
        };
        Call::new(self.way, deed)
    }

    fn reserve(&mut self, lines: Vec<Units>) -> Deed {
        let hold_seconds = self.random.random_ratio(1, 8).then_some(1);
        Deed::Reserve { id: Uuid::now_v7(), lines, hold_seconds }
    }

    /// Goes on with one of the open reservations.
    fn step(&mut self) -> Option<Deed> {
        if self.open.is_empty() {
            return None;
        }
        let standing = self.open.swap_remove(self.random.random_range(0..self.open.len()));
        let (id, dice) = (standing.id, self.random.random_range(0..100));
        let of = |what: fn(&super::standing::Line) -> i64| -> Vec<Units> {
            let lines = standing.lines.iter();
            let units = lines.map(|line| Units { key: line.key, quantity: what(line) });
            units.filter(|units| units.quantity > 0).collect()
        };
        let (held, committed) = (of(|line| line.held), of(|line| line.committed));
        let fulfilled = of(|line| line.fulfilled);
        let (verb, mut lines) = if !held.is_empty() {
            (if dice < 60 { Verb::Commit } else { Verb::Release }, held)
        } else if !committed.is_empty() {
            (if dice < 75 { Verb::Fulfil } else { Verb::Cancel }, committed)
        } else if self.way == Way::Http && !fulfilled.is_empty() {
            let units = Units { quantity: 1, ..fulfilled[0] };
            let to = if dice < 70 { Keys::elsewhere(units.key) } else { units.key };
            self.moving.insert(id, standing);
            return Some(Deed::Return { id, units, to });
        } else {
            return None;
        };
        let in_part = lines.iter().any(|units| units.quantity > 1) && dice % 3 == 0;
        if in_part {
            lines.retain(|units| units.quantity > 1);
            lines.iter_mut().for_each(|units| units.quantity -= 1);
        }
        self.moving.insert(id, standing);
        Some(Deed::Step { id, verb, lines, in_part })
    }
}

fn feed_config(url: &str, random: &mut ChaCha8Rng) -> ClientConfig {
    let form = if random.random_bool(0.5) { FeedForm::Binary } else { FeedForm::Json };
    ClientConfig { form, ..ClientConfig::new(url) }
}
