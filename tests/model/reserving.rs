//! Promises: reserve and cart-add, over one key or several.

use std::collections::{BTreeMap, BTreeSet};

use saldo_ledger::{Mode, References, RefusalCode, ReservationId, StockKey};

use super::rules::SECOND_US;
use super::{Model, No, NoLine, Order};

/// Lines of the same key are one line, their sum.
pub fn summed<'a>(lines: impl IntoIterator<Item = (&'a StockKey, u32)>) -> BTreeMap<StockKey, u64> {
    let mut sums = BTreeMap::new();
    for (key, quantity) in lines {
        *sums.entry(key.clone()).or_insert(0) += u64::from(quantity);
    }
    sums
}

impl Model {
    pub(super) fn reserve(
        &mut self,
        id: ReservationId,
        lines: &[(StockKey, u32)],
        hold_seconds: Option<u32>,
        mode: Mode,
        references: &References,
        now: u64,
    ) -> Result<ReservationId, No> {
        let hold_seconds = u64::from(hold_seconds.unwrap_or(self.rules.hold_seconds_default));
        if hold_seconds > self.rules.hold_lifetime_seconds_max {
            return Err(No::plain(RefusalCode::LimitExceeded));
        }
        let asked = summed(lines.iter().map(|(key, quantity)| (key, *quantity)));
        self.refuse_unknown(&asked).or_else(|no| self.refused(&asked, None, no))?;
        let granted = self.grant(&asked, mode, now).or_else(|no| self.refused(&asked, None, no))?;
        let mut order = Order {
            id,
            lines: BTreeMap::new(),
            created_at: now,
            granted_at: now,
            hold_seconds,
            deadline: now + hold_seconds * SECOND_US,
            closed_at: None,
            references: references.clone(),
        };
        self.hold(&mut order, &asked, &granted);
        self.orders.insert(id, order);
        Ok(id)
    }

    pub(super) fn add_lines(
        &mut self,
        id: ReservationId,
        lines: &[(StockKey, u32)],
        hold_seconds: Option<u32>,
        mode: Mode,
        now: u64,
    ) -> Result<ReservationId, No> {
        let asked = summed(lines.iter().map(|(key, quantity)| (key, *quantity)));
        // Where nothing is held there is no deadline to join: a hold of the old length begins.
        let hold_seconds = self.order(id, now).and_then(|order| {
            let begins_anew = order.sum(|line| line.held) == 0;
            hold_seconds.map(u64::from).or(begins_anew.then_some(order.hold_seconds))
        });
        let deadline = hold_seconds.map(|seconds| now + seconds * SECOND_US);
        self.refuse_long_life(id, &asked, deadline, now)?;
        self.refuse_unknown(&asked).or_else(|no| self.refused(&asked, Some(id), no))?;
        let order =
            self.order(id, now).ok_or_else(|| No::plain(RefusalCode::UnknownReservation))?;
        if let Some(code) = order.standing(false).refusal() {
            return Err(No::plain(code));
        }
        let had_holds = order.sum(|line| line.held) > 0;
        let granted =
            self.grant(&asked, mode, now).or_else(|no| self.refused(&asked, Some(id), no))?;
        let mut order = self.orders.remove(&id).expect("it was looked up above");
        let is_later =
            |deadline: &u64| !had_holds || *deadline > order.deadline(&self.rules, self.resumed_at);
        if let Some(deadline) = deadline.filter(is_later) {
            order.deadline = deadline;
            order.granted_at = now;
            order.hold_seconds = hold_seconds.unwrap_or(order.hold_seconds);
        }
        self.hold(&mut order, &asked, &granted);
        self.orders.insert(id, order);
        Ok(id)
    }

    fn refuse_long_life(
        &self,
        id: ReservationId,
        asked: &BTreeMap<StockKey, u64>,
        deadline: Option<u64>,
        now: u64,
    ) -> Result<(), No> {
        let Some(order) = self.order(id, now).filter(|order| order.is_open()) else {
            return Ok(());
        };
        let life_ends = order.created_at + self.rules.hold_lifetime_seconds_max * SECOND_US;
        let new = asked.keys().filter(|key| !order.lines.contains_key(key)).count();
        if deadline.is_some_and(|deadline| deadline > life_ends)
            || order.lines.len() + new > self.rules.lines_max
        {
            return Err(No::plain(RefusalCode::LimitExceeded));
        }
        Ok(())
    }

    pub(super) fn refuse_unknown(&self, asked: &BTreeMap<StockKey, u64>) -> Result<(), No> {
        let unknown = asked.iter().filter(|(key, _)| !self.stocks.contains_key(key));
        let lines: Vec<NoLine> = unknown
            .map(|(key, requested)| {
                NoLine::new(key.clone(), RefusalCode::UnknownStock, *requested, 0)
            })
            .collect();
        No::of(lines).map_or(Ok(()), Err)
    }

    /// What each line gets; a key that falls short first has its due one-line holds expire.
    fn grant(
        &mut self,
        asked: &BTreeMap<StockKey, u64>,
        mode: Mode,
        now: u64,
    ) -> Result<BTreeMap<StockKey, u64>, No> {
        let mut granted = BTreeMap::new();
        let mut short = Vec::new();
        let mut before = None;
        for (key, requested) in asked {
            let available = self.figures(key).available();
            if !self.figures(key).may_promise(*requested) {
                before.get_or_insert_with(|| self.clone());
                self.expire_alone_at(key, now);
            }
            let figures = self.figures(key);
            granted.insert(key.clone(), figures.promisable().min(*requested));
            if available < figures.available() || !figures.may_promise(*requested) {
                let code = RefusalCode::InsufficientStock;
                let mut line = NoLine::new(key.clone(), code, *requested, available);
                line.available_swept = figures.available();
                line.is_certain = !figures.may_promise(*requested);
                short.push(line);
            }
        }
        let got = granted.values().sum::<u64>();
        let is_short = short.iter().any(|line| line.is_certain);
        let no = No::of(short).filter(|_| is_short && (mode == Mode::AllOrNothing || got == 0));
        match (no, before) {
            (None, _) => Ok(granted),
            (Some(no), before) => {
                // Refused: whether units that are past their deadline came back on the way is the engine's choice.
                if let Some(before) = before {
                    *self = before;
                }
                self.touched.extend(asked.keys().cloned());
                Err(no)
            }
        }
    }

    /// A basket that is refused may leave events behind at each of its keys, which move nothing in the end.
    fn refused<T>(
        &mut self,
        asked: &BTreeMap<StockKey, u64>,
        added_to: Option<ReservationId>,
        no: No,
    ) -> Result<T, No> {
        let order = added_to.and_then(|id| self.orders.get(&id));
        let mut keys: BTreeSet<StockKey> =
            order.map(|order| order.lines.keys().cloned().collect()).unwrap_or_default();
        keys.extend(asked.keys().cloned());
        self.touched.extend(keys.iter().cloned());
        if keys.len() > 1 {
            for key in
                keys.iter().filter(|key| self.stocks.contains_key(key)).cloned().collect::<Vec<_>>()
            {
                let figures = self.figures(&key);
                self.put(&key, figures, 0, 2);
            }
        }
        Err(no)
    }

    /// Has the one-line holds of a key that are past their deadline expire.
    pub fn expire_alone_at(&mut self, key: &StockKey, now: u64) {
        let alone = |order: &&Order| order.lines.len() == 1 && order.lines.contains_key(key);
        let due = self.orders.values().filter(alone).filter(|order| self.is_due(order, now));
        let due: Vec<ReservationId> = due.map(|order| order.id).collect();
        for id in due {
            self.expire(id, now);
        }
    }

    fn hold(
        &mut self,
        order: &mut Order,
        asked: &BTreeMap<StockKey, u64>,
        granted: &BTreeMap<StockKey, u64>,
    ) {
        for (key, requested) in asked {
            let units = granted.get(key).copied().unwrap_or(0);
            let line = order.lines.entry(key.clone()).or_default();
            line.requested += requested;
            line.held += units;
            let mut figures = self.figures(key);
            figures.reserved += i64::try_from(units).expect("a line's units are few");
            let is_alone = asked.len() == 1 && order.lines.len() == 1;
            let events = u64::from(is_alone || units > 0);
            self.put(key, figures, events, 1 - events);
        }
        if order.lines.len() > 1 {
            for key in order.lines.keys() {
                let figures = self.figures(key);
                self.put(key, figures, 0, 2);
            }
        }
    }
}
