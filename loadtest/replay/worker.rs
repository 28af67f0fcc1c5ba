//! One worker: takes an invoice through all its calls, one after the other, and measures each.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use saldo_protocol::client::Answer;
use saldo_protocol::{
    AdjustRequest, Delta, InvalidField, Level, Problem, Quantity, Reason, ReceiveRequest, Reference,
};
use tokio::time::Instant;

use crate::replay::error::ReplayError;
use crate::replay::invoices::Invoice;
use crate::replay::queue::Begun;
use crate::replay::runner::{Shared, Work};
use crate::replay::stock::basket;
use crate::replay::tally::OVER_LINES_MAX;
use crate::replay::transport::{Failure, Outcome, Transport};

/// Lines of one reservation at most, by the protocol. An invoice with more is refused here.
const RESERVATION_LINES_MAX: usize = 1_000;
/// Units of one message at most.
const UNITS_MAX: u64 = i32::MAX.unsigned_abs() as u64;
const ADJUSTED_BECAUSE: &str = "correction in the sales file";

/// A worker with what it has counted so far.
pub(crate) struct Worker<T> {
    pub(crate) shared: Arc<Shared<T>>,
    pub(crate) work: Work,
}

/// The answer, or the engine's refusal.
pub(crate) type Decision<A> = Result<Answer<A>, Box<Problem>>;

impl<T: Transport> Worker<T> {
    pub(crate) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared, work: Work::default() }
    }

    /// Brings the opening stock of one code, in as many messages as it takes.
    pub(crate) async fn receive(&mut self, code: &str, units: u64) -> Result<(), ReplayError> {
        let mut left = units;
        let mut part = 0_u32;
        let parts = units.div_ceil(UNITS_MAX);
        while left > 0 {
            let now = u32::try_from(left.min(UNITS_MAX)).unwrap_or(u32::MAX);
            left -= u64::from(now);
            let shared = Arc::clone(&self.shared);
            let key = shared.ids.key("receive", &[code, &part.to_string()]);
            let body = ReceiveRequest::new(quantity(now)?);
            let location = shared.location.as_str();
            let sent = shared.transport.receive(code, location, &body, &key);
            let answer = self.timed("receive", Instant::now(), sent).await?;
            let answer = answer.map_err(|problem| ReplayError::Refused {
                call: format!("receiving {now} of {code} at {location}"),
                reason: problem.to_string(),
            })?;
            if part == 0 {
                self.first_received(code, parts, &answer)?;
            }
            shared.model.lock().received(code, now, &answer);
            self.work.tally.units_opening += u64::from(now);
            part += 1;
        }
        Ok(())
    }

    /// Whose stock this is: nobody's yet, this run's from before, or another's.
    fn first_received(
        &self,
        code: &str,
        parts: u64,
        answer: &Answer<Level>,
    ) -> Result<(), ReplayError> {
        let version = answer.value.version;
        if !answer.replayed && version > 1 {
            return Err(ReplayError::Occupied {
                sku: code.to_owned(),
                location: self.shared.location.to_string(),
                events: version - 1,
            });
        }
        // A repeat with nothing behind it may be of this very call: its first answer was lost.
        if answer.replayed && version > parts {
            self.shared.seen_before.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Registers the invoice, in the order of time, before it is sent.
    pub(crate) fn begin(&self, begun: &Begun) {
        self.shared.sold.lock().begin(begun.place, &begun.invoice);
    }

    /// Does all that the invoice asks for.
    pub(crate) async fn invoice(&mut self, begun: Begun) -> Result<(), ReplayError> {
        let invoice = &begun.invoice;
        self.work.tally.take(invoice);
        if invoice.lines() > RESERVATION_LINES_MAX {
            let units = basket(&invoice.sales).values().sum();
            self.work.tally.refuse(OVER_LINES_MAX, units);
        } else {
            if !invoice.sales.is_empty() {
                self.sell(&begun).await?;
            }
            self.adjust(invoice).await?;
            if !invoice.returns.is_empty() {
                self.wait_for_sales(&begun).await;
                self.take_back(&begun).await?;
            }
        }
        self.shared.sold.lock().settle(begun.place, invoice);
        self.shared.settled.notify_waiters();
        self.shared.bar.inc(invoice.rows);
        Ok(())
    }

    async fn adjust(&mut self, invoice: &Invoice) -> Result<(), ReplayError> {
        let shared = Arc::clone(&self.shared);
        let location = shared.location.as_str();
        for (row, (code, delta)) in invoice.adjustments.iter().enumerate() {
            let key = [invoice.number.as_str(), code, &row.to_string()];
            let key = shared.ids.key("adjust", &key);
            let because = Reason::new(ADJUSTED_BECAUSE).map_err(cannot_send)?;
            let mut body = AdjustRequest::new(Delta::new(*delta).map_err(cannot_send)?, because);
            body.reference = Reference::new(invoice.number.as_str()).ok();
            let sent = shared.transport.adjust(code, location, &body, &key);
            match self.timed("adjust", Instant::now(), sent).await? {
                Ok(answer) => {
                    shared.model.lock().adjusted(code, *delta, &answer);
                    let tally = &mut self.work.tally;
                    let moved = u64::from(delta.unsigned_abs());
                    if *delta > 0 {
                        tally.units_adjusted_up += moved;
                    } else {
                        tally.units_adjusted_down += moved;
                    }
                }
                Err(problem) => shared.model.lock().unexpected(format!(
                    "invoice {}: adjusting {code} by {delta} is a fact, yet it was refused: {problem}",
                    invoice.number
                )),
            }
        }
        Ok(())
    }

    /// Waits until every earlier invoice that this one may undo has ended, whichever way.
    async fn wait_for_sales(&self, begun: &Begun) {
        loop {
            let settled = self.shared.settled.notified();
            tokio::pin!(settled);
            // From here on no wake-up is lost, even one before the await.
            settled.as_mut().enable();
            let waits = self.shared.sold.lock().must_wait(begun.place, &begun.invoice);
            if !waits {
                return;
            }
            settled.await;
        }
    }

    /// Makes the call and measures it from the moment when it was to be made.
    pub(crate) async fn timed<A>(
        &mut self,
        call: &str,
        intended: Instant,
        sent: impl Future<Output = Outcome<A>>,
    ) -> Result<Decision<A>, ReplayError> {
        let outcome = sent.await;
        self.work.latencies.record(intended.elapsed());
        match outcome {
            Ok(answer) => Ok(Ok(answer)),
            Err(Failure::Refused(problem)) => Ok(Err(problem)),
            Err(Failure::NoAnswer(reason)) => {
                Err(ReplayError::NoAnswer { call: call.to_owned(), reason })
            }
        }
    }
}

pub(crate) fn quantity(units: u32) -> Result<Quantity, ReplayError> {
    Quantity::new(units).map_err(cannot_send)
}

/// Nothing that the row reader lets through ends here.
pub(crate) fn cannot_send(error: InvalidField) -> ReplayError {
    ReplayError::Worker(error.to_string())
}
