//! The journal's thread: takes what waits, seals it, writes it, syncs it, and only then lets anyone hear of it.
//! It never sleeps to make a batch larger, and after a failure it ends.

use std::sync::{Arc, atomic::Ordering};

use super::{
    Sink,
    batch::{Batch, Chain},
    error::JournalError,
    medium::FileHandle,
    options::Durability,
    record::{Header, Kind, Mark, PAGE_BYTES, whole_record},
    segment::Segment,
    shared::{Preparing, Shared, State, failure},
};
use crate::planted::{Bug, is_awake};

/// What the thread alone knows: the end of the journal.
pub(super) struct Writer<N, S> {
    pub shared: Arc<Shared<N>>,
    pub sink: S,
    pub file: FileHandle,
    pub segment: Arc<Segment>,
    /// Where the next record goes, in bytes.
    pub offset: u64,
    /// Checksum of the record before `offset`.
    pub previous_checksum: u32,
    /// The last sequence written, and the checksum of the record that holds it.
    pub last_sequence: u64,
    pub last_checksum: u32,
    pub last_logged_time_us: u64,
}

impl<N: Send + 'static, S: Sink<N>> Writer<N, S> {
    /// Runs until the journal is closed or fails.
    pub fn run(mut self) {
        let guard = PanicGuard { shared: Arc::clone(&self.shared) };
        let mut batch = Batch::new();
        let mut notices = Vec::new();
        let outcome = loop {
            if !self.take(&mut batch) {
                break self.close();
            }
            if let Err(error) =
                self.write(&mut batch).and_then(|written| self.make_durable(&batch, written))
            {
                break Err(error);
            }
            self.announce(&mut batch, &mut notices);
        };
        self.end(outcome, &mut notices);
        drop(guard);
    }

    /// Nothing is written any more.
    pub(super) fn end(&mut self, outcome: Result<(), JournalError>, notices: &mut Vec<N>) {
        if let Err(error) = outcome {
            tracing::error!(%error, "the journal ends: what waits has an unknown outcome");
            self.shared.fail(&error);
            self.give_up(&error, notices);
        }
        self.shared.state.lock().closed = true;
        self.shared.settled.notify_all();
    }

    /// Waits for groups and takes them all; false when the journal closes and nothing waits.
    fn take(&self, batch: &mut Batch<N>) -> bool {
        let mut state = self.shared.state.lock();
        while state.filling.is_empty() {
            if state.closing {
                return false;
            }
            self.shared.work.wait(&mut state);
        }
        take_all(&mut state, batch);
        true
    }

    /// Takes all groups that wait, without waiting for any.
    pub(super) fn take_waiting(&self, batch: &mut Batch<N>) -> bool {
        let mut state = self.shared.state.lock();
        let is_waiting = !state.filling.is_empty();
        if is_waiting {
            take_all(&mut state, batch);
        }
        is_waiting
    }

    /// Writes a batch; nothing of it is durable yet.
    pub(super) fn write(&mut self, batch: &mut Batch<N>) -> Result<Written, JournalError> {
        if self.offset + batch.padded_bytes()
            > PAGE_BYTES as u64 + self.shared.options.segment_bytes_usable()
        {
            self.move_on()?;
        }
        let chain = Chain {
            run: self.shared.run,
            durable_to: self.last_sequence,
            previous_checksum: self.previous_checksum,
        };
        let (bytes, checksum) = batch.seal(chain);
        let written = Written { bytes: bytes.len() as u64, checksum };
        self.file.write_at(bytes, self.offset).map_err(failure("writing", &self.segment.name()))?;
        Ok(written)
    }

    /// Syncs a batch that was written.
    pub(super) fn make_durable(
        &mut self,
        batch: &Batch<N>,
        written: Written,
    ) -> Result<(), JournalError> {
        self.sync()?;
        let events = batch.events();
        for frame in batch.frames() {
            self.segment.add(frame.first_sequence, self.offset + frame.start as u64);
        }
        self.offset += written.bytes;
        self.previous_checksum = written.checksum;
        self.last_checksum = written.checksum;
        self.last_sequence += events;
        self.last_logged_time_us = batch.last_logged_time_us();
        self.segment.note_time(self.last_logged_time_us);
        self.shared.counters.count_batch(events, written.bytes);
        Ok(())
    }

    /// Lets everyone hear of a batch that is durable.
    pub(super) fn announce(&mut self, batch: &mut Batch<N>, notices: &mut Vec<N>) {
        let mut state = self.shared.state.lock();
        state.rest_bytes = state.rest_bytes.saturating_sub(state.in_flight_bytes);
        state.in_flight_bytes = 0;
        self.shared.durable.store(self.last_sequence, Ordering::Release);
        std::mem::swap(&mut state.in_flight_notices, notices);
        drop(state);
        self.sink.durable(self.last_sequence, notices);
        notices.clear();
        batch.clear();
    }

    /// After a failure: hands over everyone who still waits.
    fn give_up(&mut self, error: &JournalError, notices: &mut Vec<N>) {
        let mut state = self.shared.state.lock();
        notices.append(&mut state.in_flight_notices);
        notices.append(&mut state.filling.notices);
        drop(state);
        self.sink.failed(error, notices);
    }

    /// Goes on in the prepared segment. Its opening record is synced together with the batch behind it; all
    /// before it is durable already, so whoever finds it valid knows that nothing before it may be missing.
    fn move_on(&mut self) -> Result<(), JournalError> {
        let mut state = self.shared.state.lock();
        // `State::room_bytes` admits no more than fits, so one is always there.
        let Some(prepared) = state.prepared.take() else {
            return Err(failure("moving on from", &self.segment.name())(
                std::io::ErrorKind::StorageFull.into(),
            ));
        };
        state.preparing = Preparing::Busy;
        state.rest_bytes = self.shared.options.segment_bytes_usable();
        drop(state);
        self.shared.prepare.notify_all();
        let options = &self.shared.options;
        self.segment = Segment::new(
            prepared.number,
            self.last_sequence + 1,
            self.last_logged_time_us,
            options.segment_bytes,
            true,
        );
        self.file = prepared.file;
        self.offset = 0;
        self.previous_checksum = self.last_checksum;
        self.write_mark(Kind::Opening)?;
        self.shared.table.push(Arc::clone(&self.segment));
        Ok(())
    }

    /// Writes an opening or closing record at the end; does not sync it.
    pub fn write_mark(&mut self, kind: Kind) -> Result<(), JournalError> {
        let name = self.segment.name();
        let mark = Mark {
            journal_id: self.shared.journal_id,
            segment_number: self.segment.number,
            segment_bytes: self.shared.options.segment_bytes,
            last_sequence: self.last_sequence,
            last_checksum: self.last_checksum,
        };
        let header = Header {
            kind,
            run: self.shared.run,
            first_sequence: self.last_sequence + 1,
            logged_time_us: self.last_logged_time_us,
            durable_to: self.last_sequence,
            count: 0,
            length: 0,
            previous_checksum: self.previous_checksum,
            payload_checksum: 0,
        };
        let mut bytes = Vec::with_capacity(PAGE_BYTES);
        let checksum = whole_record(header, &mark.encode(), &mut bytes)
            .map_err(|fault| failure("writing", &name)(std::io::Error::other(fault)))?;
        self.file.write_at(&bytes, self.offset).map_err(failure("writing", &name))?;
        self.offset += bytes.len() as u64;
        self.previous_checksum = checksum;
        Ok(())
    }

    /// A clean stop: a closing record that says that all before it was durable.
    pub(super) fn close(&mut self) -> Result<(), JournalError> {
        self.write_mark(Kind::Closing)?;
        self.file.sync_data().map_err(failure("syncing", &self.segment.name()))
    }

    fn sync(&self) -> Result<(), JournalError> {
        let options = &self.shared.options;
        match options.durability {
            Durability::ProcessCrash => Ok(()),
            Durability::PowerLoss if is_awake(Bug::AnswerBeforeSync) => Ok(()),
            Durability::PowerLoss => {
                let before = (options.monotonic_us)();
                let synced = self.file.sync_data();
                if !is_awake(Bug::IgnoreSyncError) {
                    synced.map_err(failure("syncing", &self.segment.name()))?;
                }
                self.shared.counters.count_sync((options.monotonic_us)().saturating_sub(before));
                Ok(())
            }
        }
    }
}

/// A batch that is written and not yet synced.
pub(super) struct Written {
    bytes: u64,
    /// Of its last record.
    checksum: u32,
}

/// Makes all groups that wait the batch in flight.
fn take_all<N>(state: &mut State<N>, batch: &mut Batch<N>) {
    std::mem::swap(&mut state.filling, batch);
    state.in_flight_bytes = batch.padded_bytes();
    state.in_flight_to = state.next_sequence - 1;
    std::mem::swap(&mut state.in_flight_notices, &mut batch.notices);
}

/// Marks the journal as failed when the thread unwinds (a sink that panics), so that no caller waits for ever.
struct PanicGuard<N> {
    shared: Arc<Shared<N>>,
}

impl<N> Drop for PanicGuard<N> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let error = std::io::Error::other("the journal's thread panicked");
            self.shared.fail(&failure("running", "the journal")(error));
        }
    }
}
