//! A small engine in memory, written for these tests from the specification: enough of it to be audited.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use saldo_loadtest::transport::{Failure, Outcome, Transport};
use saldo_protocol::client::Answer;
use saldo_protocol::{
    AdjustRequest, Balances, Code, Cursor, Level, Movement, MovementKind, Movements,
    MovementsQuery, Problem, ProblemLine, ReceiveRequest, Reservation, ReservationLine,
    ReservationStatus, ReserveRequest, ReturnLinesRequest, ReturnWithoutOrderRequest,
    ReturnedLevels, Timestamp,
};
use uuid::Uuid;

type Key = (String, String);

#[derive(Default)]
pub struct Books {
    pub keys: BTreeMap<Key, Vec<Movement>>,
    pub reservations: HashMap<Uuid, Reservation>,
    /// Idempotency keys with what they were used for.
    used: HashMap<String, String>,
    /// Every change in the order in which it arrived: the verb and the subject.
    pub calls: Vec<String>,
    /// Wrong on purpose: grants whatever is asked.
    pub oversells: bool,
    /// Of so many changes one answer gets lost after the change was made: the caller sees that of the repeat.
    pub loses_one_in: Option<usize>,
    /// What it says of its durability.
    pub durability: Option<String>,
}

/// Clones share their books.
#[derive(Clone, Default)]
pub struct FakeEngine {
    pub books: Arc<Mutex<Books>>,
    /// Calls give way to others before they are carried out, so that several are in flight.
    pub interleaves: bool,
}

fn refuse<T>(code: Code) -> Result<T, Failure> {
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

    fn log(&mut self, key: &Key, kind: MovementKind, quantity: i64, id: Option<Uuid>) {
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
    fn repeated(&mut self, key: &str, what: String) -> Result<bool, Failure> {
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

    fn short(&self, lines: &BTreeMap<Key, u64>) -> Vec<ProblemLine> {
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

    fn reserve(&mut self, body: &ReserveRequest) -> Result<Reservation, Failure> {
        let id = body.id.unwrap();
        let mut lines: BTreeMap<Key, u64> = BTreeMap::new();
        for line in &body.lines {
            let key = (line.sku.to_string(), line.location.to_string());
            *lines.entry(key).or_default() += u64::from(line.quantity.get());
        }
        let short = self.short(&lines);
        if let Some(code) = short.iter().map(|line| line.code).min() {
            let problem = Problem::new(code, "in memory").with_lines(short);
            return Err(Failure::Refused(Box::new(problem)));
        }
        for (key, &units) in &lines {
            self.log(key, MovementKind::Reserved, i64::try_from(units).unwrap(), Some(id));
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

    fn step(&mut self, id: Uuid, kind: MovementKind) -> Result<Reservation, Failure> {
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

    fn take_back(&mut self, id: Uuid, body: &ReturnLinesRequest) -> Result<Reservation, Failure> {
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
        for back in &body.lines {
            let key = (back.sku.to_string(), back.location.to_string());
            let units = i64::from(back.quantity.get());
            self.log(&key, MovementKind::Returned, units, Some(id));
        }
        self.reservations.insert(id, reservation.clone());
        Ok(reservation)
    }
}

impl FakeEngine {
    async fn give_way(&self) {
        if self.interleaves {
            tokio::task::yield_now().await;
        }
    }

    /// Carries a change out once for each key; a repeat is answered with what is there now.
    async fn change<A>(
        &self,
        key: &str,
        what: String,
        act: impl FnOnce(&mut Books) -> Result<A, Failure>,
        now: impl FnOnce(&Books) -> A,
    ) -> Outcome<A> {
        self.give_way().await;
        let mut books = self.books.lock();
        if books.repeated(key, what.clone())? {
            return Ok(Answer { value: now(&books), replayed: true });
        }
        let value = act(&mut books)?;
        books.used.insert(key.to_owned(), what);
        if books.loses_one_in.is_some_and(|n| books.calls.len().is_multiple_of(n)) {
            return Ok(Answer { value: now(&books), replayed: true });
        }
        Ok(Answer { value, replayed: false })
    }
}

fn key(sku: &str, location: &str) -> Key {
    (sku.to_owned(), location.to_owned())
}

impl Transport for FakeEngine {
    async fn receive(
        &self,
        sku: &str,
        location: &str,
        body: &ReceiveRequest,
        idem: &str,
    ) -> Outcome<Level> {
        let stock = key(sku, location);
        let units = i64::from(body.quantity.get());
        let act = |books: &mut Books| {
            books.log(&stock, MovementKind::Received, units, None);
            Ok(books.level_of(&stock).unwrap())
        };
        let now = |books: &Books| books.level_of(&stock).unwrap();
        self.change(idem, format!("receive|{sku}|{location}|{units}"), act, now).await
    }

    async fn adjust(
        &self,
        sku: &str,
        location: &str,
        body: &AdjustRequest,
        idem: &str,
    ) -> Outcome<Level> {
        let stock = key(sku, location);
        let delta = i64::from(body.delta.get());
        let act = |books: &mut Books| {
            books.log(&stock, MovementKind::Adjusted, delta, None);
            Ok(books.level_of(&stock).unwrap())
        };
        let now = |books: &Books| books.level_of(&stock).unwrap();
        self.change(idem, format!("adjust|{sku}|{location}|{delta}"), act, now).await
    }

    async fn reserve(&self, body: &ReserveRequest, idem: &str) -> Outcome<Reservation> {
        let id = body.id.unwrap();
        let order = body.order_reference.as_ref().map_or("", AsRef::as_ref);
        let act = |books: &mut Books| books.reserve(body);
        let what = format!("reserve|{order}|{:?}", body.lines);
        self.change(idem, what, act, |books| books.reservations[&id].clone()).await
    }

    async fn commit(&self, id: Uuid, idem: &str) -> Outcome<Reservation> {
        let act = |books: &mut Books| books.step(id, MovementKind::Committed);
        let now = |books: &Books| books.reservations[&id].clone();
        self.change(idem, format!("commit|{id}"), act, now).await
    }

    async fn fulfil(&self, id: Uuid, idem: &str) -> Outcome<Reservation> {
        let act = |books: &mut Books| books.step(id, MovementKind::Fulfilled);
        let now = |books: &Books| books.reservations[&id].clone();
        self.change(idem, format!("fulfil|{id}"), act, now).await
    }

    async fn return_to_order(
        &self,
        id: Uuid,
        body: &ReturnLinesRequest,
        idem: &str,
    ) -> Outcome<Reservation> {
        let act = |books: &mut Books| books.take_back(id, body);
        let now = |books: &Books| books.reservations[&id].clone();
        self.change(idem, format!("return|{id}|{:?}", body.lines), act, now).await
    }

    async fn return_without_order(
        &self,
        body: &ReturnWithoutOrderRequest,
        idem: &str,
    ) -> Outcome<ReturnedLevels> {
        let now = |books: &Books| ReturnedLevels {
            levels: body
                .lines
                .iter()
                .map(|line| {
                    books.level_of(&key(line.sku.as_str(), line.location.as_str())).unwrap()
                })
                .collect(),
        };
        let act = |books: &mut Books| {
            for line in &body.lines {
                let stock = key(line.sku.as_str(), line.location.as_str());
                books.log(&stock, MovementKind::Returned, i64::from(line.quantity.get()), None);
            }
            Ok(now(books))
        };
        let what = format!("return_without_order|{}|{:?}", body.lines[0].sku, body.lines);
        self.change(idem, what, act, now).await
    }

    async fn level(&self, sku: &str, location: &str) -> Outcome<Level> {
        match self.books.lock().level_of(&key(sku, location)) {
            Some(value) => Ok(Answer { value, replayed: false }),
            None => refuse(Code::UnknownStock),
        }
    }

    /// Pages of three, so that every history has several.
    async fn movements(&self, query: &MovementsQuery) -> Outcome<Movements> {
        let books = self.books.lock();
        let Some(all) = books.keys.get(&key(query.sku.as_str(), query.location.as_str())) else {
            return refuse(Code::UnknownStock);
        };
        let from = query.cursor.as_ref().map_or(u64::MAX, |c: &Cursor| c.as_str().parse().unwrap());
        let older: Vec<_> =
            all.iter().rev().filter(|m| m.version < from).take(4).cloned().collect();
        let more = older.len() > 3;
        let movements: Vec<_> = older.into_iter().take(3).collect();
        let next_cursor = movements.last().filter(|_| more).map(|m| m.cursor.clone());
        Ok(Answer { value: Movements { movements, next_cursor }, replayed: false })
    }

    async fn durability(&self) -> Option<String> {
        self.books.lock().durability.clone()
    }
}
