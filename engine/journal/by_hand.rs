//! The journal's two threads as steps that someone else takes: for simulations, where one thread is everything.

use super::{
    JournalError, Sink,
    batch::Batch,
    prepare,
    writer::{Writer, Written},
};

/// How far the batch in flight is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// There is none: nothing waited.
    Idle,
    /// It was taken: groups that come now are the next batch's.
    Taken,
    /// It was written, and may survive a crash or not.
    Written,
    /// It was synced; nobody has heard of it yet.
    Durable,
    /// The journal has failed or was closed.
    Ended,
}

/// The steps of the journal's thread and of the preparing thread, one at a time.
pub struct ByHand<N: Send + 'static, S: Sink<N>> {
    writer: Writer<N, S>,
    batch: Batch<N>,
    notices: Vec<N>,
    phase: Phase,
    written: Option<Written>,
    next_number: u64,
}

impl<N: Send + 'static, S: Sink<N>> ByHand<N, S> {
    pub(super) fn new(writer: Writer<N, S>, next_number: u64) -> Self {
        let (batch, notices) = (Batch::new(), Vec::new());
        Self { writer, batch, notices, phase: Phase::Idle, written: None, next_number }
    }

    /// How far the batch in flight is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Takes the batch in flight one step further, or takes a new one, and tells how far it is now. From
    /// [`Phase::Durable`] on to [`Phase::Idle`] everyone hears of it. [`Phase::Idle`] twice in a row: nothing waits.
    pub fn step(&mut self) -> Phase {
        let outcome = match self.phase {
            Phase::Idle if self.writer.take_waiting(&mut self.batch) => Ok(Phase::Taken),
            Phase::Idle => Ok(Phase::Idle),
            Phase::Taken => self.writer.write(&mut self.batch).map(|written| {
                self.written = Some(written);
                Phase::Written
            }),
            Phase::Written => self.sync(),
            Phase::Durable => {
                self.writer.announce(&mut self.batch, &mut self.notices);
                Ok(Phase::Idle)
            }
            Phase::Ended => Ok(Phase::Ended),
        };
        self.phase = outcome.unwrap_or_else(|error| self.end(Err(error)));
        self.phase
    }

    fn sync(&mut self) -> Result<Phase, JournalError> {
        let Some(written) = self.written.take() else { return Ok(Phase::Idle) };
        self.writer.make_durable(&self.batch, written).map(|()| Phase::Durable)
    }

    fn end(&mut self, outcome: Result<(), JournalError>) -> Phase {
        self.writer.end(outcome, &mut self.notices);
        Phase::Ended
    }

    /// A look of the preparing thread: makes the coming segment where it is missing, looks at the free space.
    pub fn prepare(&mut self) {
        prepare::look(&self.writer.shared, &mut self.next_number);
    }

    /// A clean stop: writes everything that waits and a closing record.
    pub fn close(&mut self) {
        self.writer.shared.state.lock().closing = true;
        while self.phase != Phase::Ended && (self.step() != Phase::Idle || self.is_waiting()) {}
        if self.phase != Phase::Ended {
            let outcome = self.writer.close();
            self.phase = self.end(outcome);
        }
    }

    fn is_waiting(&self) -> bool {
        !self.writer.shared.state.lock().filling.is_empty()
    }
}
