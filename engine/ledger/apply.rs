//! Carrying out what was decided. After `decide` said yes, nothing here may fail.

use alloc::{boxed::Box, vec::Vec};

use crate::balances::Balances;
use crate::command::Arrivals;
use crate::decide::lines_by_key;
use crate::event::{Change, Event, PlannedLine, ReturnedPart, SettledPart};
use crate::ledger::StockLedger;
use crate::reservation::{Basket, ClosedReservation, Line, Plan, References, Role};
use crate::slots::Slot;
use crate::time::Timestamp;
use crate::units::{ReservationId, Units, Verb};

impl StockLedger {
    /// Carries an event out. It must have been decided by this ledger in this state. Tells the place of the line of the
    /// reservation that it is about, if it has one here; the line may be gone.
    pub fn apply(&mut self, event: &Event) -> Option<u32> {
        self.version += 1;
        self.as_of = event.at;
        self.changed = true;
        self.balances.apply(&event.change);
        match &event.change {
            Change::Received { .. }
            | Change::Adjusted { .. }
            | Change::Counted { .. }
            | Change::PolicySet { .. }
            | Change::Sold { .. } => None,
            Change::Reserved { id, fingerprint, requested, quantity, hold_seconds, references } => {
                let mut slot =
                    Slot::new(*id, event.at, *hold_seconds, role_of(references.as_deref()));
                slot.fingerprint = *fingerprint;
                slot.units = Units { requested: *requested, held: *quantity, ..Units::default() };
                slot.timed = slot.has_held();
                let place = self.slots.insert(slot);
                if let Some(slot) = self.slots.at(place).filter(|slot| slot.timed) {
                    self.deadlines.push(place, slot);
                }
                Some(place)
            }
            Change::Added { id, requested, quantity, hold_seconds } => {
                self.change(*id, event.at, |slot| {
                    slot.units.requested += requested;
                    slot.units.held += quantity;
                    *hold_seconds
                })
            }
            Change::Planned { .. } => self.plan(event),
            Change::Granted { id, grants } => self.change(*id, event.at, |slot| slot.grant(grants)),
            Change::Withdrawn { id, .. } => self.change(*id, event.at, Slot::withdraw),
            Change::Pended { id, home, quantity } => self.pend(*id, home, *quantity, event.at),
            Change::Unpended { id, quantity } => self.change(*id, event.at, |slot| {
                slot.units.requested -= quantity;
                slot.units.held -= quantity;
                None
            }),
            Change::Extended { id, hold_seconds } => {
                self.change(*id, event.at, |_| Some(*hold_seconds))
            }
            Change::Settled { id, verb, own, others } => {
                self.change(*id, event.at, |slot| slot.settle(*verb, *own, others))
            }
            Change::Carried { id, verb, quantity } => self.change(*id, event.at, |slot| {
                slot.units.step(*verb, *quantity);
                None
            }),
            Change::Returned { id, lines, .. } => self.take_back(*id, lines, event.at),
        }
    }

    /// Changes the slot of a reservation; `how` tells the new length of its hold, if it has one.
    fn change(
        &mut self,
        id: ReservationId,
        at: Timestamp,
        how: impl FnOnce(&mut Slot) -> Option<u32>,
    ) -> Option<u32> {
        let Some(place) = self.slots.find(id) else {
            // Only a fault of the engine gets here; going on would part balances from holds.
            panic!("an event about {id:?}, which {} does not hold", self.key);
        };
        let generation = self.slots.next_generation();
        let slot = self.slots.at_mut(place)?;
        let (hold_before, set_before) = (slot.hold_seconds, slot.set_at);
        if let Role::Home(basket) = &mut slot.role {
            basket.dirty = true;
        }
        if let Some(hold_seconds) = how(slot) {
            slot.hold_seconds = hold_seconds;
            slot.set_at = at;
            slot.generation = generation;
            if core::mem::take(&mut slot.timed) {
                self.deadlines.forget(hold_before, set_before, &self.slots);
            }
        }
        self.after(place, at);
        Some(place)
    }

    /// Puts right what depends on a changed slot: its deadline, its basket, and whether it is open.
    fn after(&mut self, place: u32, at: Timestamp) {
        // A slot may have got a basket only now.
        self.slots.mark_basket(place);
        let Some(slot) = self.slots.at(place) else {
            return;
        };
        let new_plan = matches!(&slot.role, Role::Home(basket)
            if basket.plan.as_ref().is_some_and(|plan| !plan.adding));
        let timed = slot.is_home() && slot.has_held() && !new_plan;
        let (id, was_timed) = (slot.id, slot.timed);
        let (hold_seconds, set_at) = (slot.hold_seconds, slot.set_at);
        if timed != was_timed {
            if let Some(slot) = self.slots.at_mut(place) {
                slot.timed = timed;
            }
            match self.slots.at(place) {
                Some(slot) if timed => self.deadlines.push(place, slot),
                _ => self.deadlines.forget(hold_seconds, set_at, &self.slots),
            }
        }
        if self.slots.at(place).is_some_and(|slot| !slot.is_open()) {
            self.close(id, place, at);
        }
    }

    fn close(&mut self, id: ReservationId, place: u32, at: Timestamp) {
        let Some(slot) = self.slots.remove(id) else {
            return;
        };
        let basket = match slot.role {
            Role::Member(_) => return,
            Role::Alone => Basket::default(),
            Role::Home(basket) => {
                self.baskets_gone.push(place);
                *basket
            }
        };
        let mut lines = Vec::with_capacity(1 + basket.others.len());
        lines.push(Line { key: self.key.clone(), units: slot.units });
        lines.extend(basket.others);
        // A plan that was withdrawn before anything was granted leaves no trace.
        if lines.iter().any(|line| line.units.granted() > 0) {
            self.closed.insert(
                id,
                ClosedReservation {
                    id,
                    fingerprint: slot.fingerprint,
                    created_at: slot.created_at,
                    closed_at: at,
                    lines,
                    references: basket.references,
                },
            );
        }
    }

    fn plan(&mut self, event: &Event) -> Option<u32> {
        let Change::Planned {
            id,
            fingerprint,
            adding,
            requested,
            quantity,
            hold_seconds,
            others,
            references,
        } = &event.change
        else {
            return None;
        };
        let plan = Box::new(Plan {
            adding: *adding,
            own_requested: *requested,
            own_pending: *quantity,
            hold_seconds: *hold_seconds,
            others: others.clone(),
        });
        if *adding {
            return self.change(*id, event.at, |slot| {
                slot.units.requested += requested;
                slot.units.held += quantity;
                slot.basket_mut().plan = Some(plan);
                None
            });
        }
        let basket = Basket {
            others: Vec::new(),
            references: references.as_deref().cloned().unwrap_or_default(),
            plan: Some(plan),
            dirty: true,
        };
        let mut slot = Slot::new(
            *id,
            event.at,
            hold_seconds.unwrap_or_default(),
            Role::Home(Box::new(basket)),
        );
        slot.fingerprint = *fingerprint;
        slot.units = Units { requested: *requested, held: *quantity, ..Units::default() };
        let place = self.slots.insert(slot);
        self.after(place, event.at);
        Some(place)
    }

    fn pend(
        &mut self,
        id: ReservationId,
        home: &crate::StockKey,
        quantity: u32,
        at: Timestamp,
    ) -> Option<u32> {
        if self.slots.find(id).is_none() {
            self.slots.insert(Slot::new(id, at, 0, Role::Member(home.clone())));
        }
        self.change(id, at, |slot| {
            slot.units.requested += quantity;
            slot.units.held += quantity;
            None
        })
    }

    fn take_back(
        &mut self,
        id: ReservationId,
        parts: &[ReturnedPart],
        at: Timestamp,
    ) -> Option<u32> {
        if parts.is_empty() {
            return None;
        }
        if let Some(closed) = self.closed.get_mut(&id) {
            closed.closed_at = at;
            for part in parts {
                if let Some(line) = closed.lines.get_mut(part.line as usize) {
                    line.units.fulfilled -= part.quantity;
                    line.units.returned += part.quantity;
                }
            }
            return None;
        }
        self.change(id, at, |slot| {
            for part in parts {
                if let Some(units) = slot.line_mut(part.line) {
                    units.fulfilled -= part.quantity;
                    units.returned += part.quantity;
                }
            }
            None
        })
    }
}

impl Slot {
    /// The basket, made where there is none yet.
    fn basket_mut(&mut self) -> &mut Basket {
        if !matches!(self.role, Role::Home(_)) {
            self.role = Role::Home(Box::default());
        }
        match &mut self.role {
            Role::Home(basket) => {
                basket.dirty = true;
                basket
            }
            Role::Alone | Role::Member(_) => unreachable!("made just above"),
        }
    }

    /// Units of the home's own line (0) or of the n-th of its other lines.
    fn line_mut(&mut self, line: u32) -> Option<&mut Units> {
        match (line.checked_sub(1), &mut self.role) {
            (None, _) => Some(&mut self.units),
            (Some(other), Role::Home(basket)) => {
                basket.others.get_mut(other as usize).map(|line| &mut line.units)
            }
            (Some(_), Role::Alone | Role::Member(_)) => None,
        }
    }

    fn settle(&mut self, verb: Verb, own: u32, others: &[SettledPart]) -> Option<u32> {
        self.units.step(verb, own);
        for part in others {
            if let Some(units) = self.line_mut(part.line + 1) {
                units.step(verb, part.quantity);
            }
        }
        None
    }

    fn grant(&mut self, grants: &[u32]) -> Option<u32> {
        let basket = self.basket_mut();
        let plan = basket.plan.take()?;
        let by_key = lines_by_key(&basket.others);
        let places: Vec<_> =
            plan.others.iter().map(|line| by_key.get(&line.key).map(|(place, _)| *place)).collect();
        for ((PlannedLine { key, requested }, granted), place) in
            plan.others.iter().zip(grants).zip(places)
        {
            let place = place.map_or(basket.others.len(), |place| place as usize);
            if place == basket.others.len() {
                basket.others.push(Line { key: key.clone(), units: Units::default() });
            }
            let units = &mut basket.others[place].units;
            units.requested += requested;
            units.held += granted;
        }
        plan.hold_seconds
    }

    fn withdraw(&mut self) -> Option<u32> {
        let plan = self.basket_mut().plan.take()?;
        self.units.requested -= plan.own_requested;
        self.units.held -= plan.own_pending;
        None
    }
}

fn role_of(references: Option<&References>) -> Role {
    match references.filter(|references| !references.is_empty()) {
        None => Role::Alone,
        Some(references) => Role::Home(Box::new(Basket {
            references: references.clone(),
            dirty: true,
            ..Basket::default()
        })),
    }
}

impl Balances {
    /// Moves the balances as a change says.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Received { quantity, from_incoming, .. } => {
                self.on_hand += i64::from(*quantity);
                if *from_incoming {
                    self.incoming -= i64::from(*quantity);
                }
            }
            Change::Adjusted { delta, bucket, .. } => *self.bucket_mut(*bucket) += delta,
            Change::Counted { delta, .. } => self.on_hand += delta,
            Change::PolicySet { safety_stock, oversell_limit } => {
                self.safety_stock = *safety_stock;
                self.oversell_limit = *oversell_limit;
            }
            Change::Sold { quantity, .. } => self.on_hand -= i64::from(*quantity),
            Change::Reserved { quantity, .. }
            | Change::Added { quantity, .. }
            | Change::Planned { quantity, .. }
            | Change::Pended { quantity, .. } => self.reserved += i64::from(*quantity),
            Change::Unpended { quantity, .. } | Change::Withdrawn { quantity, .. } => {
                self.reserved -= i64::from(*quantity);
            }
            Change::Granted { .. } | Change::Extended { .. } => {}
            Change::Settled { verb, own, .. } => self.step(*verb, *own),
            Change::Carried { verb, quantity, .. } => self.step(*verb, *quantity),
            Change::Returned { here, .. } => self.arrive(*here),
        }
    }

    /// Takes returned goods in.
    pub(crate) fn arrive(&mut self, here: Arrivals) {
        self.on_hand +=
            i64::from(here.sellable) + i64::from(here.damaged) + i64::from(here.quality_control);
        self.damaged += i64::from(here.damaged);
        self.quality_control += i64::from(here.quality_control);
    }
}
