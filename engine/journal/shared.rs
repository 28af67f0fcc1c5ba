//! What the callers, the journal's thread and the preparing thread share: one mutex that is held only to copy
//! bytes, to number them and to swap buffers.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::{Condvar, Mutex};

use super::{
    batch::Batch,
    error::JournalError,
    medium::{FileHandle, Medium},
    options::Options,
    segment::Table,
    stats::Counters,
};

/// A coming segment, ready for use.
pub(super) struct Prepared {
    pub number: u64,
    pub file: FileHandle,
}

/// Where the preparing thread stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preparing {
    /// It has work to do, or does it.
    Busy,
    /// The coming segment is ready and there is space.
    Ready,
    /// It failed and will try again.
    Failed,
}

pub(super) struct State<N> {
    pub filling: Batch<N>,
    /// Who waits for the batch that is being written.
    pub in_flight_notices: Vec<N>,
    pub in_flight_bytes: u64,
    /// The last sequence of the batch that is being written; `durable` when there is none.
    pub in_flight_to: u64,
    pub next_sequence: u64,
    /// Bytes that the segment in use still has for events, those of the batch that is being written included.
    pub rest_bytes: u64,
    pub prepared: Option<Prepared>,
    pub preparing: Preparing,
    pub closing: bool,
    pub closed: bool,
    pub failure: Option<JournalError>,
}

pub(super) struct Shared<N> {
    pub state: Mutex<State<N>>,
    /// Wakes the journal's thread.
    pub work: Condvar,
    /// Wakes the preparing thread.
    pub prepare: Condvar,
    /// Wakes who waits for the preparing thread to come to rest.
    pub settled: Condvar,
    pub durable: AtomicU64,
    pub read_only: AtomicBool,
    pub failed: AtomicBool,
    pub counters: Counters,
    pub table: Table,
    pub medium: Arc<dyn Medium>,
    pub options: Options,
    pub journal_id: u128,
    pub run: u64,
}

impl<N> State<N> {
    /// Bytes that may wait, the batch in flight included. What waits always fits the rest of the segment in use,
    /// or else the prepared one whole, so that the journal's thread never waits for room: it writes a batch
    /// where it fits, at most moving on to the prepared segment once.
    fn room_bytes(&self, options: &Options) -> u64 {
        let room = if self.prepared.is_some() {
            self.rest_bytes.max(options.segment_bytes_usable())
        } else {
            self.rest_bytes
        };
        room.min(options.backlog_bytes_max)
    }

    pub const fn pending_bytes(&self) -> u64 {
        self.in_flight_bytes + self.filling.padded_bytes()
    }
}

impl<N> Shared<N> {
    /// Whether a group may be appended now; nothing is changed.
    pub fn admit(
        &self,
        state: &State<N>,
        group_bytes: usize,
        count: u32,
    ) -> Result<(), JournalError> {
        if let Some(failure) = &state.failure {
            return Err(failure.clone());
        }
        if state.closing {
            return Err(JournalError::Closed);
        }
        if count == 0 {
            return Err(JournalError::NoEvents);
        }
        let bytes_max = self.options.group_bytes_max();
        if group_bytes > bytes_max {
            return Err(JournalError::TooLarge { bytes: group_bytes, bytes_max });
        }
        if self.read_only.load(Ordering::Relaxed) {
            return Err(JournalError::ReadOnly);
        }
        let filling =
            state.filling.padded_bytes_with(group_bytes, count, self.options.record_bytes_target);
        let pending_bytes = state.in_flight_bytes + filling;
        let room_bytes = state.room_bytes(&self.options);
        if pending_bytes > room_bytes {
            return Err(JournalError::Full { pending_bytes, room_bytes });
        }
        Ok(())
    }

    /// Notes a failure, after which nothing is written or acknowledged any more.
    pub fn fail(&self, failure: &JournalError) {
        let mut state = self.state.lock();
        state.failure.get_or_insert_with(|| failure.clone());
        self.failed.store(true, Ordering::Release);
        state.closed = true;
        drop(state);
        self.prepare.notify_all();
        self.settled.notify_all();
    }
}

/// A failed write or sync as an error of the journal.
pub(super) fn failure(doing: &'static str, file: &str) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Failed { doing, file: file.to_owned(), source: Arc::new(source) }
}
