//! One client: asks its script what to send, sends it in batches, and tells script, figures and log what became of it.
//! Closed loop: an answer makes room for the next batch. Open loop: the clock says when an operation is to begin, and
//! its latency counts from then, however long it had to wait for room (Tene, "How NOT to Measure Latency").

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use saldo_protocol::Code;

use crate::drive::arrivals::{Course, Schedule};
use crate::drive::batch::{Batch, Stall};
use crate::drive::error::DriveError;
use crate::drive::load::{Arrivals, Rates};
use crate::drive::shared::Shared;
use crate::drive::thread::{BatchTimes, ThreadFigures};
use crate::drive::timer::Timer;
use crate::history::log::{ClientLog, Span};
use crate::measure::numbers::nanos;
use crate::session::{Connector, Session, SessionError};
use crate::workload::outcome::{Outcome, Verdict};
use crate::workload::script::{Next, Script};

/// Between two attempts to connect again.
const CONNECT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// After `overloaded`, `read_only` and `not_ready`. Less than the second that the engine asks for, so that it is soon
/// seen when it is back.
const BACK_AFTER: Duration = Duration::from_millis(100);

/// One client with its connection.
pub struct Client<C: Connector> {
    number: u32,
    connector: Arc<C>,
    session: C::Session,
    shared: Arc<Shared>,
    figures: Rc<RefCell<ThreadFigures>>,
    script: Box<dyn Script>,
    schedule: Option<Schedule>,
    /// Made when first needed: it takes a file of its own.
    timer: Option<Timer>,
    /// Before this time nothing is sent: the target asked for patience.
    back_at: Duration,
    /// In the open loop the rates over time.
    course: Option<Course>,
    log: ClientLog,
    batch: Batch,
    in_flight: Vec<Batch>,
    /// Batches whose room is used again.
    spare: Vec<Batch>,
    outcomes: Vec<Outcome>,
    batches: u64,
    /// Operations that this client has taken from those that are left and not begun.
    budget: u64,
    /// How long one step of a stair is.
    step: Option<Duration>,
}

impl<C: Connector> Client<C> {
    /// Connects.
    ///
    /// # Errors
    /// [`DriveError::Session`] or [`DriveError::System`].
    pub async fn connect(
        number: u32,
        connector: Arc<C>,
        shared: Arc<Shared>,
        figures: Rc<RefCell<ThreadFigures>>,
        script: Box<dyn Script>,
        seed: u64,
    ) -> Result<Self, DriveError> {
        let session = connector.connect(number).await;
        let session = session.map_err(|source| DriveError::Session { client: number, source })?;
        let load = &shared.load;
        let (schedule, course) = match &load.arrivals {
            Arrivals::Closed => (None, None),
            Arrivals::Open { rates, spacing } => {
                let course = Course::new(rates.clone(), load.warm_up, load.duration);
                let place = (number, load.clients);
                (Some(Schedule::new(course.clone(), *spacing, place, seed)), Some(course))
            }
        };
        let step = match &load.arrivals {
            Arrivals::Open { rates: Rates::Stair { step, .. }, .. } => Some(*step),
            Arrivals::Open { .. } | Arrivals::Closed => None,
        };
        Ok(Self {
            number,
            connector,
            session,
            shared,
            figures,
            script,
            schedule,
            timer: None,
            back_at: Duration::ZERO,
            course,
            log: ClientLog::default(),
            batch: Batch::default(),
            in_flight: Vec::new(),
            spare: Vec::new(),
            outcomes: Vec::new(),
            batches: 0,
            budget: 0,
            step,
        })
    }

    /// Acts the script out until it or the run ends, and all is answered.
    ///
    /// # Errors
    /// [`DriveError`]: the run cannot go on.
    pub async fn run(mut self) -> Result<ClientLog, DriveError> {
        let room = self.shared.load.in_flight as usize;
        loop {
            let mut stall = Stall::Full;
            while self.in_flight.len() < room && stall == Stall::Full {
                let now = self.shared.now();
                stall = match self.shared.goes_on(now) {
                    false => Stall::Done,
                    true if now < self.back_at => Stall::Until(self.back_at),
                    true => self.gather(now),
                };
                if !self.batch.ops.is_empty() {
                    self.send().await?;
                }
            }
            match (self.in_flight.is_empty(), stall) {
                (true, Stall::Done) => break,
                (true, Stall::Answer) => return Err(DriveError::Stuck { client: self.number }),
                (true, Stall::Until(at)) => self.wait_until(at).await?,
                (true, Stall::Full) => {}
                (false, Stall::Until(at)) => self.receive_until(at).await?,
                (false, Stall::Full | Stall::Answer | Stall::Done) => self.receive().await?,
            }
        }
        self.shared.give_back(self.budget);
        Ok(self.log)
    }

    /// Puts into the batch what is to begin now.
    fn gather(&mut self, now: Duration) -> Stall {
        let frame = self.shared.load.frame as usize;
        while self.batch.ops.len() < frame {
            let due = match &self.schedule {
                None => now,
                Some(schedule) => match schedule.peek() {
                    None => return Stall::Done,
                    Some(at) if at > now => return Stall::Until(at),
                    Some(at) if self.is_hopeless(at, now) => {
                        self.shared.end();
                        return Stall::Done;
                    }
                    Some(at) => at,
                },
            };
            if self.budget == 0 {
                self.budget = self.shared.take((frame - self.batch.ops.len()) as u64);
                if self.budget == 0 {
                    return Stall::Done;
                }
            }
            match self.script.next(now) {
                Next::Op(op) => self.batch.ops.push(op),
                Next::Answer => return Stall::Answer,
                Next::Until(at) => return Stall::Until(at),
                Next::Done => return Stall::Done,
            }
            self.budget -= 1;
            if let Some(schedule) = &mut self.schedule {
                self.batch.due.push(due);
                schedule.advance();
            }
        }
        Stall::Full
    }

    /// On a stair: whether the target is a whole step behind, so that higher steps would show nothing more.
    fn is_hopeless(&self, due: Duration, now: Duration) -> bool {
        self.step.is_some_and(|step| now.saturating_sub(due) > step)
    }

    async fn send(&mut self) -> Result<(), DriveError> {
        let next = self.spare.pop().unwrap_or_default();
        let mut batch = std::mem::replace(&mut self.batch, next);
        batch.number = self.batches;
        self.batches += 1;
        batch.sent = self.shared.now();
        let sent = self.session.send(batch.number, &batch.ops).await;
        self.late(&batch);
        self.in_flight.push(batch);
        match sent {
            Ok(()) => Ok(()),
            Err(error) => self.connect_again(error).await,
        }
    }

    /// Measures how late the batch's operations were sent.
    fn late(&self, batch: &Batch) {
        if batch.sent < self.shared.load.warm_up {
            return;
        }
        let lateness = &mut self.figures.borrow_mut().recorder.lateness;
        for due in &batch.due {
            lateness.saturating_record(nanos(batch.sent.saturating_sub(*due)));
        }
    }

    fn timer(timer: &mut Option<Timer>) -> Result<&Timer, DriveError> {
        if timer.is_none() {
            let made = Timer::new();
            *timer = Some(made.map_err(|source| DriveError::System { what: "a timer", source })?);
        }
        timer.as_ref().ok_or(DriveError::Panicked)
    }

    async fn wait_until(&mut self, at: Duration) -> Result<(), DriveError> {
        // Not beyond the run's end.
        let at = self.shared.until().map_or(at, |until| at.min(until));
        let moment = self.shared.began() + at;
        let waited = Self::timer(&mut self.timer)?.until(moment).await;
        waited.map_err(|source| DriveError::System { what: "waiting", source })
    }

    async fn receive_until(&mut self, at: Duration) -> Result<(), DriveError> {
        let at = self.shared.until().map_or(at, |until| at.min(until));
        if at <= self.shared.now() {
            // The run is over: only answers are waited for.
            return self.receive().await;
        }
        let moment = self.shared.began() + at;
        let timer = Self::timer(&mut self.timer)?;
        tokio::select! {
            biased;
            batch = self.session.receive(&mut self.outcomes) => self.settle(batch).await,
            waited = timer.until(moment) => {
                waited.map_err(|source| DriveError::System { what: "waiting", source })
            }
        }
    }

    async fn receive(&mut self) -> Result<(), DriveError> {
        let patience = self.shared.load.patience;
        let received = self.session.receive(&mut self.outcomes);
        let batch = tokio::time::timeout(patience, received).await.unwrap_or_else(|_| {
            Err(SessionError::Connection(format!("no answer within {} s", patience.as_secs_f64())))
        });
        self.settle(batch).await
    }

    /// Tells everyone what became of an answered batch.
    async fn settle(&mut self, batch: Result<u64, SessionError>) -> Result<(), DriveError> {
        let number = match batch {
            Ok(number) => number,
            Err(error) => return self.connect_again(error).await,
        };
        let answered = self.shared.now();
        let unfit = |what: String| DriveError::Session {
            client: self.number,
            source: SessionError::Answer(what),
        };
        let place = self.in_flight.iter().position(|batch| batch.number == number);
        let place =
            place.ok_or_else(|| unfit(format!("an answer to {number}, which is not in flight")))?;
        let mut batch = self.in_flight.swap_remove(place);
        if self.outcomes.len() != batch.ops.len() {
            let (found, asked) = (self.outcomes.len(), batch.ops.len());
            return Err(unfit(format!("{found} answers to {asked} operations")));
        }
        self.heed(&batch, answered);
        let first = batch.due.first().copied();
        let step = self.course.as_ref().and_then(|course| course.place(first?));
        let times = BatchTimes { answered, step };
        let from = |place: usize| batch.due.get(place).copied().unwrap_or(batch.sent);
        let latency_ns = |place: usize| nanos(answered.saturating_sub(from(place)));
        self.figures.borrow_mut().answered(&batch.ops, &self.outcomes, latency_ns, times);
        for (op, outcome) in batch.ops.iter().zip(&self.outcomes) {
            self.script.answered(op, outcome, answered);
        }
        if self.shared.keeps_log() {
            let span = Span { sent_ns: nanos(batch.sent), answered_ns: nanos(answered) };
            let before = self.log.entries.len();
            self.log.add(span, &batch.ops, &self.outcomes);
            self.shared.logged(self.log.entries.len() - before)?;
        }
        self.outcomes.clear();
        batch.ops.clear();
        batch.due.clear();
        batch.is_again = false;
        self.spare.push(batch);
        Ok(())
    }

    /// What the target cannot decide now says nothing of an earlier time at which the same was sent; and it asks for
    /// patience.
    fn heed(&mut self, batch: &Batch, now: Duration) {
        for outcome in &mut self.outcomes {
            if let Verdict::Refused(Code::Overloaded | Code::ReadOnly | Code::NotReady) =
                outcome.verdict
            {
                self.back_at = now + BACK_AFTER;
                if batch.is_again {
                    *outcome = Outcome::plain(Verdict::Unknown);
                }
            }
        }
    }

    /// Makes a new connection and sends everything again that is in flight, under the same names: a repeat has no
    /// second effect.
    async fn connect_again(&mut self, error: SessionError) -> Result<(), DriveError> {
        let client = self.number;
        let failed = |source| DriveError::Session { client, source };
        if matches!(error, SessionError::Answer(_) | SessionError::Unfit(_)) {
            return Err(failed(error));
        }
        self.outcomes.clear();
        let give_up = self.shared.now() + self.shared.load.patience;
        loop {
            match self.again().await {
                Ok(()) => break,
                Err(error @ (SessionError::Answer(_) | SessionError::Unfit(_))) => {
                    return Err(failed(error));
                }
                Err(error) if self.shared.now() > give_up => return Err(failed(error)),
                Err(_) => tokio::time::sleep(CONNECT_AGAIN_AFTER).await,
            }
        }
        self.figures.borrow_mut().reconnects += 1;
        Ok(())
    }

    async fn again(&mut self) -> Result<(), SessionError> {
        self.session = self.connector.connect(self.number).await?;
        for batch in &mut self.in_flight {
            batch.is_again = true;
            self.session.send(batch.number, &batch.ops).await?;
        }
        Ok(())
    }
}
