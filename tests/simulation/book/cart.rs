//! A reservation folded from the events of its home and of its other keys.

use std::collections::{BTreeMap, VecDeque};

use saldo_ledger::{
    Arrivals, Change, Event, ReservationId, ReturnedPart, SettledPart, StockKey, Timestamp, Units,
    Verb,
};

use super::super::broken::{Broken, Held};
use super::Rules;

/// A reservation.
#[derive(Clone, Debug)]
pub struct Cart {
    pub home: StockKey,
    pub created_at: Timestamp,
    set_at: Timestamp,
    hold_seconds: u32,
    /// Whether it is real: a plan alone makes none.
    pub granted: bool,
    plan: Option<Plan>,
    /// The home's own line first, then the others as they were granted.
    pub lines: Vec<(StockKey, Units)>,
    /// Units pending at other keys.
    pending: BTreeMap<StockKey, u32>,
    /// Steps that other keys still have to carry out, each with the home's event.
    owed: BTreeMap<StockKey, VecDeque<(Verb, u32, u64)>>,
    arriving: BTreeMap<StockKey, VecDeque<(Arrivals, u64)>>,
    /// What its owner could be told, from each event on; also of one of the same id that was forgotten before.
    pub past: Vec<State>,
    /// The place of its own first state.
    pub made_at: usize,
    /// What had the id before, and was forgotten.
    pub former: Option<Box<Self>>,
}

#[derive(Clone, Debug)]
struct Plan {
    own: (u32, u32),
    hold_seconds: Option<u32>,
    others: Vec<(StockKey, u32)>,
    sequence: u64,
}

/// What its owner could be told from an event on.
#[derive(Clone, Debug)]
pub struct State {
    pub sequence: u64,
    pub lines: Vec<(StockKey, Units)>,
    pub created_at: Timestamp,
    pub set_at: Timestamp,
    pub hold_seconds: u32,
}

fn wrong(promise: &'static str, id: ReservationId, what: String) -> Broken {
    Broken::new(promise, format!("reservation {id:?}: {what}"))
}

impl Cart {
    /// A reservation or a plan of one; `former` had its id before.
    pub fn new(
        home: &StockKey,
        at: Timestamp,
        hold_seconds: u32,
        former: Option<Box<Self>>,
    ) -> Self {
        let past = former.as_ref().map(|former| former.past.clone()).unwrap_or_default();
        Self {
            home: home.clone(),
            created_at: at,
            set_at: at,
            hold_seconds,
            granted: false,
            plan: None,
            lines: vec![(home.clone(), Units::default())],
            pending: BTreeMap::new(),
            owed: BTreeMap::new(),
            arriving: BTreeMap::new(),
            made_at: past.len(),
            past,
            former,
        }
    }

    /// Units of all lines, of one kind.
    pub fn sum(&self, part: impl Fn(&Units) -> u32) -> u64 {
        self.lines.iter().map(|(_, units)| u64::from(part(units))).sum()
    }

    /// Whether some unit is held or committed.
    pub fn is_open(&self) -> bool {
        self.sum(|units| units.held + units.committed) > 0
    }

    /// Whether an operation over several keys has not ended.
    pub fn is_under_way(&self) -> bool {
        self.plan.is_some()
            || !self.pending.is_empty()
            || !self.owed.is_empty()
            || !self.arriving.is_empty()
    }

    /// Units that count as reserved at a key.
    pub fn held_at(&self, key: &StockKey) -> u64 {
        let own: u64 = self
            .lines
            .iter()
            .filter(|(line, _)| line == key)
            .map(|(_, units)| u64::from(units.held))
            .sum();
        own + self.pending.get(key).map_or(0, |units| u64::from(*units))
    }

    /// Units that count as committed at a key.
    pub fn committed_at(&self, key: &StockKey) -> u64 {
        let lines = self.lines.iter().filter(|(line, _)| line == key);
        lines.map(|(_, units)| u64::from(units.committed)).sum()
    }

    /// Its deadline at a time.
    pub fn deadline(&self, rules: &Rules, at: Timestamp) -> Timestamp {
        let state = (self.created_at, self.set_at, self.hold_seconds);
        rules.deadline(state, at)
    }

    /// Takes in an event of the home or of another key; the home's event that caused it, if it is a step of one.
    pub fn take(
        &mut self,
        id: ReservationId,
        key: &StockKey,
        sequence: u64,
        event: &Event,
        rules: &Rules,
    ) -> Held<Option<u64>> {
        let at = event.at;
        let mut cause = None;
        match &event.change {
            Change::Reserved { requested, quantity, .. } => {
                let line = &mut self.lines[0].1;
                (line.requested, line.held) = (*requested, *quantity);
                self.granted = true;
            }
            Change::Added { requested, quantity, hold_seconds, .. } => {
                self.must_be_alive(id, rules, at, "was added to")?;
                self.lines[0].1.requested += requested;
                self.lines[0].1.held += quantity;
                self.set(*hold_seconds, at);
            }
            Change::Planned { requested, quantity, hold_seconds, others, .. } => {
                let others = others.iter().map(|line| (line.key.clone(), line.requested)).collect();
                let (own, hold_seconds) = ((*requested, *quantity), *hold_seconds);
                // Until it is closed, nobody is told of it.
                return self.plan(id, Plan { own, hold_seconds, others, sequence });
            }
            Change::Granted { grants, .. } => cause = Some(self.grant(id, grants, at)?),
            Change::Withdrawn { quantity, .. } => cause = Some(self.withdraw(id, *quantity)?),
            Change::Pended { home, quantity, .. } => {
                return self.pend(id, key, home, *quantity).map(Some);
            }
            Change::Unpended { quantity, .. } => return self.unpend(id, key, *quantity),
            Change::Extended { hold_seconds, .. } => {
                self.must_be_alive(id, rules, at, "was extended")?;
                self.set(Some(*hold_seconds), at);
            }
            Change::Settled { verb, own, others, .. } => {
                self.may(id, *verb, rules, at)?;
                self.settle(id, sequence, *verb, *own, others)?;
            }
            Change::Carried { verb, quantity, .. } => {
                return self.carried(id, key, *verb, *quantity).map(Some);
            }
            Change::Returned { here, lines, others, .. } => {
                if lines.is_empty() {
                    return self.arrived(id, key, *here).map(Some);
                }
                self.take_back(id, lines)?;
                for arrival in others {
                    let queue = self.arriving.entry(arrival.key.clone()).or_default();
                    queue.push_back((arrival.arrivals, sequence));
                }
            }
            _ => {}
        }
        self.remember(sequence);
        Ok(cause)
    }

    fn plan(&mut self, id: ReservationId, plan: Plan) -> Held<Option<u64>> {
        if self.plan.is_some() {
            return Err(wrong("P9", id, "a plan while another is under way".to_owned()));
        }
        let line = &mut self.lines[0].1;
        line.requested += plan.own.0;
        line.held += plan.own.1;
        self.plan = Some(plan);
        Ok(None)
    }

    fn pend(
        &mut self,
        id: ReservationId,
        key: &StockKey,
        home: &StockKey,
        units: u32,
    ) -> Held<u64> {
        let Some(plan) = self.plan.as_ref().filter(|_| *home == self.home) else {
            return Err(wrong("P9", id, format!("{key} pends without a plan")));
        };
        let planned_at = plan.sequence;
        *self.pending.entry(key.clone()).or_default() += units;
        Ok(planned_at)
    }

    fn unpend(&mut self, id: ReservationId, key: &StockKey, units: u32) -> Held<Option<u64>> {
        if self.plan.is_some() || self.pending.remove(key) != Some(units) {
            let what = format!("{key} lets {units} units go that were not withdrawn");
            return Err(wrong("P9", id, what));
        }
        Ok(None)
    }

    fn settle(
        &mut self,
        id: ReservationId,
        sequence: u64,
        verb: Verb,
        own: u32,
        others: &[SettledPart],
    ) -> Held {
        self.step(id, 0, verb, own)?;
        for part in others {
            let other = self.step(id, part.line as usize + 1, verb, part.quantity)?;
            self.owed.entry(other).or_default().push_back((verb, part.quantity, sequence));
        }
        Ok(())
    }

    fn take_back(&mut self, id: ReservationId, parts: &[ReturnedPart]) -> Held {
        for part in parts {
            let line = self.lines.get_mut(part.line as usize);
            let units = line.map(|(_, units)| units);
            let Some(units) = units.filter(|units| units.fulfilled >= part.quantity) else {
                return Err(wrong(
                    "P5",
                    id,
                    format!("{part:?} returned, and not as many fulfilled"),
                ));
            };
            units.fulfilled -= part.quantity;
            units.returned += part.quantity;
        }
        Ok(())
    }

    fn set(&mut self, hold_seconds: Option<u32>, at: Timestamp) {
        if let Some(hold_seconds) = hold_seconds {
            (self.hold_seconds, self.set_at) = (hold_seconds, at);
        }
    }

    fn remember(&mut self, sequence: u64) {
        if !self.granted {
            return;
        }
        let mut lines = self.lines.clone();
        lines.retain(|(_, units)| units.requested > 0);
        lines.sort_by(|a, b| a.0.cmp(&b.0));
        let (created_at, set_at, hold_seconds) = (self.created_at, self.set_at, self.hold_seconds);
        self.past.push(State { sequence, lines, created_at, set_at, hold_seconds });
    }

    fn must_be_alive(&self, id: ReservationId, rules: &Rules, at: Timestamp, what: &str) -> Held {
        let deadline = self.deadline(rules, at);
        if self.sum(|units| units.held) > 0 && deadline <= at {
            return Err(wrong(
                "P8",
                id,
                format!("{what} at {at:?}, past its deadline {deadline:?}"),
            ));
        }
        Ok(())
    }

    fn may(&self, id: ReservationId, verb: Verb, rules: &Rules, at: Timestamp) -> Held {
        let deadline = self.deadline(rules, at);
        let is_due = self.sum(|units| units.held) > 0 && deadline <= at;
        match verb {
            Verb::Expire if !is_due => {
                Err(wrong("P8", id, format!("expired at {at:?}, before its deadline {deadline:?}")))
            }
            Verb::Commit | Verb::Release if is_due => {
                Err(wrong("P8", id, format!("{verb:?} at {at:?}, past its deadline {deadline:?}")))
            }
            _ => Ok(()),
        }
    }

    fn step(&mut self, id: ReservationId, place: usize, verb: Verb, units: u32) -> Held<StockKey> {
        let Some((key, line)) = self.lines.get_mut(place) else {
            return Err(wrong("P5", id, format!("no line {place} to {verb:?}")));
        };
        let (from, to) = match verb {
            Verb::Commit => (&mut line.held, &mut line.committed),
            Verb::Fulfil => (&mut line.committed, &mut line.fulfilled),
            Verb::Release => (&mut line.held, &mut line.released),
            Verb::Cancel => (&mut line.committed, &mut line.released),
            Verb::Expire => (&mut line.held, &mut line.expired),
        };
        let Some(left) = from.checked_sub(units) else {
            let there = *from;
            return Err(wrong(
                "P8",
                id,
                format!("{verb:?} of {units} at {key}, where there are {there}"),
            ));
        };
        *from = left;
        *to += units;
        Ok(key.clone())
    }

    fn grant(&mut self, id: ReservationId, grants: &[u32], at: Timestamp) -> Held<u64> {
        let Some(plan) = self.plan.take() else {
            return Err(wrong("P9", id, "granted without a plan".to_owned()));
        };
        if plan.others.len() != grants.len() {
            return Err(wrong("P9", id, format!("{grants:?} granted of {:?}", plan.others)));
        }
        for ((key, requested), granted) in plan.others.iter().zip(grants) {
            if self.pending.remove(key).unwrap_or(0) != *granted {
                return Err(wrong(
                    "P9",
                    id,
                    format!("{granted} granted at {key}, which did not pend as many"),
                ));
            }
            let place = match self.lines.iter().skip(1).position(|(line, _)| line == key) {
                Some(place) => place + 1,
                None => {
                    self.lines.push((key.clone(), Units::default()));
                    self.lines.len() - 1
                }
            };
            let units = &mut self.lines[place].1;
            units.requested += requested;
            units.held += granted;
        }
        if !self.pending.is_empty() {
            return Err(wrong("P9", id, format!("granted without {:?}", self.pending)));
        }
        self.granted = true;
        self.set(plan.hold_seconds, at);
        Ok(plan.sequence)
    }

    fn withdraw(&mut self, id: ReservationId, quantity: u32) -> Held<u64> {
        let plan = self.plan.take().filter(|plan| plan.own.1 == quantity);
        let Some(plan) = plan else {
            return Err(wrong(
                "P9",
                id,
                format!("{quantity} units withdrawn that were not planned"),
            ));
        };
        let line = &mut self.lines[0].1;
        line.requested -= plan.own.0;
        line.held -= plan.own.1;
        Ok(plan.sequence)
    }

    fn carried(&mut self, id: ReservationId, key: &StockKey, verb: Verb, units: u32) -> Held<u64> {
        let next = self.owed.get_mut(key).and_then(VecDeque::pop_front);
        self.owed.retain(|_, steps| !steps.is_empty());
        match next {
            Some((owed, quantity, cause)) if (owed, quantity) == (verb, units) => Ok(cause),
            next => Err(wrong(
                "P9",
                id,
                format!("{key} carried {verb:?} of {units} out, and {next:?} was owed"),
            )),
        }
    }

    fn arrived(&mut self, id: ReservationId, key: &StockKey, here: Arrivals) -> Held<u64> {
        let next = self.arriving.get_mut(key).and_then(VecDeque::pop_front);
        self.arriving.retain(|_, steps| !steps.is_empty());
        match next {
            Some((owed, cause)) if owed == here => Ok(cause),
            next => Err(wrong(
                "P5",
                id,
                format!("{here:?} arrived at {key}, and {next:?} was on the way"),
            )),
        }
    }
}
