//! What events come to, written without the engine's own arithmetic: balances of keys, units of reservations, and
//! whether each basket is whole.

use std::collections::{BTreeMap, BTreeSet};

use saldo_ledger::{Arrivals, Balances, Bucket, Change, Event, ReservationId, StockKey, Verb};

use super::broken::{Broken, Held};
use super::rows::{Row, Told};

/// Units of a reservation at one key: held, committed, fulfilled, released, expired.
pub type Moved = [i64; 5];

/// What events come to.
#[derive(Debug, Default)]
pub struct Book {
    /// Balances and version of each key.
    pub keys: BTreeMap<StockKey, (Balances, u64)>,
    /// Units by reservation and key.
    pub units: BTreeMap<(ReservationId, StockKey), Moved>,
    once: BTreeSet<u128>,
    plans: BTreeMap<ReservationId, Plan>,
}

/// A basket that is being asked for: the home's own units, and the other keys asked.
#[derive(Debug)]
struct Plan {
    home: StockKey,
    own: i64,
    others: Vec<StockKey>,
    pended: BTreeMap<StockKey, i64>,
}

impl Book {
    /// What the events come to.
    ///
    /// # Errors
    /// [`Broken`] where one does not follow on those before it, or promises what is not there.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Held<Self> {
        let mut book = Self::default();
        for row in rows {
            if let Some(told) = &row.told {
                book.take(told).map_err(|broken| broken.at(format!("event {}", row.sequence)))?;
            }
        }
        Ok(book)
    }

    /// Every basket is closed, one way or the other, at all its keys.
    ///
    /// # Errors
    /// [`Broken`] names one that is not.
    pub fn check_whole(&self) -> Held {
        match self.plans.iter().next() {
            None => Ok(()),
            Some((id, plan)) => Err(Broken::new("P9", format!("{id:?} is not closed: {plan:?}"))),
        }
    }

    fn take(&mut self, told: &Told) -> Held {
        let Told { key, version, before, event } = told;
        let entry = self.keys.entry(key.clone()).or_default();
        if entry.0 != *before || entry.1 + 1 != *version {
            let seen = format!("{key} is at {entry:?}, and goes on as {told:?}");
            return Err(Broken::new("P5", seen));
        }
        *entry = (after(before, &event.change), *version);
        let (it, promised) = (entry.0, promised(&event.change));
        let left = it.on_hand
            - it.damaged
            - it.quality_control
            - it.safety_stock
            - it.reserved
            - it.committed;
        if promised > 0 && left < -it.oversell_limit {
            return Err(Broken::new("P1", format!("{key} is oversold: {it:?} after {event:?}")));
        }
        if event.once.is_some_and(|once| !self.once.insert(once.key)) {
            return Err(Broken::new("P4", format!("a second effect of one key: {told:?}")));
        }
        self.note_units(key, event)
    }

    fn add(
        &mut self,
        id: ReservationId,
        key: &StockKey,
        from: Option<usize>,
        to: usize,
        units: i64,
    ) {
        let moved = self.units.entry((id, key.clone())).or_default();
        moved[to] += units;
        if let Some(from) = from {
            moved[from] -= units;
        }
    }

    fn note_units(&mut self, key: &StockKey, event: &Event) -> Held {
        match &event.change {
            Change::Reserved { id, quantity, .. } | Change::Added { id, quantity, .. } => {
                self.add(*id, key, None, 0, i64::from(*quantity));
            }
            Change::Planned { id, quantity, others, .. } => {
                let others = others.iter().map(|line| line.key.clone()).collect();
                let (home, own) = (key.clone(), i64::from(*quantity));
                let plan = Plan { home, own, others, pended: BTreeMap::new() };
                if self.plans.insert(*id, plan).is_some() {
                    return Err(Broken::new("P9", format!("{id:?} is planned twice at once")));
                }
            }
            Change::Pended { id, quantity, .. } => {
                if let Some(plan) = self.plans.get_mut(id) {
                    plan.pended.insert(key.clone(), i64::from(*quantity));
                }
            }
            Change::Unpended { id, quantity } => self.unpend(*id, key, i64::from(*quantity))?,
            Change::Granted { id, grants } => self.grant(*id, grants)?,
            Change::Withdrawn { id, quantity } => self.withdraw(*id, i64::from(*quantity))?,
            Change::Settled { id, verb, own, .. } => self.step(*id, key, *verb, *own),
            Change::Carried { id, verb, quantity } => self.step(*id, key, *verb, *quantity),
            _ => {}
        }
        Ok(())
    }

    fn grant(&mut self, id: ReservationId, grants: &[u32]) -> Held {
        let Some(plan) = self.plans.remove(&id) else { return Err(no_plan(id)) };
        self.add(id, &plan.home.clone(), None, 0, plan.own);
        for (key, granted) in plan.others.iter().zip(grants) {
            let granted = i64::from(*granted);
            if plan.pended.get(key).copied().unwrap_or_default() != granted {
                let seen = format!("{id:?} was granted {granted} of {key}, which has {plan:?}");
                return Err(Broken::new("P9", seen));
            }
            self.add(id, key, None, 0, granted);
        }
        Ok(())
    }

    fn withdraw(&mut self, id: ReservationId, own: i64) -> Held {
        let Some(plan) = self.plans.get_mut(&id) else { return Err(no_plan(id)) };
        if plan.own != own {
            return Err(Broken::new("P9", format!("{own} units of {id:?} withdrawn: {plan:?}")));
        }
        plan.own = 0;
        self.close_withdrawn(id);
        Ok(())
    }

    fn unpend(&mut self, id: ReservationId, key: &StockKey, units: i64) -> Held {
        let Some(plan) = self.plans.get_mut(&id) else { return Err(no_plan(id)) };
        if plan.pended.remove(key) != Some(units) {
            return Err(Broken::new("P9", format!("{units} units of {id:?} unpended at {key}")));
        }
        self.close_withdrawn(id);
        Ok(())
    }

    fn close_withdrawn(&mut self, id: ReservationId) {
        if self.plans.get(&id).is_some_and(|plan| plan.own == 0 && plan.pended.is_empty()) {
            self.plans.remove(&id);
        }
    }

    fn step(&mut self, id: ReservationId, key: &StockKey, verb: Verb, units: u32) {
        let (from, to) = match verb {
            Verb::Commit => (0, 1),
            Verb::Fulfil => (1, 2),
            Verb::Release => (0, 3),
            Verb::Cancel => (1, 3),
            Verb::Expire => (0, 4),
        };
        self.add(id, key, Some(from), to, i64::from(units));
    }
}

fn no_plan(id: ReservationId) -> Broken {
    Broken::new("P9", format!("a plan of {id:?} is closed that is not open"))
}

/// Units that a change promises: those must be there.
fn promised(change: &Change) -> u32 {
    match change {
        Change::Reserved { quantity, .. }
        | Change::Added { quantity, .. }
        | Change::Planned { quantity, .. }
        | Change::Pended { quantity, .. }
        | Change::Sold { quantity, handed_over: false, .. } => *quantity,
        _ => 0,
    }
}

/// Balances after a change.
fn after(before: &Balances, change: &Change) -> Balances {
    let mut it = *before;
    match change {
        Change::Received { quantity, from_incoming, .. } => {
            it.on_hand += i64::from(*quantity);
            it.incoming -= i64::from(*quantity) * i64::from(*from_incoming);
        }
        Change::Adjusted { delta, bucket, .. } => match bucket {
            Bucket::OnHand => it.on_hand += delta,
            Bucket::Damaged => it.damaged += delta,
            Bucket::QualityControl => it.quality_control += delta,
            Bucket::Incoming => it.incoming += delta,
        },
        Change::Counted { delta, .. } => it.on_hand += delta,
        Change::PolicySet { safety_stock, oversell_limit } => {
            it.safety_stock = *safety_stock;
            it.oversell_limit = *oversell_limit;
        }
        Change::Sold { quantity, .. } => it.on_hand -= i64::from(*quantity),
        Change::Reserved { quantity, .. }
        | Change::Added { quantity, .. }
        | Change::Planned { quantity, .. }
        | Change::Pended { quantity, .. } => it.reserved += i64::from(*quantity),
        Change::Withdrawn { quantity, .. } | Change::Unpended { quantity, .. } => {
            it.reserved -= i64::from(*quantity);
        }
        Change::Granted { .. } | Change::Extended { .. } => {}
        Change::Settled { verb, own: units, .. }
        | Change::Carried { verb, quantity: units, .. } => {
            let units = i64::from(*units);
            match verb {
                Verb::Commit => {
                    (it.reserved, it.committed) = (it.reserved - units, it.committed + units)
                }
                Verb::Fulfil => {
                    (it.committed, it.on_hand) = (it.committed - units, it.on_hand - units)
                }
                Verb::Cancel => it.committed -= units,
                Verb::Release | Verb::Expire => it.reserved -= units,
            }
        }
        Change::Returned { here, .. } => {
            let Arrivals { sellable, damaged, quality_control } = *here;
            it.on_hand += i64::from(sellable) + i64::from(damaged) + i64::from(quality_control);
            it.damaged += i64::from(damaged);
            it.quality_control += i64::from(quality_control);
        }
    }
    it
}
