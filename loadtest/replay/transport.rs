//! How the runner and the audit speak to an engine: a trait, so that the whole of both is tested against an
//! engine in memory, with altered and lost answers.

use std::future::Future;

use saldo_protocol::client::Answer;
use saldo_protocol::{
    AdjustRequest, Level, Movements, MovementsQuery, Problem, ReceiveRequest, Reservation,
    ReserveRequest, ReturnLinesRequest, ReturnWithoutOrderRequest, ReturnedLevels,
};
use uuid::Uuid;

/// Why a call has no value.
#[derive(Debug)]
pub enum Failure {
    /// The engine said no, and why.
    Refused(Box<Problem>),
    /// Nobody said anything that could be understood, for as long as patience lasted.
    NoAnswer(String),
}

/// What a call comes to.
pub type Outcome<T> = Result<Answer<T>, Failure>;

/// The calls of a replay. A change carries an idempotency key and is repeated by the transport, under the same
/// key, until its outcome is known.
pub trait Transport: Send + Sync + 'static {
    /// Goods come in.
    fn receive(
        &self,
        sku: &str,
        location: &str,
        body: &ReceiveRequest,
        key: &str,
    ) -> impl Future<Output = Outcome<Level>> + Send;

    /// A balance is corrected.
    fn adjust(
        &self,
        sku: &str,
        location: &str,
        body: &AdjustRequest,
        key: &str,
    ) -> impl Future<Output = Outcome<Level>> + Send;

    /// Units of all lines are held.
    fn reserve(
        &self,
        body: &ReserveRequest,
        key: &str,
    ) -> impl Future<Output = Outcome<Reservation>> + Send;

    /// All held units are promised.
    fn commit(&self, id: Uuid, key: &str) -> impl Future<Output = Outcome<Reservation>> + Send;

    /// All committed units are handed over.
    fn fulfil(&self, id: Uuid, key: &str) -> impl Future<Output = Outcome<Reservation>> + Send;

    /// Units come back to their order.
    fn return_to_order(
        &self,
        id: Uuid,
        body: &ReturnLinesRequest,
        key: &str,
    ) -> impl Future<Output = Outcome<Reservation>> + Send;

    /// Units come back without an order.
    fn return_without_order(
        &self,
        body: &ReturnWithoutOrderRequest,
        key: &str,
    ) -> impl Future<Output = Outcome<ReturnedLevels>> + Send;

    /// The balances of a key. Refused with `unknown_stock` where there is none.
    fn level(&self, sku: &str, location: &str) -> impl Future<Output = Outcome<Level>> + Send;

    /// A page of a key's events, newest first.
    fn movements(&self, query: &MovementsQuery) -> impl Future<Output = Outcome<Movements>> + Send;

    /// Attempts so far that ended without an outcome, so that the call was sent again: what they began, the engine
    /// may have carried out or withdrawn.
    fn sent_again(&self) -> u64;

    /// What an acknowledgement survives, as far as the engine tells.
    fn durability(&self) -> impl Future<Output = Option<String>> + Send;
}
