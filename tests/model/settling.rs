//! What becomes of promises: commit, fulfil, release, extend, expire.

use saldo_ledger::{RefusalCode, ReservationId, StockKey, Verb};

use super::reserving::summed;
use super::rules::SECOND_US;
use super::{Figures, Line, Model, No, NoLine};

impl Model {
    pub(super) fn settle(
        &mut self,
        id: ReservationId,
        verb: Verb,
        lines: Option<&[(StockKey, u32)]>,
        now: u64,
    ) -> Result<ReservationId, No> {
        let asked = lines.map(|lines| summed(lines.iter().map(|(key, quantity)| (key, *quantity))));
        if let Some(asked) = &asked {
            self.refuse_unknown(asked)?;
        }
        let order =
            self.order(id, now).ok_or_else(|| No::plain(RefusalCode::UnknownReservation))?;
        let is_due = self.is_due(order, now);
        if let Some(code) = order.standing(is_due).refusal() {
            return Err(No::plain(code));
        }
        let there_is = |line: &Line| match verb {
            Verb::Commit | Verb::Release if is_due => 0,
            Verb::Commit | Verb::Release | Verb::Expire => line.held,
            Verb::Fulfil | Verb::Cancel => line.committed,
        };
        let short = match verb {
            Verb::Commit | Verb::Release | Verb::Expire => RefusalCode::QuantityExceedsHeld,
            Verb::Fulfil | Verb::Cancel => RefusalCode::QuantityExceedsCommitted,
        };
        let moved: Vec<(StockKey, u64)> = match asked {
            None => order.lines.iter().map(|(key, line)| (key.clone(), there_is(line))).collect(),
            Some(asked) => {
                let failed: Vec<NoLine> = asked
                    .iter()
                    .map(|(key, units)| (key, *units, order.lines.get(key).map_or(0, there_is)))
                    .filter(|(_, units, there)| units > there)
                    .map(|(key, requested, there)| {
                        NoLine::new(
                            key.clone(),
                            short,
                            requested,
                            i64::try_from(there).expect("a line's units are few"),
                        )
                    })
                    .collect();
                if let Some(no) = No::of(failed) {
                    return Err(no);
                }
                asked.into_iter().collect()
            }
        };
        if moved.iter().all(|(_, units)| *units == 0) {
            return Err(No::plain(short));
        }
        self.step(id, verb, &moved, now);
        Ok(id)
    }

    /// Moves units on; there are as many.
    fn step(&mut self, id: ReservationId, verb: Verb, moved: &[(StockKey, u64)], now: u64) {
        let mut order = self.orders.remove(&id).expect("the caller looked it up");
        for (key, units) in moved {
            let line = order.lines.entry(key.clone()).or_default();
            let mut figures = self.figures(key);
            step(line, &mut figures, verb, *units);
            let events = u64::from(*units > 0);
            self.put(key, figures, events, 1 - events);
        }
        if order.lines.len() > 1 {
            self.may_have_decided(order.lines.keys().cloned().collect());
        }
        order.close_if_done(now);
        self.orders.insert(id, order);
    }

    /// One of a reservation's keys is its home and has an event of its own for each decision.
    pub(super) fn may_have_decided(&mut self, keys: Vec<StockKey>) {
        for key in keys {
            let figures = self.figures(&key);
            self.put(&key, figures, 0, 1);
        }
    }

    pub(super) fn extend(
        &mut self,
        id: ReservationId,
        hold_seconds: u32,
        now: u64,
    ) -> Result<ReservationId, No> {
        let deadline = now + u64::from(hold_seconds) * SECOND_US;
        let order =
            self.order(id, now).ok_or_else(|| No::plain(RefusalCode::UnknownReservation))?;
        if order.is_open()
            && deadline > order.created_at + self.rules.hold_lifetime_seconds_max * SECOND_US
        {
            return Err(No::plain(RefusalCode::LimitExceeded));
        }
        let is_due = self.is_due(order, now);
        if let Some(code) = order.standing(is_due).refusal() {
            return Err(No::plain(code));
        }
        if is_due || order.sum(|line| line.held) == 0 {
            return Err(No::plain(RefusalCode::QuantityExceedsHeld));
        }
        let keys: Vec<StockKey> = order.lines.keys().cloned().collect();
        let is_alone = keys.len() == 1;
        let order = self.orders.get_mut(&id).expect("it was looked up above");
        order.deadline = deadline;
        order.granted_at = now;
        order.hold_seconds = u64::from(hold_seconds);
        for key in keys {
            let figures = self.figures(&key);
            let events = u64::from(is_alone);
            self.put(&key, figures, events, 1 - events);
        }
        Ok(id)
    }

    /// Held units come back: the hold is past its deadline.
    pub(super) fn expire(&mut self, id: ReservationId, now: u64) {
        let order = &self.orders[&id];
        let held: Vec<(StockKey, u64)> =
            order.lines.iter().map(|(key, line)| (key.clone(), line.held)).collect();
        self.step(id, Verb::Expire, &held, now);
    }
}

fn step(line: &mut Line, figures: &mut Figures, verb: Verb, units: u64) {
    let signed = i64::try_from(units).expect("a line's units are few");
    match verb {
        Verb::Commit => {
            line.held -= units;
            line.committed += units;
            figures.reserved -= signed;
            figures.committed += signed;
        }
        Verb::Fulfil => {
            line.committed -= units;
            line.fulfilled += units;
            figures.committed -= signed;
            figures.on_hand -= signed;
        }
        Verb::Release => {
            line.held -= units;
            line.released += units;
            figures.reserved -= signed;
        }
        Verb::Cancel => {
            line.committed -= units;
            line.released += units;
            figures.committed -= signed;
        }
        Verb::Expire => {
            line.held -= units;
            line.expired += units;
            figures.reserved -= signed;
        }
    }
}
