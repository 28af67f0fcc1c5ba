//! The calls of the engine in memory: each carried out once for its key, with answers that get lost and kills.

use saldo_loadtest::replay::transport::{Failure, Outcome, Transport};
use saldo_protocol::client::Answer;
use saldo_protocol::{
    AdjustRequest, Code, Cursor, Level, MovementKind, Movements, MovementsQuery, ReceiveRequest,
    Reservation, ReserveRequest, ReturnLinesRequest, ReturnWithoutOrderRequest, ReturnedLevels,
};
use uuid::Uuid;

use super::engine::{Books, FakeEngine, Key, Killed, basket, refuse};

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
        self.change_or_half(key, what, act, |_| (), now).await
    }

    /// The same of a change over several keys: `half` is what a kill in the middle and the recovery leave of it.
    async fn change_or_half<A>(
        &self,
        key: &str,
        what: String,
        act: impl FnOnce(&mut Books) -> Result<A, Failure>,
        half: impl FnOnce(&mut Books),
        now: impl FnOnce(&Books) -> A,
    ) -> Outcome<A> {
        self.give_way().await;
        let mut books = self.books.lock();
        if books.repeated(key, what.clone())? {
            return Ok(Answer { value: now(&books), replayed: true });
        }
        let killed = books.is_killed();
        if killed == Some(Killed::HalfDone) {
            half(&mut books);
        }
        let value = act(&mut books)?;
        books.used.insert(key.to_owned(), what);
        if killed == Some(Killed::Done) {
            return Ok(Answer { value: now(&books), replayed: true });
        }
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
        let delta = body.delta.get();
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
        // The first keys have been asked; nobody fell short so far, and the plan was not closed.
        let half = |books: &mut Books| {
            let lines = basket(body);
            let first = books.short(&lines).first().map(|line| line.sku.clone());
            let asked = lines.len().div_ceil(2);
            let before = |key: &Key| first.as_ref().is_none_or(|first| key.0 < *first);
            let asked = lines.into_iter().take(asked).filter(|(key, _)| before(key)).collect();
            books.withdraw(&asked, id);
        };
        let now = |books: &Books| books.reservations[&id].clone();
        self.change_or_half(idem, what, act, half, now).await
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

    fn sent_again(&self) -> u64 {
        self.books.lock().kills
    }

    async fn durability(&self) -> Option<String> {
        self.books.lock().durability.clone()
    }
}
