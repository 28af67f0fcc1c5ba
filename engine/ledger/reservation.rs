//! A reservation as its home keeps it: lines, references, the plan under way, and what is told of it.

use alloc::{boxed::Box, vec::Vec};

use crate::event::PlannedLine;
use crate::key::StockKey;
use crate::time::Timestamp;
use crate::units::{ReservationId, Units};

/// Free texts by which others find a reservation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// The order's number in the shop.
    pub order: Option<Box<str>>,
    /// The customer.
    pub customer: Option<Box<str>>,
    /// Where it was sold: web, store, marketplace.
    pub channel: Option<Box<str>>,
}

impl References {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_none() && self.customer.is_none() && self.channel.is_none()
    }
}

/// A line at one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The SKU and location.
    pub key: StockKey,
    /// Where its units are.
    pub units: Units,
}

/// Lines that are being asked for while the other keys answer; the closing event takes it away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether lines are added to an open reservation; else the plan makes the reservation.
    pub adding: bool,
    /// Units asked of the home's own key.
    pub own_requested: u32,
    /// Units of the home's own key that already count as reserved.
    pub own_pending: u32,
    /// The new hold, where the call names one.
    pub hold_seconds: Option<u32>,
    /// Lines at other keys.
    pub others: Vec<PlannedLine>,
}

/// What a home keeps of a reservation besides its own line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Basket {
    /// Lines at other keys, in key order of the calls that made them.
    pub others: Vec<Line>,
    /// Free texts.
    pub references: References,
    /// Lines being asked for.
    pub plan: Option<Box<Plan>>,
    /// Changed since [`crate::StockLedger::take_changes`] last told of it.
    pub(crate) dirty: bool,
}

impl Basket {
    /// A basket as it was stored.
    #[must_use]
    pub fn restored(others: Vec<Line>, references: References, plan: Option<Box<Plan>>) -> Self {
        Self { others, references, plan, dirty: false }
    }
}

/// What the slot of a line is to its reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The whole reservation: one line, no references, decided here.
    Alone,
    /// Home of a reservation with more than that.
    Home(Box<Basket>),
    /// A line whose home is another key.
    Member(StockKey),
}

/// A reservation of which nothing is held or committed any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedReservation {
    /// Its id.
    pub id: ReservationId,
    /// Hash of the call that made it; 0 where the engine made the id.
    pub fingerprint: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it closed, or was last returned to.
    pub closed_at: Timestamp,
    /// All its lines, the home's own first.
    pub lines: Vec<Line>,
    /// Free texts.
    pub references: References,
}

impl ClosedReservation {
    /// Whether some unit was handed over: such a reservation is kept longer, for returns.
    #[must_use]
    pub fn was_fulfilled(&self) -> bool {
        self.lines.iter().any(|line| line.units.fulfilled > 0 || line.units.returned > 0)
    }
}

/// The one state that a reservation's units share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every unit that still counts is in an open hold.
    Held,
    /// … is promised to an order.
    Committed,
    /// … was handed over (a returned one counts as fulfilled).
    Fulfilled,
    /// Every unit was released, none expired.
    Released,
    /// Every unit expired.
    Expired,
    /// None of these.
    Mixed,
}

/// A reservation as it is told to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationView {
    /// Its id.
    pub id: ReservationId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Deadline of its open holds; none where nothing is held.
    pub expires_at: Option<Timestamp>,
    /// All its lines in key order.
    pub lines: Vec<Line>,
    /// Free texts.
    pub references: References,
}

impl ReservationView {
    /// The state that all units share. Released and expired units are left aside while others
    /// remain; returned ones count as fulfilled.
    #[must_use]
    pub fn status(&self) -> Status {
        let sum = |part: fn(&Units) -> u32| -> u64 {
            self.lines.iter().map(|line| u64::from(part(&line.units))).sum()
        };
        let alive = [
            (Status::Held, sum(|units| units.held)),
            (Status::Committed, sum(|units| units.committed)),
            (Status::Fulfilled, sum(|units| units.fulfilled) + sum(|units| units.returned)),
        ];
        let gone = [
            (Status::Released, sum(|units| units.released)),
            (Status::Expired, sum(|units| units.expired)),
        ];
        only_one(&alive).or_else(|| only_one(&gone)).unwrap_or(Status::Mixed)
    }
}

/// The state that has units: none where no state has, mixed where several have.
fn only_one(states: &[(Status, u64)]) -> Option<Status> {
    let mut with_units = states.iter().filter(|(_, units)| *units > 0);
    let first = with_units.next()?.0;
    Some(if with_units.next().is_some() { Status::Mixed } else { first })
}
