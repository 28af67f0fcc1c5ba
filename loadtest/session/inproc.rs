//! The transport without a network: batches are handed to an engine within this process, and its answers awaited.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use saldo::engine::{Engine, FrameCommand, FrameOp, FrameReply};
use saldo::gateway::code;
use saldo_ledger::{ReservationId, StockKey};

use crate::session::frame_binary::{needs_key, refused};
use crate::session::inproc_call::called;
use crate::session::{Connector, Session, SessionError};
use crate::targets::inproc::EngineHandle;
use crate::workload::names::Names;
use crate::workload::op::{KeyIndex, Op, Verb};
use crate::workload::outcome::{Outcome, Verdict};

/// Makes sessions on one engine.
pub struct InprocConnector {
    engine: Engine,
    run: Arc<Run>,
}

/// The run's names, as the engine has them.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) names: Arc<Names>,
    keys: Vec<StockKey>,
}

impl Run {
    /// The key of a number.
    pub(super) fn key(&self, key: KeyIndex) -> &StockKey {
        &self.keys[key as usize]
    }

    /// The reservation that an operation makes or moves.
    ///
    /// # Errors
    /// [`SessionError::Unfit`]: never, since no name of a run is the nil UUID.
    pub(super) fn reservation(&self, op: &Op) -> Result<ReservationId, SessionError> {
        let id = ReservationId::new(self.names.reservation(op.reservation).as_u128());
        id.ok_or_else(|| SessionError::Unfit("the nil UUID is no reservation".to_owned()))
    }
}

impl InprocConnector {
    /// For the keys of a run.
    ///
    /// # Errors
    /// [`SessionError::Unfit`] where the engine takes a name for none.
    pub fn new(engine: &EngineHandle, names: Arc<Names>) -> Result<Self, SessionError> {
        let keys = names.stocks().iter().map(|stock| {
            StockKey::new(&stock.sku, &stock.location)
                .map_err(|error| SessionError::Unfit(format!("{}: {error}", stock.sku)))
        });
        let keys = keys.collect::<Result<_, _>>()?;
        Ok(Self { engine: engine.engine().clone(), run: Arc::new(Run { names, keys }) })
    }
}

impl Connector for InprocConnector {
    type Session = InprocSession;

    async fn connect(&self, _client: u32) -> Result<InprocSession, SessionError> {
        Ok(InprocSession {
            engine: self.engine.clone(),
            run: Arc::clone(&self.run),
            in_flight: FuturesUnordered::new(),
        })
    }
}

/// What a batch comes to: its number and the outcomes in their order.
type Answered = Pin<Box<dyn Future<Output = (u64, Vec<Outcome>)> + Send>>;

/// One client's way to the engine.
pub struct InprocSession {
    engine: Engine,
    run: Arc<Run>,
    in_flight: FuturesUnordered<Answered>,
}

impl Session for InprocSession {
    async fn send(&mut self, batch: u64, ops: &[Op]) -> Result<(), SessionError> {
        let is_command = |op: &Op| op.lines.is_none() && op.verb.is_command();
        let answered: Answered = if ops.iter().all(is_command) {
            let frame = ops.iter().map(|op| command(op, &self.run)).collect::<Result<_, _>>()?;
            // Handed over before this returns, so that commands of a key keep their order.
            let replies = self.engine.commands(frame);
            Box::pin(async move { (batch, replies.await.iter().map(outcome).collect()) })
        } else {
            let calls = ops.iter().map(|op| called(&self.engine, &self.run, op));
            let calls = join_all(calls.collect::<Result<Vec<_>, _>>()?);
            Box::pin(async move { (batch, calls.await) })
        };
        self.in_flight.push(answered);
        Ok(())
    }

    async fn receive(&mut self, outcomes: &mut Vec<Outcome>) -> Result<u64, SessionError> {
        match self.in_flight.next().await {
            Some((batch, answers)) => {
                outcomes.extend(answers);
                Ok(batch)
            }
            // Nothing is in flight, and nothing will come.
            None => std::future::pending().await,
        }
    }
}

fn command(op: &Op, run: &Run) -> Result<FrameCommand, SessionError> {
    let whole = (!op.is_whole).then_some(op.quantity);
    let (frame_op, quantity) = match op.verb {
        Verb::Reserve => (FrameOp::Reserve, Some(op.quantity)),
        Verb::Extend => (FrameOp::Extend, None),
        Verb::Commit => (FrameOp::Commit, whole),
        Verb::Fulfil => (FrameOp::Fulfil, whole),
        Verb::Release => (FrameOp::Release, whole),
        Verb::Cancel => (FrameOp::Cancel, whole),
        Verb::Sell => (FrameOp::Sell, Some(op.quantity)),
        Verb::Receive => (FrameOp::Receive, Some(op.quantity)),
        verb @ (Verb::Return | Verb::Read) => {
            return Err(SessionError::Unfit(format!("`{}` is no command", verb.name())));
        }
    };
    Ok(FrameCommand {
        op: frame_op,
        key: run.key(op.key).clone(),
        id: if op.verb.has_reservation() { Some(run.reservation(op)?) } else { None },
        quantity,
        hold_seconds: (op.hold_seconds > 0).then_some(op.hold_seconds),
        once: needs_key(op).then(|| run.names.idempotency_key(op.name).into_boxed_str()),
    })
}

fn outcome(reply: &FrameReply) -> Outcome {
    match *reply {
        // A repeat tells how things are now, not how they were after it.
        FrameReply::Done { replayed: true, .. } => Outcome::plain(Verdict::Replayed),
        FrameReply::Done { version, available, .. } => {
            Outcome { verdict: Verdict::Done, version, available }
        }
        FrameReply::Refused { code: refusal, available } => refused(code(refusal), available),
    }
}
