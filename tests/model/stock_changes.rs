//! Changes of one key: receive, adjust, count, policy, sell.

use saldo::actor::call::Call;
use saldo_ledger::{Bucket, RefusalCode, StockKey};

use super::{Figures, Model, No, NoLine};

impl Model {
    pub(super) fn change_stock(&mut self, call: &Call, now: u64) -> Result<StockKey, No> {
        let (key, figures) = match call {
            Call::Receive { key, quantity, from_incoming, .. } => {
                let mut figures = self.figures(key);
                figures.on_hand += i64::from(*quantity);
                if *from_incoming {
                    figures.incoming -= i64::from(*quantity);
                }
                (key, figures)
            }
            Call::Adjust { key, delta, bucket, .. } => {
                let mut figures = self.figures(key);
                *named(&mut figures, *bucket) += *delta;
                (key, figures)
            }
            Call::Count { key, counted, at_version, .. } => {
                let mut figures = self.figures(key);
                figures.on_hand = *counted + self.moved_since(key, *at_version)?;
                (key, figures)
            }
            Call::SetPolicy { key, safety_stock, oversell_limit } => {
                let mut figures = self.figures(key);
                figures.safety_stock = safety_stock.unwrap_or(figures.safety_stock);
                figures.oversell_limit = oversell_limit.unwrap_or(figures.oversell_limit);
                (key, figures)
            }
            Call::Sell { key, quantity, handed_over, .. } => {
                (key, self.sold(key, *quantity, *handed_over, now)?)
            }
            _ => unreachable!("the caller knows the changes of one key"),
        };
        if !figures.are_allowed() {
            return Err(No::plain(RefusalCode::LimitExceeded));
        }
        self.put(key, figures, 1, 0);
        Ok(key.clone())
    }

    /// By how much on hand moved since the shelf was counted.
    fn moved_since(&self, key: &StockKey, at_version: Option<u64>) -> Result<i64, No> {
        let Some(at_version) = at_version else { return Ok(0) };
        let then = match self.stocks.get(key) {
            Some(stock) => stock.on_hand_at(at_version),
            None => (at_version == 0).then_some(0),
        };
        let then = then.ok_or_else(|| No::plain(RefusalCode::VersionMismatch))?;
        Ok(self.figures(key).on_hand - then)
    }

    fn sold(
        &mut self,
        key: &StockKey,
        quantity: u32,
        handed_over: bool,
        now: u64,
    ) -> Result<Figures, No> {
        if !self.stocks.contains_key(key) {
            return Err(No::plain(RefusalCode::UnknownStock));
        }
        let units = u64::from(quantity);
        let available = self.figures(key).available();
        if !handed_over && !self.figures(key).may_promise(units) {
            let before = self.clone();
            self.expire_alone_at(key, now);
            let swept = self.figures(key);
            if !swept.may_promise(units) {
                *self = before;
                self.touched.insert(key.clone());
                let code = RefusalCode::InsufficientStock;
                let mut line = NoLine::new(key.clone(), code, units, available);
                line.available_swept = swept.available();
                return Err(No { code, lines: vec![line] });
            }
        }
        let mut figures = self.figures(key);
        figures.on_hand -= i64::from(quantity);
        Ok(figures)
    }
}

fn named(figures: &mut Figures, bucket: Bucket) -> &mut i64 {
    match bucket {
        Bucket::OnHand => &mut figures.on_hand,
        Bucket::Damaged => &mut figures.damaged,
        Bucket::QualityControl => &mut figures.quality_control,
        Bucket::Incoming => &mut figures.incoming,
    }
}
