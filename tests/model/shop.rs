//! The whole engine as a caller sees it.

use std::collections::{BTreeMap, BTreeSet};

use saldo::actor::call::Call;
use saldo_ledger::{RefusalCode, ReservationId, StockKey};

use super::once::{Known, Remembered, spelt_out};
use super::rules::SECOND_US;
use super::{Figures, No, Order, Rules, Stock};

/// What an accepted call's answer tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// The level of a key.
    Level(StockKey),
    /// The levels of keys, in key order.
    Levels(Vec<StockKey>),
    /// A reservation.
    Order(ReservationId),
}

/// An accepted call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// What the answer tells of, as it is now.
    pub about: About,
    /// Whether it was a repeat.
    pub replayed: bool,
}

/// All keys, all reservations, all idempotency keys.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The settings.
    pub rules: Rules,
    /// Keys that exist.
    pub stocks: BTreeMap<StockKey, Stock>,
    /// Reservations, also closed ones.
    pub orders: BTreeMap<ReservationId, Order>,
    /// Keys that the last call may have changed.
    pub touched: BTreeSet<StockKey>,
    /// When the engine last started, or an outage ended, in microseconds.
    pub resumed_at: u64,
    remembered: Remembered,
    /// What each reservation was made with, where its id was the client's.
    made_with: BTreeMap<ReservationId, Call>,
}

impl Model {
    /// Carries out a call, or refuses it. `made` is the id of a reservation that the engine has to name itself.
    ///
    /// # Errors
    /// The refusal. Nothing has changed then, but that units past their deadline may have come back.
    pub fn apply(
        &mut self,
        call: &Call,
        key: Option<&str>,
        now: u64,
        made: ReservationId,
    ) -> Result<Done, No> {
        self.touched.clear();
        self.refuse_long_lists(call)?;
        let call = spelt_out(call, &self.rules);
        if let Call::AddLines { id, .. } = &call {
            self.expire_if_due(*id, now);
        }
        match self.repeat_of(&call, key, now) {
            Ok(None) => {}
            Ok(Some(about)) => return Ok(Done { about, replayed: true }),
            // What would pass a limit is refused for that first.
            Err(reused) => {
                let no = self.clone().carry_out(&call, now, made).err();
                return Err(no.filter(|no| no.code < reused.code).unwrap_or(reused));
            }
        }
        let about = self.carry_out(&call, now, made)?;
        if let (Call::Reserve { id: Some(id), .. }, About::Order(_)) = (&call, &about) {
            self.made_with.insert(*id, call.clone());
        }
        if let Some(key) = key {
            self.remembered.insert(key, call, about.clone(), now);
        }
        Ok(Done { about, replayed: false })
    }

    fn carry_out(&mut self, call: &Call, now: u64, made: ReservationId) -> Result<About, No> {
        match call {
            Call::Receive { .. }
            | Call::Adjust { .. }
            | Call::Count { .. }
            | Call::SetPolicy { .. }
            | Call::Sell { .. } => self.change_stock(call, now).map(About::Level),
            Call::Reserve { id, lines, hold_seconds, mode, references } => self
                .reserve(id.unwrap_or(made), lines, *hold_seconds, *mode, references, now)
                .map(About::Order),
            Call::AddLines { id, lines, hold_seconds, mode } => {
                self.add_lines(*id, lines, *hold_seconds, *mode, now).map(About::Order)
            }
            Call::Extend { id, hold_seconds } => {
                self.extend(*id, *hold_seconds, now).map(About::Order)
            }
            Call::Settle { id, verb, lines } => {
                self.settle(*id, *verb, lines.as_deref(), now).map(About::Order)
            }
            Call::Return { id, lines } => self.take_back(*id, lines, now).map(About::Order),
            Call::ReturnWithoutOrder { lines, .. } => self.take_in(lines).map(About::Levels),
        }
    }

    fn refuse_long_lists(&self, call: &Call) -> Result<(), No> {
        let hold_seconds = match call {
            Call::Reserve { hold_seconds, .. } | Call::AddLines { hold_seconds, .. } => {
                *hold_seconds
            }
            Call::Extend { hold_seconds, .. } => Some(*hold_seconds),
            _ => None,
        };
        let lines = match call {
            Call::Reserve { lines, .. } | Call::AddLines { lines, .. } => lines.len(),
            _ => 0,
        };
        let is_too_long = hold_seconds.is_some_and(|seconds| seconds > self.rules.hold_seconds_max);
        if is_too_long || lines > self.rules.lines_max {
            return Err(No::plain(RefusalCode::LimitExceeded));
        }
        Ok(())
    }

    fn repeat_of(&self, call: &Call, key: Option<&str>, now: u64) -> Result<Option<About>, No> {
        if let Call::Reserve { id: Some(id), .. } = call
            && self.order(*id, now).is_some_and(|order| self.is_remembered(order, now))
        {
            // Its own kind of key, and before the other: a repeat whatever the header says.
            return match self.made_with.get(id) {
                Some(first) if first == call => Ok(Some(About::Order(*id))),
                _ => Err(No::plain(RefusalCode::IdempotencyKeyReused)),
            };
        }
        match key.map(|key| self.remembered.look_up(key, call, &self.rules, now)) {
            None | Some(Known::Nothing) => Ok(None),
            Some(Known::Repeat(about)) => Ok(Some(about)),
            Some(Known::Reused) => Err(No::plain(RefusalCode::IdempotencyKeyReused)),
        }
    }

    /// Lines are added to what is left of a reservation: what is past its deadline comes back first.
    fn expire_if_due(&mut self, id: ReservationId, now: u64) {
        if self.order(id, now).is_some_and(|order| self.is_due(order, now)) {
            self.expire(id, now);
        }
    }

    /// Whether a reservation's id still counts as a key.
    fn is_remembered(&self, order: &Order, now: u64) -> bool {
        let window_us = self.rules.idempotency_window_seconds * SECOND_US;
        order.closed_at.is_none_or(|closed_at| now < closed_at + window_us)
    }

    /// Whether a call under this key would be told from a first one.
    #[must_use]
    pub fn remembers(&self, key: &str) -> bool {
        self.remembered.contains(key)
    }

    /// The engine's own sweep: units of every hold past its deadline come back. Tells which reservations expired.
    pub fn sweep(&mut self, now: u64) -> Vec<ReservationId> {
        self.touched.clear();
        let due: Vec<ReservationId> = self
            .orders
            .values()
            .filter(|order| self.is_due(order, now))
            .map(|order| order.id)
            .collect();
        for id in &due {
            self.expire(*id, now);
        }
        due
    }

    /// A start of the engine, or the end of an outage that it noticed.
    pub fn resume(&mut self, now: u64) {
        self.resumed_at = now;
    }

    /// Whether a reservation's holds are past their deadline, swept or not.
    #[must_use]
    pub fn is_due(&self, order: &Order, now: u64) -> bool {
        order.is_due(&self.rules, self.resumed_at, now)
    }

    /// A reservation that is still found.
    #[must_use]
    pub fn order(&self, id: ReservationId, now: u64) -> Option<&Order> {
        self.orders.get(&id).filter(|order| order.is_kept(&self.rules, now))
    }

    pub(super) fn figures(&self, key: &StockKey) -> Figures {
        self.stocks.get(key).map_or_else(Figures::default, |stock| stock.figures)
    }

    /// One event of a key, and perhaps up to `slack` more.
    pub(super) fn put(&mut self, key: &StockKey, figures: Figures, events: u64, slack: u64) {
        let stock = self.stocks.entry(key.clone()).or_default();
        stock.figures = figures;
        stock.rise(events, slack);
        self.touched.insert(key.clone());
    }
}
