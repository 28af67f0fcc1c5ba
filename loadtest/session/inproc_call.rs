//! What is no command of a frame, asked of an engine within this process: baskets, returns and reads.

use std::future::Future;
use std::pin::Pin;

use saldo::actor::call::{self, Call, ReturnLine};
use saldo::engine::Engine;
use saldo::gateway::code;
use saldo_ledger::{Condition, Level, Mode, Note, References, Refusal, RefusalCode, StockKey};

use crate::session::SessionError;
use crate::session::frame_binary::refused;
use crate::session::inproc::Run;
use crate::workload::op::{Op, Verb};
use crate::workload::outcome::{NOT_TOLD, Outcome, Verdict};

/// The outcome of one operation, once it is there.
pub(super) type Called = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Begins an operation. It does nothing before it is awaited.
pub(super) fn called(engine: &Engine, run: &Run, op: &Op) -> Result<Called, SessionError> {
    let engine = engine.clone();
    if op.verb == Verb::Read {
        let key = run.key(op.key).clone();
        return Ok(Box::pin(async move {
            match engine.level(&key).await {
                Ok(level) => of_level(&level),
                Err(refusal) => of_refusal(&refusal, true),
            }
        }));
    }
    let (call, once) = (call_of(op, run)?, run.names.idempotency_key(op.name));
    let is_single = op.lines.is_none();
    Ok(Box::pin(async move {
        match engine.call(call, Some(&once)).await {
            // A repeat tells how things are now, not how they were after it.
            Ok(answer) if answer.replayed => Outcome::plain(Verdict::Replayed),
            Ok(answer) => match answer.outcome {
                call::Outcome::Level(level) => of_level(&level),
                call::Outcome::Levels(_) | call::Outcome::Reservation(_) => {
                    Outcome::plain(Verdict::Done)
                }
            },
            Err(refusal) => of_refusal(&refusal, is_single),
        }
    }))
}

fn call_of(op: &Op, run: &Run) -> Result<Call, SessionError> {
    let key = || run.key(op.key).clone();
    let lines = || -> Vec<(StockKey, u32)> {
        op.each_line().map(|line| (run.key(line.key).clone(), line.quantity)).collect()
    };
    let part = || (!op.is_whole).then(lines);
    let settle = |verb| Ok(Call::Settle { id: run.reservation(op)?, verb, lines: part() });
    match op.verb {
        Verb::Reserve => Ok(Call::Reserve {
            id: Some(run.reservation(op)?),
            lines: lines(),
            hold_seconds: (op.hold_seconds > 0).then_some(op.hold_seconds),
            mode: Mode::AllOrNothing,
            references: References::default(),
        }),
        Verb::Extend => {
            Ok(Call::Extend { id: run.reservation(op)?, hold_seconds: op.hold_seconds })
        }
        Verb::Commit => settle(saldo_ledger::Verb::Commit),
        Verb::Fulfil => settle(saldo_ledger::Verb::Fulfil),
        Verb::Release => settle(saldo_ledger::Verb::Release),
        Verb::Cancel => settle(saldo_ledger::Verb::Cancel),
        Verb::Return => {
            let line = |(key, quantity): (StockKey, u32)| ReturnLine {
                to: key.clone(),
                key,
                quantity,
                condition: Condition::Sellable,
            };
            let lines = lines().into_iter().map(line).collect();
            Ok(Call::Return { id: run.reservation(op)?, lines })
        }
        Verb::Receive => Ok(Call::Receive {
            key: key(),
            quantity: op.quantity,
            from_incoming: false,
            note: Note::default(),
        }),
        Verb::Sell => Ok(Call::Sell {
            key: key(),
            quantity: op.quantity,
            handed_over: false,
            note: Note::default(),
        }),
        Verb::Read => Err(SessionError::Unfit("a read changes nothing".to_owned())),
    }
}

fn of_level(level: &Level) -> Outcome {
    Outcome {
        verdict: Verdict::Done,
        version: level.version,
        available: level.balances.available(),
    }
}

/// Of a basket no figure is told: which line it would be of is not known.
fn of_refusal(refusal: &Refusal, is_single: bool) -> Outcome {
    let told = match refusal.lines.as_slice() {
        [line] if is_single => Some(line.available),
        [] if is_single && refusal.code == RefusalCode::InsufficientStock => {
            Some(refusal.available)
        }
        _ => None,
    };
    refused(code(refusal.code), told.filter(|available| *available != NOT_TOLD))
}
