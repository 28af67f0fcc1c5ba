//! Decides grants: a reservation of one line at once, of several by a plan that the home closes.

use crate::balances::QUANTITY_MAX;
use crate::command::{Mode, Reserve};
use crate::decide::lines_by_key;
use crate::event::Change;
use crate::key::StockKey;
use crate::ledger::StockLedger;
use crate::refusal::{Refusal, RefusalCode};
use crate::reservation::{Basket, Role};
use crate::slots::Slot;
use crate::terms::Terms;
use crate::time::Timestamp;
use crate::units::ReservationId;

impl StockLedger {
    pub(super) fn reserve(
        &self,
        reserve: &Reserve,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let hold_seconds = if reserve.adding {
            self.check_addition(reserve, terms, now)?
        } else {
            reserve.hold_seconds
        };
        let quantity = match self.promise(reserve.own, reserve.mode) {
            Ok(quantity) => quantity,
            // In part: other lines may still get something.
            Err(_) if reserve.mode == Mode::Partial && !reserve.others.is_empty() => 0,
            Err(short) => return Err(short),
        };
        let (id, fingerprint, requested) = (reserve.id, reserve.fingerprint, reserve.own);
        Ok(if !reserve.others.is_empty() {
            Change::Planned {
                id,
                fingerprint,
                adding: reserve.adding,
                requested,
                quantity,
                hold_seconds,
                others: reserve.others.clone(),
                references: reserve.references.clone(),
            }
        } else if reserve.adding {
            Change::Added { id, requested, quantity, hold_seconds }
        } else {
            Change::Reserved {
                id,
                fingerprint,
                requested,
                quantity,
                hold_seconds: hold_seconds.unwrap_or_default(),
                references: reserve.references.clone(),
            }
        })
    }

    /// Whether lines may be added, and the length of the hold where its deadline moves.
    fn check_addition(
        &self,
        reserve: &Reserve,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Option<u32>, Refusal> {
        let Some(slot) = self.slots.get(reserve.id).filter(|slot| slot.is_home()) else {
            return Err(self.standing_closed(reserve.id));
        };
        let by_key = lines_by_key(slot.others());
        let new = reserve.others.iter().filter(|line| !by_key.contains_key(&line.key)).count();
        let lines = 1 + slot.others().len() + new;
        let too_much = |requested: u32, more: u32| {
            u64::from(requested) + u64::from(more) > u64::from(QUANTITY_MAX)
        };
        if lines > terms.lines_max
            || too_much(slot.units.requested, reserve.own)
            || reserve.others.iter().any(|line| {
                by_key
                    .get(&line.key)
                    .is_some_and(|(_, old)| too_much(old.units.requested, line.requested))
            })
        {
            return Err(Refusal::plain(RefusalCode::LimitExceeded));
        }
        // Without an open hold there is no deadline to join: the interval of old starts anew.
        let hold_seconds =
            reserve.hold_seconds.or_else(|| (!slot.has_held()).then_some(slot.hold_seconds));
        if let Some(hold_seconds) = hold_seconds {
            slot.check_lifetime(hold_seconds, terms, now)?;
        }
        self.check_standing(slot, terms, now)?;
        if slot.is_due(terms, now) {
            return Err(Refusal::plain(RefusalCode::ReservationExpired));
        }
        Ok(hold_seconds.filter(|seconds| {
            !slot.has_held() || now.plus_seconds(u64::from(*seconds)) > slot.deadline(terms)
        }))
    }

    pub(super) fn close_plan(
        &self,
        id: ReservationId,
        grants: Option<&[u32]>,
    ) -> Result<Change, Refusal> {
        let plan =
            self.slots.get(id).and_then(Slot::basket).and_then(|basket| basket.plan.as_ref());
        let plan = plan.ok_or_else(|| Refusal::plain(RefusalCode::UnknownReservation))?;
        let granted =
            |grants: &[u32]| plan.own_pending > 0 || grants.iter().any(|units| *units > 0);
        Ok(match grants {
            Some(grants) if granted(grants) => Change::Granted { id, grants: grants.to_vec() },
            _ => Change::Withdrawn { id, quantity: plan.own_pending },
        })
    }

    pub(super) fn pend_units(
        &self,
        id: ReservationId,
        home: &StockKey,
        quantity: u32,
        mode: Mode,
    ) -> Result<Change, Refusal> {
        Ok(Change::Pended { id, home: home.clone(), quantity: self.promise(quantity, mode)? })
    }
}

impl Slot {
    /// What its home keeps of it besides the line.
    #[must_use]
    pub fn basket(&self) -> Option<&Basket> {
        match &self.role {
            Role::Home(basket) => Some(basket),
            Role::Alone | Role::Member(_) => None,
        }
    }

    /// Whether its hold is past its deadline, swept or not.
    #[must_use]
    pub fn is_due(&self, terms: &Terms, now: Timestamp) -> bool {
        self.has_held() && self.deadline(terms) <= now
    }

    /// Refuses a deadline past the reservation's lifetime.
    pub(super) fn check_lifetime(
        &self,
        hold_seconds: u32,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let end = self.created_at.plus_seconds(terms.hold_lifetime_seconds_max);
        if now.plus_seconds(u64::from(hold_seconds)) > end {
            return Err(Refusal::plain(RefusalCode::LimitExceeded));
        }
        Ok(())
    }
}
