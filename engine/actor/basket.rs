//! Operations over several keys: baskets are granted, steps carried out, and goods taken in elsewhere.
//!
//! The home's event is in the journal before any of this begins, and its closing event makes a grant
//! real. Keys are asked one after the other in key order, so that of two baskets with the same keys
//! one comes first at the first key; nobody waits for a key while holding another, so none can
//! deadlock. Steps wait for no sync; only the answer does. An operation is a task of its own: a
//! client that goes away stops nothing.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use saldo_ledger::{
    ArrivalAt, Arrivals, Change, Command, Event, LineRefusal, Mode, Once, PlanLine, Refusal,
    RefusalCode, ReservationId, StockKey, StockLedger, Timestamp, Verb,
};
use tokio::sync::oneshot;

use super::call::Outcome;
use super::lookups;
use super::message::{AnswerTo, Asked, Done, Job, Step, Want};
use super::shared::Shared;
use crate::blocking::pause;
use crate::planted::{Bug, is_awake};
use crate::store::replay::CutShort;

/// Pauses between attempts of a step that the journal has no room for: 2, 4, … 256 ms, then 256 ms.
const STEP_PAUSE_MS_MAX: u64 = 256;
/// Attempts of a step at a key whose actor panics; then the next start of the engine carries on.
const STEP_PANICS_MAX: u32 = 3;

/// What other keys have to do, after an event of a reservation's home.
pub enum Operation {
    /// Ask for the lines of a plan, then close it.
    Grant(Grant),
    /// Carry out what the home decided.
    CarryOut(CarryOut),
}

/// A plan under way.
pub struct Grant {
    id: ReservationId,
    home: StockKey,
    own: PlanLine,
    others: Vec<PlanLine>,
    mode: Mode,
    once: Option<Once>,
    answer: AnswerTo,
}

/// Steps of other keys that cannot be refused.
pub struct CarryOut {
    /// The reservation, or the operation of a return without an order.
    pub id: ReservationId,
    /// Whose event it was.
    pub home: StockKey,
    /// What each key has to do.
    pub steps: Vec<(StockKey, Command)>,
    /// The key of a return without an order and when it was decided: claimed until all has arrived, for nothing else
    /// has a repeat wait for that.
    pub once: Option<(Once, Timestamp)>,
    /// Who hears of it.
    pub answer: AnswerTo,
}

impl Operation {
    /// Whether other keys have to do anything after an event.
    pub fn follows(event: &Event) -> bool {
        match &event.change {
            Change::Planned { .. } => true,
            Change::Settled { others, .. } => !others.is_empty(),
            Change::Returned { others, .. } => !others.is_empty(),
            _ => false,
        }
    }

    /// The operation that follows an event.
    ///
    /// # Errors
    /// Gives the answer back where no other key has to do anything.
    pub fn after(
        event: &Event,
        command: &Command,
        once: Option<Once>,
        answer: AnswerTo,
        ledger: &StockLedger,
    ) -> Result<Self, AnswerTo> {
        let home = ledger.key().clone();
        match (&event.change, command) {
            (Change::Planned { id, .. }, Command::Reserve(reserve)) => Ok(Self::Grant(Grant {
                id: *id,
                own: PlanLine { key: home.clone(), requested: reserve.own },
                home,
                others: reserve.others.clone(),
                mode: reserve.mode,
                once,
                answer,
            })),
            (Change::Settled { id, verb, others, .. }, _) if !others.is_empty() => {
                let steps = others.iter().filter_map(|part| {
                    let key = ledger.other_key(*id, part.line)?.clone();
                    Some((key, carry(*id, *verb, part.quantity)))
                });
                let steps = steps.collect();
                Ok(Self::CarryOut(CarryOut { id: *id, home, steps, once: None, answer }))
            }
            (Change::Returned { id, of_order, others, note, .. }, _) if !others.is_empty() => {
                let steps = others
                    .iter()
                    .map(|it| (it.key.clone(), arrive(*id, *of_order, it.arrivals, note.clone())));
                let once = once.filter(|_| !of_order).map(|once| (once, event.at));
                let steps = steps.collect();
                Ok(Self::CarryOut(CarryOut { id: *id, home, steps, once, answer }))
            }
            _ => Err(answer),
        }
    }

    /// The reservation, or the operation of a return without an order.
    #[must_use]
    pub fn id(&self) -> ReservationId {
        match self {
            Self::Grant(grant) => grant.id,
            Self::CarryOut(carry) => carry.id,
        }
    }

    /// Sees the operation through.
    pub async fn run(self, shared: Arc<Shared>) {
        match self {
            Self::Grant(grant) => grant.run(&shared).await,
            Self::CarryOut(carry) => carry.run(&shared).await,
        }
    }

    /// The home's event did not come into the journal. Gives back the key that is still claimed for it.
    pub fn give_up(self, code: RefusalCode) -> Option<Once> {
        let (once, answer) = match self {
            Self::Grant(grant) => (grant.once, grant.answer),
            Self::CarryOut(carry) => (carry.once.map(|(once, _)| once), carry.answer),
        };
        answer.refuse(code.into());
        once
    }
}

/// The command that carries out a step of the home at another key.
#[must_use]
pub fn carry(id: ReservationId, verb: Verb, quantity: u32) -> Command {
    Command::Carry { id, verb, quantity }
}

/// The command that takes goods in at another key.
#[must_use]
pub fn arrive(
    id: ReservationId,
    of_order: bool,
    here: Arrivals,
    note: Option<Box<saldo_ledger::Note>>,
) -> Command {
    Command::Arrive { id, of_order, here, others: Vec::<ArrivalAt>::new(), note }
}

impl Grant {
    async fn run(self, shared: &Arc<Shared>) {
        let Self { id, home, own, others, mode, once, answer } = self;
        let mut shortfall = Shortfall { lines: Vec::new(), mode };
        let mut grants = Vec::with_capacity(others.len());
        for (index, line) in others.iter().enumerate() {
            if shortfall.refuses() {
                shortfall.look(shared, line).await;
                continue;
            }
            if is_awake(Bug::LoseBasketLine) && index + 1 == others.len() {
                grants.push(line.requested);
                continue;
            }
            let command = Command::Pend { id, home: home.clone(), quantity: line.requested, mode };
            match step(shared, &line.key, &command).await {
                Ok(Event { change: Change::Pended { quantity, .. }, .. }) => grants.push(quantity),
                Ok(_) => unreachable!("a pend is answered by what was pended"),
                Err(refusal) => {
                    shortfall.note(line, refusal.code, refusal.available);
                    grants.push(0);
                }
            }
        }
        let granted = !shortfall.refuses();
        let close = Command::Close { id, grants: granted.then(|| grants.clone()) };
        let closed = step_once(shared, &home, &close, once).await;
        if matches!(closed, Ok(Event { change: Change::Granted { .. }, .. })) {
            answer_with_view(shared, &home, id, answer).await;
            return;
        }
        let pended = others.iter().zip(grants).filter(|(_, quantity)| *quantity > 0);
        let steps =
            pended.map(|(line, quantity)| (line.key.clone(), Command::Unpend { id, quantity }));
        carry_out(shared, steps.collect()).await;
        if !shortfall.refuses() {
            // In part, and there was nothing at all: the home's own line too.
            shortfall.look(shared, &own).await;
        }
        end(shared, &home, id);
        shortfall.refuse(shared, answer).await;
    }
}

/// Ends the operations that a crash cut short, and waits until that is durable.
pub async fn end_all_cut_short(shared: &Arc<Shared>, cut_short: Vec<CutShort>) {
    let ended = cut_short.len();
    for cut in cut_short {
        end_cut_short(shared, cut).await;
    }
    shared.all_durable().await;
    if ended > 0 {
        tracing::info!(ended, "ended operations that the last stop cut short");
    }
}

/// Ends an operation as its home had decided it.
async fn end_cut_short(shared: &Arc<Shared>, cut: CutShort) {
    if cut.withdraw
        && let Err(refusal) =
            step(shared, &cut.home, &Command::Close { id: cut.id, grants: None }).await
    {
        tracing::error!(key = %cut.home, code = ?refusal.code, "a plan that a crash cut short could not be withdrawn");
        return;
    }
    carry_out(shared, cut.steps).await;
}

impl CarryOut {
    async fn run(self, shared: &Arc<Shared>) {
        carry_out(shared, self.steps).await;
        if let Some((once, at)) = self.once {
            // Before it ends: until then no checkpoint passes its first event.
            shared.once.decided(once, None, at);
        }
        answer_with_view(shared, &self.home, self.id, self.answer).await;
    }
}

/// Lines of a basket that fall short.
pub struct Shortfall {
    /// Those found so far.
    pub lines: Vec<LineRefusal>,
    /// Of a partial basket only unknown keys refuse the whole.
    pub mode: Mode,
}

impl Shortfall {
    fn refuses(&self) -> bool {
        let in_part = |line: &LineRefusal| {
            self.mode == Mode::Partial && line.code == RefusalCode::InsufficientStock
        };
        self.lines.iter().any(|line| !in_part(line))
    }

    fn note(&mut self, line: &PlanLine, code: RefusalCode, available: i64) {
        let requested = u64::from(line.requested);
        self.lines.push(LineRefusal { key: line.key.clone(), code, requested, available });
    }

    /// Looks whether a line would fall short, without asking for its units.
    async fn look(&mut self, shared: &Arc<Shared>, line: &PlanLine) {
        match shared.level(&line.key).await {
            Ok(level) if level.balances.promisable() < i64::from(line.requested) => {
                self.note(line, RefusalCode::InsufficientStock, level.balances.available());
            }
            Ok(_) => {}
            Err(refusal) => self.note(line, refusal.code, 0),
        }
    }

    /// Looks at the lines that were not asked for, then refuses with all that fall short.
    pub async fn look_and_refuse(
        mut self,
        shared: Arc<Shared>,
        others: Vec<PlanLine>,
        answer: AnswerTo,
    ) {
        for line in &others {
            self.look(&shared, line).await;
        }
        self.refuse(&shared, answer).await;
    }

    /// Looks at lines, then refuses for those whose key does not exist, else with `hold_limit`.
    pub async fn look_and_limit(
        mut self,
        shared: Arc<Shared>,
        others: Vec<PlanLine>,
        answer: AnswerTo,
    ) {
        for line in &others {
            self.look(&shared, line).await;
        }
        self.lines.retain(|line| line.code < RefusalCode::HoldLimit);
        let limit = || Refusal::plain(RefusalCode::HoldLimit);
        answer.refuse(Refusal::of_lines(self.lines).unwrap_or_else(limit));
    }

    async fn refuse(self, shared: &Arc<Shared>, answer: AnswerTo) {
        let refusal = Refusal::of_lines(self.lines)
            .unwrap_or_else(|| Refusal::plain(RefusalCode::InsufficientStock));
        if shared.all_durable().await {
            answer.refuse(refusal);
        } else {
            // What the lines fell short of may never have been.
            answer.refuse(RefusalCode::OutcomeUnknown.into());
        }
    }
}

/// Has every key do its step; all at once, since none can refuse.
async fn carry_out(shared: &Arc<Shared>, steps: Vec<(StockKey, Command)>) {
    let steps = steps.iter().map(|(key, command)| async move {
        if let Err(refusal) = step(shared, key, command).await {
            tracing::error!(%key, code = ?refusal.code, "a step waits for the engine's next start: its key cannot take it");
        }
    });
    join_all(steps).await;
}

async fn step(shared: &Arc<Shared>, key: &StockKey, command: &Command) -> Step {
    step_once(shared, key, command, None).await
}

/// Asks a key for a step until it is taken or refused for good.
async fn step_once(
    shared: &Arc<Shared>,
    key: &StockKey,
    command: &Command,
    once: Option<Once>,
) -> Step {
    let mut pause_ms = 2;
    let mut panics = 0;
    loop {
        let (tell, told) = oneshot::channel();
        shared.deliver_job(
            key,
            Job {
                asked: Asked { command: command.clone(), once: once.map(Box::new) },
                answer: AnswerTo::Step(tell),
                permit: None,
            },
        );
        match told.await {
            Ok(Err(refusal))
                if matches!(refusal.code, RefusalCode::ReadOnly | RefusalCode::Overloaded) =>
            {
                pause(Duration::from_millis(pause_ms)).await;
                pause_ms = (pause_ms * 2).min(STEP_PAUSE_MS_MAX);
            }
            Ok(step) => return step,
            // The actor panicked before the step was journalled: it is rebuilt and asked again.
            Err(_) if panics < STEP_PANICS_MAX && !shared.journal.is_failed() => panics += 1,
            Err(_) => return Err(RefusalCode::OutcomeUnknown.into()),
        }
    }
}

/// Ends the operation at its home and answers with the reservation as it is then.
async fn answer_with_view(
    shared: &Arc<Shared>,
    home: &StockKey,
    id: ReservationId,
    answer: AnswerTo,
) {
    let AnswerTo::Caller { want, tell } = answer else {
        end(shared, home, id);
        return;
    };
    let outcome = match want {
        Want::Level => shared.level(home).await.map(Outcome::Level).ok(),
        Want::Reservation => lookups::reservation(shared, id).await.map(Outcome::Reservation).ok(),
    };
    end(shared, home, id);
    shared.all_durable().await;
    let unknown = || Refusal::plain(RefusalCode::OutcomeUnknown);
    let reply = outcome.map(|outcome| Done { outcome, replayed: false }).ok_or_else(unknown);
    let failed = shared.journal.is_failed();
    // Nobody listens where the client went away; what was done stays done.
    let _ = tell.send(if failed { Err(unknown()) } else { reply });
}

fn end(shared: &Shared, home: &StockKey, id: ReservationId) {
    shared.operations.end(id);
    if let Err((_, code)) = shared.directory.deliver(home, super::message::Message::Ended(id)) {
        tracing::error!(key = %home, ?code, "an operation ended at a key that cannot be reached");
    }
}
