//! A small engine in memory, written for these tests from the specification: enough of it to be audited. Baskets
//! over several keys are planned, pended and closed as the design has it, so their traces are those of the engine.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use saldo_loadtest::replay::transport::Failure;
use saldo_protocol::{
    Balances, Code, Level, Movement, MovementKind, Problem, ProblemLine, Reservation,
    ReservationLine, ReservationStatus, ReserveRequest, ReturnLinesRequest, Timestamp,
};
use uuid::Uuid;

pub type Key = (String, String);

#[derive(Default)]
pub struct Books {
    pub keys: BTreeMap<Key, Vec<Movement>>,
    pub reservations: HashMap<Uuid, Reservation>,
    /// Idempotency keys with what they were used for.
    pub used: HashMap<String, String>,
    /// Every change in the order in which it arrived: the verb and the subject.
    pub calls: Vec<String>,
    /// Wrong on purpose: grants whatever is asked.
    pub oversells: bool,
    /// Of so many changes one answer gets lost after the change was made: the caller sees that of the repeat.
    pub loses_one_in: Option<usize>,
    /// Of so many changes one meets an engine that is killed, and is sent again to the one that started after it.
    /// Reserves are killed in turn with the plan half made, and when all is done but the answer.
    pub killed_one_in: Option<usize>,
    /// How many were.
    pub kills: u64,
    /// Wrong on purpose: what it does to a basket's events besides what was asked.
    pub faults: Faults,
    /// What it says of its durability.
    pub durability: Option<String>,
}

/// How a basket goes wrong, each of them without moving a balance for longer than the call.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Faults {
    #[default]
    None,
    /// A grant is reserved, released and reserved again.
    GrantsTwice,
    /// A granted plan is never closed.
    LeavesOpen,
    /// A refusal asks the keys behind the short one too.
    AsksBehind,
    /// A refusal leaves no trace at the keys before the short one.
    AsksNobody,
    /// Units are reserved and released for a reservation that nobody asked for.
    Invents,
    /// A key that is not the home is told of steps that do not concern it.
    TellsAll,
}

/// Clones share their books.
#[derive(Clone, Default)]
pub struct FakeEngine {
    pub books: Arc<Mutex<Books>>,
    /// Calls give way to others before they are carried out, so that several are in flight.
    pub interleaves: bool,
}

/// How far a call had come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Killed {
    HalfDone,
    Done,
}

pub fn refuse<T>(code: Code) -> Result<T, Failure> {
    Err(Failure::Refused(Box::new(Problem::new(code, "in memory"))))
}

fn moment() -> Timestamp {
    Timestamp::from_micros(0).unwrap()
}

impl Books {
    pub fn balances(&self, key: &Key) -> Balances {
        self.keys.get(key).and_then(|all| all.last()).map_or_else(Balances::default, |m| m.after)
    }

    fn exists(&self, key: &Key) -> bool {
        self.keys.contains_key(key)
    }

    pub fn level_of(&self, key: &Key) -> Option<Level> {
        let last = self.keys.get(key)?.last()?;
        let b = last.after;
        Some(Level {
            sku: key.0.clone(),
            location: key.1.clone(),
            on_hand: b.on_hand,
            reserved: b.reserved,
            committed: b.committed,
            damaged: b.damaged,
            quality_control: b.quality_control,
            safety_stock: b.safety_stock,
            incoming: b.incoming,
            available: b.available,
            oversell_limit: 0,
            version: last.version,
            as_of: last.at,
        })
    }

    pub fn log(&mut self, key: &Key, kind: MovementKind, quantity: i64, id: Option<Uuid>) {
        let before = self.balances(key);
        let mut after = before;
        match kind {
            MovementKind::Received | MovementKind::Adjusted | MovementKind::Returned => {
                after.on_hand += quantity;
            }
            MovementKind::Reserved => after.reserved += quantity,
            MovementKind::Committed => {
                after.reserved -= quantity;
                after.committed += quantity;
            }
            MovementKind::Released => after.reserved -= quantity,
            MovementKind::Fulfilled => {
                after.committed -= quantity;
                after.on_hand -= quantity;
            }
            other => panic!("{other:?} is not of this engine"),
        }
        after.available = after.on_hand - after.reserved - after.committed;
        let history = self.keys.entry(key.clone()).or_default();
        let version = u64::try_from(history.len()).unwrap() + 1;
        history.push(Movement {
            cursor: version.to_string(),
            sku: key.0.clone(),
            location: key.1.clone(),
            version,
            kind,
            quantity,
            before,
            after,
            reservation_id: id,
            reason: None,
            reference: None,
            at: moment(),
        });
    }

    /// True where the key was used before, for the same.
    pub fn repeated(&mut self, key: &str, what: String) -> Result<bool, Failure> {
        match self.used.get(key) {
            Some(first) if *first == what => Ok(true),
            Some(_) => refuse(Code::IdempotencyKeyReused),
            None => {
                let subject = what.split('|').take(2).collect::<Vec<_>>().join(" ");
                self.calls.push(subject);
                Ok(false)
            }
        }
    }

    pub fn short(&self, lines: &BTreeMap<Key, u64>) -> Vec<ProblemLine> {
        let mut short = Vec::new();
        for (key, &requested) in lines {
            let (known, available) = (self.exists(key), self.balances(key).available);
            if known && (self.oversells || available >= i64::try_from(requested).unwrap()) {
                continue;
            }
            let code = if known { Code::InsufficientStock } else { Code::UnknownStock };
            short.push(ProblemLine {
                sku: key.0.clone(),
                location: key.1.clone(),
                code,
                requested,
                available: if known { available } else { 0 },
            });
        }
        short
    }

    pub fn reserve(&mut self, body: &ReserveRequest) -> Result<Reservation, Failure> {
        let id = body.id.unwrap();
        let lines = basket(body);
        let short = self.short(&lines);
        if let Some(code) = short.iter().map(|line| line.code).min() {
            let first = (short[0].sku.clone(), short[0].location.clone());
            let asked: BTreeMap<Key, u64> = match self.faults {
                Faults::AsksNobody => BTreeMap::new(),
                Faults::AsksBehind => {
                    lines.into_iter().filter(|(key, _)| self.exists(key)).collect()
                }
                _ => lines.into_iter().filter(|(key, _)| *key < first).collect(),
            };
            self.withdraw(&asked, id);
            let problem = Problem::new(code, "in memory").with_lines(short);
            return Err(Failure::Refused(Box::new(problem)));
        }
        match self.faults {
            Faults::GrantsTwice => self.withdraw(&lines, id),
            Faults::Invents => self.withdraw(&lines, Uuid::nil()),
            _ => {}
        }
        for (key, &units) in &lines {
            self.log(key, MovementKind::Reserved, i64::try_from(units).unwrap(), Some(id));
        }
        if let Some(home) = lines.keys().next().filter(|_| lines.len() > 1)
            && self.faults != Faults::LeavesOpen
        {
            self.log(home, MovementKind::Reserved, 0, Some(id));
        }
        if let Some(last) = lines.keys().last()
            && self.faults == Faults::TellsAll
        {
            self.log(last, MovementKind::Committed, 0, Some(id));
        }
        let lines = lines.into_iter().map(|((sku, location), units)| ReservationLine {
            sku,
            location,
            requested: units,
            quantity: units,
            held: units,
            committed: 0,
            fulfilled: 0,
            released: 0,
            expired: 0,
            returned: 0,
        });
        let reservation = Reservation {
            id,
            status: ReservationStatus::Held,
            lines: lines.collect(),
            expires_at: None,
            created_at: moment(),
            order_reference: None,
            customer_reference: None,
            channel: None,
        };
        self.reservations.insert(id, reservation.clone());
        Ok(reservation)
    }

    /// A plan that is not granted: every key that was asked gives its units back.
    pub fn withdraw(&mut self, asked: &BTreeMap<Key, u64>, id: Uuid) {
        for kind in [MovementKind::Reserved, MovementKind::Released] {
            for (key, &units) in asked {
                self.log(key, kind, i64::try_from(units).unwrap(), Some(id));
            }
        }
    }

    /// Whether the engine is killed in this call; every second time after it was carried out.
    pub fn is_killed(&mut self) -> Option<Killed> {
        let due = self.killed_one_in.is_some_and(|n| self.calls.len().is_multiple_of(n));
        self.kills += u64::from(due);
        let when = if self.kills.is_multiple_of(2) { Killed::Done } else { Killed::HalfDone };
        due.then_some(when)
    }

    pub fn step(&mut self, id: Uuid, kind: MovementKind) -> Result<Reservation, Failure> {
        let Some(mut reservation) = self.reservations.get(&id).cloned() else {
            return refuse(Code::UnknownReservation);
        };
        for line in &mut reservation.lines {
            let (from, to) = if kind == MovementKind::Committed {
                (&mut line.held, &mut line.committed)
            } else {
                (&mut line.committed, &mut line.fulfilled)
            };
            let units = std::mem::take(from);
            *to += units;
            if units == 0 {
                return refuse(Code::ReservationClosed);
            }
            let key = (line.sku.clone(), line.location.clone());
            self.log(&key, kind, i64::try_from(units).unwrap(), Some(id));
        }
        self.reservations.insert(id, reservation.clone());
        Ok(reservation)
    }

    pub fn take_back(
        &mut self,
        id: Uuid,
        body: &ReturnLinesRequest,
    ) -> Result<Reservation, Failure> {
        let Some(mut reservation) = self.reservations.get(&id).cloned() else {
            return refuse(Code::UnknownReservation);
        };
        for back in &body.lines {
            let units = u64::from(back.quantity.get());
            let line = reservation.lines.iter_mut().find(|line| line.sku == back.sku.as_str());
            match line {
                Some(line) if line.fulfilled >= units => {
                    line.fulfilled -= units;
                    line.returned += units;
                }
                _ => return refuse(Code::QuantityExceedsFulfilled),
            }
        }
        // The home is told of every step.
        let home = reservation.lines.first().map(|line| (line.sku.clone(), line.location.clone()));
        if let Some(home) = home
            && body.lines.iter().all(|back| back.sku.as_str() != home.0)
        {
            self.log(&home, MovementKind::Returned, 0, Some(id));
        }
        for back in &body.lines {
            let key = (back.sku.to_string(), back.location.to_string());
            let units = i64::from(back.quantity.get());
            self.log(&key, MovementKind::Returned, units, Some(id));
        }
        self.reservations.insert(id, reservation.clone());
        Ok(reservation)
    }
}

/// Units by key, in key order; lines of one key are their sum.
pub fn basket(body: &ReserveRequest) -> BTreeMap<Key, u64> {
    let mut lines: BTreeMap<Key, u64> = BTreeMap::new();
    for line in &body.lines {
        let key = (line.sku.to_string(), line.location.to_string());
        *lines.entry(key).or_default() += u64::from(line.quantity.get());
    }
    lines
}
