//! One SKU at one location: its balances, its holds, and what can be asked without changing it.

use alloc::vec::Vec;

use hashbrown::HashMap;

use crate::balances::{Balances, Level};
use crate::deadlines::Deadlines;
use crate::key::StockKey;
use crate::reservation::{ClosedReservation, Line, ReservationView, Role};
use crate::slots::{Slot, Slots};
use crate::terms::Terms;
use crate::time::Timestamp;
use crate::units::ReservationId;

/// The state of one SKU at one location. One actor alone owns it.
#[derive(Debug)]
pub struct StockLedger {
    pub(crate) key: StockKey,
    pub(crate) balances: Balances,
    pub(crate) version: u64,
    pub(crate) as_of: Timestamp,
    pub(crate) place: u64,
    pub(crate) slots: Slots,
    pub(crate) deadlines: Deadlines,
    /// Reservations of this home that closed and have not been given to the store.
    pub(crate) closed: HashMap<ReservationId, ClosedReservation>,
    pub(crate) baskets_gone: Vec<u32>,
    pub(crate) changed: bool,
}

impl StockLedger {
    /// The ledger of a key of which nothing was ever heard.
    #[must_use]
    pub fn new(key: StockKey) -> Self {
        Self {
            key,
            balances: Balances::default(),
            version: 0,
            as_of: Timestamp::default(),
            place: 0,
            slots: Slots::default(),
            deadlines: Deadlines::default(),
            closed: HashMap::new(),
            baskets_gone: Vec::new(),
            changed: false,
        }
    }

    /// The SKU and location.
    #[must_use]
    pub fn key(&self) -> &StockKey {
        &self.key
    }

    /// All balances.
    #[must_use]
    pub fn balances(&self) -> &Balances {
        &self.balances
    }

    /// Number of events so far; 0 for a key that does not exist.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Where the last event stands in the journal.
    #[must_use]
    pub fn place(&self) -> u64 {
        self.place
    }

    /// Notes where the last applied event stands in the journal.
    pub fn set_place(&mut self, place: u64) {
        self.place = place;
    }

    /// What a reader is told.
    #[must_use]
    pub fn level(&self) -> Level {
        Level {
            key: self.key.clone(),
            balances: self.balances,
            version: self.version,
            as_of: self.as_of,
        }
    }

    /// Number of open lines.
    #[must_use]
    pub fn open_lines(&self) -> usize {
        self.slots.len()
    }

    /// The open line of a reservation at this key.
    #[must_use]
    pub fn slot(&self, id: ReservationId) -> Option<&Slot> {
        self.slots.get(id)
    }

    /// All open lines, each with its place.
    pub fn slots(&self) -> impl Iterator<Item = (u32, &Slot)> {
        self.slots.iter()
    }

    /// Looks for ids that are about to be asked for, and tells which this ledger knows.
    ///
    /// In a table of a million each look waits for memory. Looks that come one right after the other wait at the same
    /// time, and those that follow find everything in the processor's cache.
    pub fn look_ahead(&self, ids: impl Iterator<Item = ReservationId>) -> Vec<bool> {
        ids.map(|id| self.knows(id)).collect()
    }

    /// Whether this ledger can say what became of a reservation; else the store may.
    #[must_use]
    pub fn knows(&self, id: ReservationId) -> bool {
        self.slots.find(id).is_some() || self.closed.contains_key(&id)
    }

    /// Key of the `line`-th of a reservation's other lines.
    #[must_use]
    pub fn other_key(&self, id: ReservationId, line: u32) -> Option<&StockKey> {
        let line = line as usize;
        match self.slots.get(id) {
            Some(slot) => slot.others().get(line).map(|line| &line.key),
            None => self.closed.get(&id)?.lines.get(line + 1).map(|line| &line.key),
        }
    }

    /// Hash of the call that made a reservation; none where it is not known here.
    #[must_use]
    pub fn fingerprint_of(&self, id: ReservationId) -> Option<u64> {
        let open = self.slots.get(id).map(|slot| slot.fingerprint);
        open.or_else(|| self.closed.get(&id).map(|closed| closed.fingerprint))
    }

    /// A reservation whose home is here, as its owner is told; none while it is only planned.
    #[must_use]
    pub fn view(&self, id: ReservationId, terms: &Terms) -> Option<ReservationView> {
        match self.slots.get(id) {
            Some(slot) => self.view_of(slot, terms),
            None => self.closed.get(&id).map(ClosedReservation::view),
        }
    }

    fn view_of(&self, slot: &Slot, terms: &Terms) -> Option<ReservationView> {
        let mut own = Line { key: self.key.clone(), units: slot.units };
        let (others, references) = match &slot.role {
            Role::Member(_) => return None,
            Role::Alone => (&[][..], Default::default()),
            Role::Home(basket) => {
                match &basket.plan {
                    Some(plan) if !plan.adding => return None,
                    // What is being added is not real before the plan is closed.
                    Some(plan) => {
                        own.units.requested =
                            own.units.requested.saturating_sub(plan.own_requested);
                        own.units.held = own.units.held.saturating_sub(plan.own_pending);
                    }
                    None => {}
                }
                (&basket.others[..], basket.references.clone())
            }
        };
        let has_held = core::iter::once(&own).chain(others).any(|line| line.units.held > 0);
        Some(ReservationView {
            id: slot.id,
            created_at: slot.created_at,
            expires_at: has_held.then(|| slot.deadline(terms)),
            lines: in_key_order(own, others),
            references,
        })
    }

    /// The earliest deadline of a hold whose home is here.
    pub fn earliest_deadline(&mut self, terms: &Terms) -> Option<Timestamp> {
        self.deadlines.earliest(&self.slots, terms)
    }

    /// At most `limit` reservations of this home whose deadline is `now` or before.
    pub fn due(&mut self, terms: &Terms, now: Timestamp, limit: usize) -> Vec<ReservationId> {
        self.deadlines.due(&self.slots, terms, now, limit)
    }
}

impl ClosedReservation {
    /// As its owner is told.
    #[must_use]
    pub fn view(&self) -> ReservationView {
        let mut lines = self.lines.clone();
        lines.sort_by(|a, b| a.key.cmp(&b.key));
        lines.retain(|line| line.units.requested > 0);
        ReservationView {
            id: self.id,
            created_at: self.created_at,
            expires_at: None,
            lines,
            references: self.references.clone(),
        }
    }
}

/// A reservation's lines as they are told: those that were asked for, in key order.
fn in_key_order(own: Line, others: &[Line]) -> Vec<Line> {
    let mut lines = Vec::with_capacity(1 + others.len());
    lines.push(own);
    lines.extend_from_slice(others);
    lines.retain(|line| line.units.requested > 0);
    if lines.len() > 1 {
        lines.sort_by(|a, b| a.key.cmp(&b.key));
    }
    lines
}
