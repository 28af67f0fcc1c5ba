//! Transports that are wrong on purpose: one that alters an answer, one whose answers get lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use saldo_loadtest::replay::transport::{Failure, Outcome, Transport};
use saldo_protocol::{
    AdjustRequest, Level, Movements, MovementsQuery, ReceiveRequest, Reservation, ReserveRequest,
    ReturnLinesRequest, ReturnWithoutOrderRequest, ReturnedLevels,
};
use uuid::Uuid;

use super::engine::FakeEngine;

/// An answer of a change, by verb, before the runner sees it.
pub enum Told<'a> {
    Level(&'a mut Outcome<Level>),
    Reservation(&'a mut Outcome<Reservation>),
    Levels(&'a mut Outcome<ReturnedLevels>),
    Movements(&'a mut Outcome<Movements>),
}

type Alter = dyn Fn(&str, u64, Told<'_>) + Send + Sync;

/// Hands every answer to a function that may change it, with the verb and how many of that verb came before.
#[derive(Clone)]
pub struct Altering {
    pub engine: FakeEngine,
    alter: Arc<Alter>,
    seen: Arc<[AtomicU64; 9]>,
}

const VERBS: [&str; 9] = [
    "receive",
    "adjust",
    "reserve",
    "commit",
    "fulfil",
    "return",
    "return_without_order",
    "level",
    "movements",
];

impl Altering {
    pub fn new(
        engine: FakeEngine,
        alter: impl Fn(&str, u64, Told<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self { engine, alter: Arc::new(alter), seen: Arc::default() }
    }

    fn pass(&self, verb: &str, told: Told<'_>) {
        let at = VERBS.iter().position(|name| *name == verb).unwrap();
        (self.alter)(verb, self.seen[at].fetch_add(1, Ordering::Relaxed), told);
    }
}

impl Transport for Altering {
    async fn receive(
        &self,
        sku: &str,
        location: &str,
        body: &ReceiveRequest,
        key: &str,
    ) -> Outcome<Level> {
        let mut told = self.engine.receive(sku, location, body, key).await;
        self.pass("receive", Told::Level(&mut told));
        told
    }

    async fn adjust(
        &self,
        sku: &str,
        location: &str,
        body: &AdjustRequest,
        key: &str,
    ) -> Outcome<Level> {
        let mut told = self.engine.adjust(sku, location, body, key).await;
        self.pass("adjust", Told::Level(&mut told));
        told
    }

    async fn reserve(&self, body: &ReserveRequest, key: &str) -> Outcome<Reservation> {
        let mut told = self.engine.reserve(body, key).await;
        self.pass("reserve", Told::Reservation(&mut told));
        told
    }

    async fn commit(&self, id: Uuid, key: &str) -> Outcome<Reservation> {
        let mut told = self.engine.commit(id, key).await;
        self.pass("commit", Told::Reservation(&mut told));
        told
    }

    async fn fulfil(&self, id: Uuid, key: &str) -> Outcome<Reservation> {
        let mut told = self.engine.fulfil(id, key).await;
        self.pass("fulfil", Told::Reservation(&mut told));
        told
    }

    async fn return_to_order(
        &self,
        id: Uuid,
        body: &ReturnLinesRequest,
        key: &str,
    ) -> Outcome<Reservation> {
        let mut told = self.engine.return_to_order(id, body, key).await;
        self.pass("return", Told::Reservation(&mut told));
        told
    }

    async fn return_without_order(
        &self,
        body: &ReturnWithoutOrderRequest,
        key: &str,
    ) -> Outcome<ReturnedLevels> {
        let mut told = self.engine.return_without_order(body, key).await;
        self.pass("return_without_order", Told::Levels(&mut told));
        told
    }

    async fn level(&self, sku: &str, location: &str) -> Outcome<Level> {
        let mut told = self.engine.level(sku, location).await;
        self.pass("level", Told::Level(&mut told));
        told
    }

    async fn movements(&self, query: &MovementsQuery) -> Outcome<Movements> {
        let mut told = self.engine.movements(query).await;
        self.pass("movements", Told::Movements(&mut told));
        told
    }

    fn sent_again(&self) -> u64 {
        self.engine.sent_again()
    }

    async fn durability(&self) -> Option<String> {
        self.engine.durability().await
    }
}

/// An engine whose connection breaks after so many calls, once the last one was carried out: the answer is lost.
pub fn silent_after(engine: FakeEngine, calls: u64) -> Altering {
    let count = AtomicU64::new(0);
    Altering::new(engine, move |_, _, told| {
        if count.fetch_add(1, Ordering::Relaxed) >= calls {
            let gone = || Failure::NoAnswer("the connection broke".to_owned());
            match told {
                Told::Level(told) => *told = Err(gone()),
                Told::Reservation(told) => *told = Err(gone()),
                Told::Levels(told) => *told = Err(gone()),
                Told::Movements(told) => *told = Err(gone()),
            }
        }
    })
}
