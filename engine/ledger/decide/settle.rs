//! Decides the steps after the grant: commit, fulfil, release, extend, expire, return.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::command::{Arrivals, Selection, Take};
use crate::event::{ArrivalAt, Change, ReturnedPart, SettledPart};
use crate::key::StockKey;
use crate::ledger::StockLedger;
use crate::refusal::{LineRefusal, Refusal, RefusalCode};
use crate::reservation::Line;
use crate::slots::Slot;
use crate::terms::Terms;
use crate::time::Timestamp;
use crate::units::{ReservationId, Units, Verb};

impl StockLedger {
    pub(super) fn extend(
        &self,
        id: ReservationId,
        hold_seconds: u32,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let slot = self.home_slot(id)?;
        slot.check_lifetime(hold_seconds, terms, now)?;
        self.check_standing(slot, terms, now)?;
        if !slot.has_held() || slot.is_due(terms, now) {
            return Err(Refusal::plain(RefusalCode::QuantityExceedsHeld));
        }
        Ok(Change::Extended { id, hold_seconds })
    }

    pub(super) fn settle(
        &self,
        id: ReservationId,
        verb: Verb,
        selection: &Selection,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Change, Refusal> {
        let slot = self.home_slot(id)?;
        let due = slot.is_due(terms, now);
        if verb == Verb::Expire {
            // The engine's own, and only when it is time.
            if !due {
                return Err(Refusal::plain(RefusalCode::QuantityExceedsHeld));
            }
        } else {
            self.check_standing(slot, terms, now)?;
        }
        let movable = |units: &Units| match verb {
            Verb::Commit | Verb::Release if due => 0,
            _ => units.movable(verb),
        };
        let (own, others) = match selection {
            Selection::All => every_unit(slot, movable),
            Selection::Lines(takes) => self.units_of(slot, takes, movable, exceeds(verb))?,
        };
        if own == 0 && others.is_empty() {
            return Err(Refusal::plain(exceeds(verb)));
        }
        Ok(Change::Settled { id, verb, own, others })
    }

    pub(super) fn take_back_units(
        &self,
        id: ReservationId,
        takes: &[Take],
        arrivals: &[ArrivalAt],
    ) -> Result<Change, Refusal> {
        let lines = match (self.slots.get(id).filter(|slot| slot.is_home()), self.closed.get(&id)) {
            (Some(slot), _) => {
                let own = Line { key: self.key.clone(), units: slot.units };
                core::iter::once(own).chain(slot.others().iter().cloned()).collect()
            }
            (None, Some(closed)) => closed.lines.clone(),
            (None, None) => return Err(Refusal::plain(RefusalCode::UnknownReservation)),
        };
        let found =
            pick(takes, &lines, |units| units.fulfilled, RefusalCode::QuantityExceedsFulfilled)?;
        let here = arrivals.iter().find(|arrival| arrival.key == self.key);
        Ok(Change::Returned {
            id,
            of_order: true,
            here: here.map_or_else(Arrivals::default, |arrival| arrival.arrivals),
            lines: found
                .into_iter()
                .map(|(line, quantity)| ReturnedPart { line, quantity })
                .collect(),
            others: arrivals.iter().filter(|arrival| arrival.key != self.key).cloned().collect(),
            note: None,
        })
    }

    fn home_slot(&self, id: ReservationId) -> Result<&Slot, Refusal> {
        let slot = self.slots.get(id).filter(|slot| slot.is_home());
        slot.ok_or_else(|| self.standing_closed(id))
    }

    /// Why nothing can be done with a reservation that has no slot here.
    pub(super) fn standing_closed(&self, id: ReservationId) -> Refusal {
        Refusal::plain(match self.closed.get(&id) {
            None => RefusalCode::UnknownReservation,
            Some(closed) if closed.lines.iter().all(|line| all_expired(&line.units, false)) => {
                RefusalCode::ReservationExpired
            }
            Some(_) => RefusalCode::ReservationClosed,
        })
    }

    /// Refuses where all units expired, or nothing is held or committed. A hold past its deadline
    /// counts as expired, swept or not.
    pub(super) fn check_standing(
        &self,
        slot: &Slot,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let due = slot.is_due(terms, now);
        let all =
            || core::iter::once(&slot.units).chain(slot.others().iter().map(|line| &line.units));
        if all().all(|units| all_expired(units, due)) {
            return Err(Refusal::plain(RefusalCode::ReservationExpired));
        }
        if all().all(|units| units.committed == 0 && (due || units.held == 0)) {
            return Err(Refusal::plain(RefusalCode::ReservationClosed));
        }
        Ok(())
    }

    /// The units of the lines that a call names, all or nothing.
    fn units_of(
        &self,
        slot: &Slot,
        takes: &[Take],
        movable: impl Fn(&Units) -> u32,
        code: RefusalCode,
    ) -> Result<(u32, Vec<SettledPart>), Refusal> {
        let own = Line { key: self.key.clone(), units: slot.units };
        let lines: Vec<Line> = core::iter::once(own).chain(slot.others().iter().cloned()).collect();
        let mut own = 0;
        let mut others = Vec::new();
        for (line, quantity) in pick(takes, &lines, movable, code)? {
            match line.checked_sub(1) {
                None => own = quantity,
                Some(line) => others.push(SettledPart { line, quantity }),
            }
        }
        Ok((own, others))
    }
}

impl Slot {
    /// Its reservation's lines at other keys.
    #[must_use]
    pub fn others(&self) -> &[Line] {
        self.basket().map_or(&[], |basket| &basket.others)
    }
}

/// Finds each take's line among `lines`, and refuses them all where one asks for more than there is.
fn pick(
    takes: &[Take],
    lines: &[Line],
    there: impl Fn(&Units) -> u32,
    code: RefusalCode,
) -> Result<Vec<(u32, u32)>, Refusal> {
    let mut found = Vec::with_capacity(takes.len());
    let mut short = Vec::new();
    let by_key = lines_by_key(lines);
    for take in takes {
        let line = by_key.get(&take.key).copied();
        let units = line.map_or(0, |(_, line)| there(&line.units));
        match (line, u32::try_from(take.quantity)) {
            (Some((line, _)), Ok(quantity)) if quantity <= units => found.push((line, quantity)),
            _ => short.push(refused(&take.key, code, take.quantity, units)),
        }
    }
    match Refusal::of_lines(short) {
        None => Ok(found),
        Some(refusal) => Err(refusal),
    }
}

/// Lines by key, each with its place: a thousand lines are not searched a thousand times.
pub(crate) fn lines_by_key(lines: &[Line]) -> BTreeMap<&StockKey, (u32, &Line)> {
    lines.iter().zip(0u32..).map(|(line, place)| (&line.key, (place, line))).collect()
}

fn refused(key: &StockKey, code: RefusalCode, requested: u64, units: u32) -> LineRefusal {
    LineRefusal { key: key.clone(), code, requested, available: i64::from(units) }
}

fn every_unit(slot: &Slot, movable: impl Fn(&Units) -> u32) -> (u32, Vec<SettledPart>) {
    let others = (0u32..)
        .zip(slot.others())
        .map(|(line, other)| SettledPart { line, quantity: movable(&other.units) })
        .filter(|part| part.quantity > 0)
        .collect();
    (movable(&slot.units), others)
}

/// Whether every granted unit of a line expired; `due` says that held ones are past their deadline.
fn all_expired(units: &Units, due: bool) -> bool {
    let expired = u64::from(units.expired) + if due { u64::from(units.held) } else { 0 };
    expired == units.granted()
}

fn exceeds(verb: Verb) -> RefusalCode {
    match verb {
        Verb::Commit | Verb::Release | Verb::Expire => RefusalCode::QuantityExceedsHeld,
        Verb::Fulfil | Verb::Cancel => RefusalCode::QuantityExceedsCommitted,
    }
}
