//! What the model is held against: a ledger alone, or a whole engine on one thread.

use saldo::actor::call::{Call, CallResult, Movement};
use saldo_ledger::{Level, ReservationId, ReservationView, StockKey};

/// An answer and when it was decided.
#[derive(Debug)]
pub struct Told {
    /// The answer.
    pub result: CallResult,
    /// The first logged time at which it can have been decided, in microseconds.
    pub from: u64,
    /// The last.
    pub until: u64,
}

/// Something that takes calls.
#[expect(async_fn_in_trait, reason = "everything runs on one thread")]
pub trait Subject {
    /// Carries out a call.
    async fn call(&mut self, call: &Call, key: Option<&str>) -> Told;
    /// Carries out calls that are made at once. Their answers, in the calls' order.
    async fn call_all(&mut self, calls: &[(Call, Option<String>)]) -> Vec<Told>;
    /// A key's level; none where the key does not exist.
    async fn level(&mut self, key: &StockKey) -> Option<Level>;
    /// A reservation; none where it is not found.
    async fn order(&mut self, id: ReservationId) -> Option<ReservationView>;
    /// All movements of a key, oldest first; none where the subject keeps no history.
    async fn movements(&mut self, key: &StockKey) -> Option<Vec<Movement>>;
    /// Lets time pass, in microseconds.
    fn advance(&mut self, by_us: u64);
    /// Moves the wall clock alone, in microseconds.
    fn move_wall(&mut self, by_us: i64);
    /// Logged time now, in microseconds.
    fn now(&mut self) -> u64;
    /// When it last started, or an outage ended, in microseconds.
    fn resumed_at(&mut self) -> u64;
    /// Units of due holds come back. Done when all of it is durable.
    async fn sweep(&mut self);
    /// Idle keys leave memory.
    async fn passivate(&mut self);
    /// States are written down.
    async fn checkpoint(&mut self);
    /// What is not needed any more goes: old segments behind a baseline, closed reservations.
    async fn tidy_up(&mut self);
}
