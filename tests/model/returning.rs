//! Goods that come back, of an order or without one.

use std::collections::BTreeMap;

use saldo::actor::call::ReturnLine;
use saldo_ledger::{Condition, RefusalCode, ReservationId, StockKey};

use super::reserving::summed;
use super::{Figures, Model, No, NoLine};

impl Model {
    pub(super) fn take_back(
        &mut self,
        id: ReservationId,
        lines: &[ReturnLine],
        now: u64,
    ) -> Result<ReservationId, No> {
        let arrived =
            self.arrived(lines.iter().map(|line| (&line.to, line.quantity, line.condition)));
        let arrived = arrived?;
        let asked = summed(lines.iter().map(|line| (&line.key, line.quantity)));
        self.refuse_unknown(&asked)?;
        let order =
            self.order(id, now).ok_or_else(|| No::plain(RefusalCode::UnknownReservation))?;
        let failed: Vec<NoLine> = asked
            .iter()
            .map(|(key, units)| {
                (key, *units, order.lines.get(key).map_or(0, |line| line.fulfilled))
            })
            .filter(|(_, units, there)| units > there)
            .map(|(key, requested, there)| {
                NoLine::new(
                    key.clone(),
                    RefusalCode::QuantityExceedsFulfilled,
                    requested,
                    i64::try_from(there).expect("a line's units are few"),
                )
            })
            .collect();
        if let Some(no) = No::of(failed) {
            return Err(no);
        }
        let order = self.orders.get_mut(&id).expect("it was looked up above");
        for (key, units) in &asked {
            let line = order.lines.get_mut(key).expect("it has as many fulfilled units");
            line.fulfilled -= units;
            line.returned += units;
        }
        let keys: Vec<StockKey> = order.lines.keys().cloned().collect();
        for (key, figures) in arrived {
            self.put(&key, figures, 1, 1);
        }
        self.may_have_decided(keys);
        Ok(id)
    }

    pub(super) fn take_in(
        &mut self,
        lines: &[(StockKey, u32, Condition)],
    ) -> Result<Vec<StockKey>, No> {
        let arrived = self
            .arrived(lines.iter().map(|(key, quantity, condition)| (key, *quantity, *condition)))?;
        let slack = u64::from(arrived.len() > 1);
        let keys = arrived.keys().cloned().collect();
        for (key, figures) in arrived {
            self.put(&key, figures, 1, slack);
        }
        Ok(keys)
    }

    /// The balances of each key after what arrives there.
    fn arrived<'a>(
        &self,
        lines: impl IntoIterator<Item = (&'a StockKey, u32, Condition)>,
    ) -> Result<BTreeMap<StockKey, Figures>, No> {
        let mut after: BTreeMap<StockKey, Figures> = BTreeMap::new();
        for (key, quantity, condition) in lines {
            let figures = after.entry(key.clone()).or_insert_with(|| self.figures(key));
            figures.on_hand += i64::from(quantity);
            match condition {
                Condition::Sellable => {}
                Condition::Damaged => figures.damaged += i64::from(quantity),
                Condition::QualityControl => figures.quality_control += i64::from(quantity),
            }
        }
        if after.values().all(Figures::are_allowed) {
            Ok(after)
        } else {
            Err(No::plain(RefusalCode::LimitExceeded))
        }
    }
}
