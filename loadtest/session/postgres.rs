//! PostgreSQL over a connection of its own: one prepared function call a batch, as many in flight as are sent.
//!
//! A transaction holds the row of a hot stock until its commit is synced, so that buyers would sync one after the other.
//! Where few keys are crowded, a call's own commit therefore does not wait; a second one right behind it does: it waits
//! for the sync of everything before it, and an answer counts only when both are there. The guarantee is the same, and
//! many buyers share a sync. Over many keys, where nobody waits for a row, the second commit would only cost.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::future::{try_join, try_join_all};
use saldo_protocol::Code;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

use crate::session::{Connector, Session, SessionError};
use crate::targets::guarantee::Guarantee;
use crate::targets::postgres::config;
use crate::workload::names::Names;
use crate::workload::op::{KeyIndex, Op, Verb};
use crate::workload::outcome::{NOT_TOLD, Outcome, Verdict};

/// A function's answer in one number: the stock that is left × 8 + a code.
const CODES: i64 = 8;
const RESERVE: &str = "SELECT reserve($1, $2, $3, $4, $5)";
const RESERVE_MANY: &str = "SELECT lefts, codes FROM reserve_many($1, $2, $3, $4, $5, $6)";
const SETTLE: &str = "SELECT settle($1, $2)";
const RESERVE_THEN_SYNC: &str = "CALL reserve_then_sync($1, $2, $3, $4, $5, NULL)";
const AWAIT_SYNC: &str = "SELECT await_sync()";
const NO_WAIT: &str = "SET synchronous_commit = off";
/// Below so many keys, clients wait for each other's rows.
const CROWDED_KEYS_MAX: usize = 1_000;

/// Makes sessions with one PostgreSQL.
#[derive(Clone, Debug)]
pub struct PostgresConnector {
    address: SocketAddr,
    guarantee: Guarantee,
    names: Arc<Names>,
}

/// One connection.
#[derive(Debug)]
pub struct PostgresSession {
    calls: Arc<Calls>,
    names: Arc<Names>,
    in_flight: VecDeque<Pending>,
}

/// The connection and what is prepared on it.
#[derive(Debug)]
struct Calls {
    client: Client,
    reserve: Statement,
    reserve_many: Statement,
    settle: Statement,
    /// What waits for the sync; none where commits do as they are set.
    await_sync: Option<Statement>,
}

/// The rows of a batch, one for each call of it.
type Answer = Pin<Box<dyn Future<Output = Result<Vec<Row>, tokio_postgres::Error>> + Send>>;

/// A batch that waits for its answer.
struct Pending {
    batch: u64,
    /// Set where the answer came while the batch was sent.
    ready: Option<Result<Vec<Row>, tokio_postgres::Error>>,
    answer: Answer,
    many: Option<Many>,
}

/// Holds in one call: each stock once, in key order, and for each operation which of them it takes from.
#[derive(Debug)]
struct Many {
    /// Counted from 1, as the server does.
    places: Vec<i32>,
    quantities: Vec<i32>,
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending").field("batch", &self.batch).finish_non_exhaustive()
    }
}

impl PostgresConnector {
    /// Sessions with the PostgreSQL at this address, for a run with these names.
    #[must_use]
    pub const fn new(address: SocketAddr, guarantee: Guarantee, names: Arc<Names>) -> Self {
        Self { address, guarantee, names }
    }

    async fn calls(&self) -> Result<Calls, tokio_postgres::Error> {
        let (client, connection) = config(self.address).connect(NoTls).await?;
        // It ends with the client; what goes wrong the client is told.
        tokio::spawn(connection);
        let is_crowded = self.names.stocks().len() < CROWDED_KEYS_MAX;
        let (reserve, await_sync) = match self.guarantee {
            Guarantee::PowerLoss if is_crowded => {
                client.batch_execute(NO_WAIT).await?;
                (RESERVE_THEN_SYNC, Some(client.prepare(AWAIT_SYNC).await?))
            }
            Guarantee::PowerLoss | Guarantee::Relaxed => (RESERVE, None),
        };
        Ok(Calls {
            reserve: client.prepare(reserve).await?,
            reserve_many: client.prepare(RESERVE_MANY).await?,
            settle: client.prepare_typed(SETTLE, &[Type::UUID, Type::CHAR]).await?,
            await_sync,
            client,
        })
    }
}

impl Connector for PostgresConnector {
    type Session = PostgresSession;

    async fn connect(&self, _client: u32) -> Result<PostgresSession, SessionError> {
        let calls = self.calls().await.map_err(|error| SessionError::Connect {
            to: self.address.to_string(),
            reason: told(&error),
        })?;
        Ok(PostgresSession {
            calls: Arc::new(calls),
            names: Arc::clone(&self.names),
            in_flight: VecDeque::new(),
        })
    }
}

impl Session for PostgresSession {
    async fn send(&mut self, batch: u64, ops: &[Op]) -> Result<(), SessionError> {
        let holds = ops.iter().all(|op| op.verb == Verb::Reserve && op.lines.is_none());
        let (mut answer, many) = if ops.len() > 1 && holds {
            let (answer, many) = self.together(ops)?;
            (answer, Some(many))
        } else {
            (self.each(ops)?, None)
        };
        // Asked once, it hands its calls to the connection; the answer comes later, as a rule.
        let ready = poll_fn(|context| {
            Poll::Ready(match answer.as_mut().poll(context) {
                Poll::Ready(result) => Some(result),
                Poll::Pending => None,
            })
        });
        let ready = ready.await;
        self.in_flight.push_back(Pending { batch, ready, answer, many });
        // The connection is a task of its own: it gets its turn.
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn receive(&mut self, outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError> {
        let Some(pending) = self.in_flight.front_mut() else {
            return Err(SessionError::Unfit("nothing is in flight to wait for".to_owned()));
        };
        let rows = match pending.ready.take() {
            Some(result) => result,
            None => pending.answer.as_mut().await,
        };
        let rows = rows.map_err(|error| SessionError::Connection(told(&error)))?;
        match &pending.many {
            None => {
                for row in &rows {
                    outcomes.push(outcome(row.try_get(0).map_err(|e| nonsense(&e))?)?);
                }
            }
            Some(many) => many.outcomes(&rows, outcomes)?,
        }
        let batch = pending.batch;
        self.in_flight.pop_front();
        Ok(batch)
    }
}

impl PostgresSession {
    /// One call for each operation, one behind the other.
    fn each(&self, ops: &[Op]) -> Result<Answer, SessionError> {
        let unfit =
            |what: &str| SessionError::Unfit(format!("PostgreSQL has no function for {what}"));
        for op in ops {
            let is_fit = match op.verb {
                Verb::Reserve => true,
                Verb::Commit | Verb::Release => op.is_whole,
                _ => false,
            };
            if op.lines.is_some() {
                return Err(unfit("baskets"));
            }
            if !is_fit {
                return Err(unfit(op.verb.name()));
            }
            signed(op.quantity.max(op.hold_seconds))?;
        }
        let (calls, names, ops) = (Arc::clone(&self.calls), Arc::clone(&self.names), ops.to_vec());
        Ok(Box::pin(async move {
            let all = try_join_all(ops.iter().map(|op| calls.one(op, &names)));
            // A reserve waits by itself.
            if ops.iter().all(|op| op.verb == Verb::Reserve) {
                return all.await;
            }
            let (rows, ()) = try_join(all, calls.synced()).await?;
            Ok(rows)
        }))
    }

    /// One call for all.
    fn together(&self, ops: &[Op]) -> Result<(Answer, Many), SessionError> {
        let mut keys: Vec<KeyIndex> = ops.iter().map(|op| op.key).collect();
        keys.sort_unstable();
        keys.dedup();
        let place = |key: KeyIndex| i32::try_from(keys.partition_point(|&other| other <= key));
        let places: Result<Vec<i32>, _> = ops.iter().map(|op| place(op.key)).collect();
        let places = places.map_err(|_| SessionError::Unfit("too many keys".to_owned()))?;
        let quantities: Vec<i32> =
            ops.iter().map(|op| signed(op.quantity)).collect::<Result<_, _>>()?;
        let holds: Vec<i32> =
            ops.iter().map(|op| signed(op.hold_seconds)).collect::<Result<_, _>>()?;
        let ids: Vec<Uuid> = ops.iter().map(|op| self.names.reservation(op.reservation)).collect();
        let many = Many { places: places.clone(), quantities: quantities.clone() };
        let (calls, names) = (Arc::clone(&self.calls), Arc::clone(&self.names));
        let answer = async move {
            let stocks = keys.iter().map(|&key| names.stock(key));
            let (skus, locations): (Vec<&str>, Vec<&str>) =
                stocks.map(|stock| (&*stock.sku, &*stock.location)).unzip();
            let arguments: [&(dyn ToSql + Sync); 6] =
                [&skus, &locations, &ids, &places, &quantities, &holds];
            let row = calls.client.query_one(&calls.reserve_many, &arguments);
            let (row, ()) = try_join(row, calls.synced()).await?;
            Ok(vec![row])
        };
        Ok((Box::pin(answer), many))
    }
}

impl Calls {
    /// The call for one operation.
    async fn one(&self, op: &Op, names: &Names) -> Result<Row, tokio_postgres::Error> {
        let id = names.reservation(op.reservation);
        let state = match op.verb {
            Verb::Commit => b'c',
            Verb::Release => b'f',
            _ => {
                let stock = names.stock(op.key);
                // Both fit: looked at before.
                let quantity = op.quantity.cast_signed();
                let hold = op.hold_seconds.cast_signed();
                let arguments: [&(dyn ToSql + Sync); 5] =
                    [&id, &&*stock.sku, &&*stock.location, &quantity, &hold];
                return self.client.query_one(&self.reserve, &arguments).await;
            }
        };
        self.client.query_one(&self.settle, &[&id, &state.cast_signed()]).await
    }

    /// Waits for the sync of what was sent before it.
    async fn synced(&self) -> Result<(), tokio_postgres::Error> {
        if let Some(statement) = &self.await_sync {
            self.client.query_one(statement, &[]).await?;
        }
        Ok(())
    }
}

impl Many {
    /// What each operation was answered. What a stock had before is what it has after, and what was taken.
    fn outcomes(&self, rows: &[Row], outcomes: &mut Vec<Outcome>) -> Result<(), SessionError> {
        let row = rows.first().ok_or_else(|| SessionError::Answer("no row".to_owned()))?;
        let lefts: Vec<Option<i64>> = row.try_get(0).map_err(|e| nonsense(&e))?;
        let codes: &str = row.try_get(1).map_err(|e| nonsense(&e))?;
        if codes.len() != self.places.len() {
            return Err(SessionError::Answer(format!("{} codes", codes.len())));
        }
        let mut lefts: Vec<i64> = lefts.into_iter().map(|left| left.unwrap_or(NOT_TOLD)).collect();
        let place = |place: i32| usize::try_from(place - 1).unwrap_or_default();
        let each = || self.places.iter().zip(&self.quantities).zip(codes.bytes());
        for ((&at, &quantity), _) in each().filter(|(_, code)| *code == b'D') {
            lefts[place(at)] += i64::from(quantity);
        }
        for ((&at, &quantity), code) in each() {
            let left = &mut lefts[place(at)];
            let verdict = match code {
                b'D' => {
                    *left -= i64::from(quantity);
                    Verdict::Done
                }
                b'R' => Verdict::Replayed,
                b'I' => Verdict::Refused(Code::InsufficientStock),
                b'X' => Verdict::Refused(Code::IdempotencyKeyReused),
                b'U' => Verdict::Refused(Code::UnknownStock),
                other => return Err(SessionError::Answer(format!("the code {other}"))),
            };
            outcomes.push(Outcome { verdict, version: 0, available: *left });
        }
        Ok(())
    }
}

/// What a single call was answered.
fn outcome(number: i64) -> Result<Outcome, SessionError> {
    if number < 0 {
        return Ok(Outcome::refused(Code::UnknownStock));
    }
    let verdict = match number % CODES {
        0 => Verdict::Done,
        1 => Verdict::Replayed,
        2 => Verdict::Refused(Code::InsufficientStock),
        3 => Verdict::Refused(Code::IdempotencyKeyReused),
        4 => Verdict::Refused(Code::UnknownReservation),
        5 => Verdict::Refused(Code::ReservationExpired),
        6 => Verdict::Refused(Code::ReservationClosed),
        _ => return Err(SessionError::Answer(format!("the number {number}"))),
    };
    Ok(Outcome { verdict, version: 0, available: number / CODES })
}

/// The database's integers have a sign.
fn signed(number: u32) -> Result<i32, SessionError> {
    i32::try_from(number).map_err(|_| {
        SessionError::Unfit(format!("{number} is more than PostgreSQL's integer holds"))
    })
}

/// What the server said stands in the cause.
fn told(error: &tokio_postgres::Error) -> String {
    error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string)
}

fn nonsense(error: &tokio_postgres::Error) -> SessionError {
    SessionError::Answer(error.to_string())
}
