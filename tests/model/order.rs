//! A reservation: a cart, an order.

use std::collections::BTreeMap;

use saldo_ledger::{References, RefusalCode, ReservationId, Status, StockKey};

use super::rules::{Rules, SECOND_US};

/// Units of one line by where they are now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the protocol, which explains them")]
pub struct Line {
    pub requested: u64,
    pub held: u64,
    pub committed: u64,
    pub fulfilled: u64,
    pub released: u64,
    pub expired: u64,
    pub returned: u64,
}

/// Whether anything can still become of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Something is held or committed.
    Open,
    /// Every unit expired, or is past its deadline.
    Expired,
    /// Nothing is held or committed.
    Closed,
}

impl Standing {
    /// The refusal of a change of a reservation that is not open.
    #[must_use]
    pub const fn refusal(self) -> Option<RefusalCode> {
        match self {
            Self::Open => None,
            Self::Expired => Some(RefusalCode::ReservationExpired),
            Self::Closed => Some(RefusalCode::ReservationClosed),
        }
    }
}

/// A reservation. Times are in microseconds.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its id.
    pub id: ReservationId,
    /// Its lines.
    pub lines: BTreeMap<StockKey, Line>,
    /// When it was first reserved.
    pub created_at: u64,
    /// When its deadline was last set: with the first hold, a later one or an extension.
    pub granted_at: u64,
    /// Length of its newest hold in seconds.
    pub hold_seconds: u64,
    /// The deadline of its holds, before any grace.
    pub deadline: u64,
    /// When nothing of it was held or committed any more.
    pub closed_at: Option<u64>,
    /// Free texts.
    pub references: References,
}

impl Order {
    /// Sum of one state over all lines.
    pub fn sum(&self, state: impl Fn(&Line) -> u64) -> u64 {
        self.lines.values().map(state).sum()
    }

    /// The deadline of its holds, with the grace of a start or outage at `resumed_at`.
    #[must_use]
    pub fn deadline(&self, rules: &Rules, resumed_at: u64) -> u64 {
        if self.granted_at >= resumed_at {
            return self.deadline;
        }
        let grace = resumed_at + rules.restart_grace_seconds * SECOND_US;
        let life = self.created_at + rules.hold_lifetime_seconds_max * SECOND_US;
        self.deadline.max(grace.min(life))
    }

    /// Whether its holds are past their deadline, swept or not.
    #[must_use]
    pub fn is_due(&self, rules: &Rules, resumed_at: u64, now: u64) -> bool {
        self.sum(|line| line.held) > 0 && self.deadline(rules, resumed_at) <= now
    }

    /// Whether something can still be done; units past their deadline count as expired.
    #[must_use]
    pub fn standing(&self, is_due: bool) -> Standing {
        let held = if is_due { 0 } else { self.sum(|line| line.held) };
        if held + self.sum(|line| line.committed) > 0 {
            return Standing::Open;
        }
        let others = self.sum(|line| line.released + line.fulfilled + line.returned);
        if others == 0 { Standing::Expired } else { Standing::Closed }
    }

    /// The one state that all units share: released and expired ones are left aside while others remain, and returned
    /// ones count as fulfilled.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = |states: &[(u64, Status)]| {
            let mut present = states.iter().filter(|(units, _)| *units > 0);
            match (present.next(), present.next()) {
                (None, _) => None,
                (Some((_, status)), None) => Some(*status),
                (Some(_), Some(_)) => Some(Status::Mixed),
            }
        };
        let remaining = shared(&[
            (self.sum(|line| line.held), Status::Held),
            (self.sum(|line| line.committed), Status::Committed),
            (self.sum(|line| line.fulfilled + line.returned), Status::Fulfilled),
        ]);
        remaining
            .or_else(|| {
                shared(&[
                    (self.sum(|line| line.released), Status::Released),
                    (self.sum(|line| line.expired), Status::Expired),
                ])
            })
            .unwrap_or(Status::Mixed)
    }

    /// Whether something is held, due or not, or committed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.sum(|line| line.held + line.committed) > 0
    }

    /// Notes the time at which nothing was held or committed any more.
    pub fn close_if_done(&mut self, now: u64) {
        self.closed_at = if self.is_open() { None } else { self.closed_at.or(Some(now)) };
    }

    /// Whether it is still found.
    #[must_use]
    pub fn is_kept(&self, rules: &Rules, now: u64) -> bool {
        let was_fulfilled = self.sum(|line| line.fulfilled + line.returned) > 0;
        let kept_seconds = if was_fulfilled {
            rules.returns_kept_days * 86_400
        } else {
            rules.reservation_kept_hours * 3_600
        };
        self.closed_at.is_none_or(|closed_at| now < closed_at + kept_seconds * SECOND_US)
    }
}
