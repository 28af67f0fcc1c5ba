//! The running journal as its callers see it.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    thread::JoinHandle,
};

use parking_lot::Mutex;

use super::{
    error::JournalError,
    reader::Reader,
    segment::{Segment, name_of, number_of},
    shared::{Preparing, Shared},
    stats::JournalStats,
};

/// Hears, on the journal's thread, what became of groups.
pub trait Sink<N>: Send + 'static {
    /// Everything up to `up_to` is durable. `notices` are those that were attached to it, in the order of their
    /// groups, and those of [`Journal::notify`] that waited for it. What is left in `notices` is dropped.
    fn durable(&mut self, up_to: u64, notices: &mut Vec<N>);

    /// A write or sync failed: the outcome of all that is not durable is unknown. Called once, and last.
    fn failed(&mut self, error: &JournalError, notices: &mut Vec<N>);
}

/// What became of a notice given to [`Journal::notify`].
#[derive(Debug, PartialEq, Eq)]
pub enum Notify<N> {
    /// What it waits for is durable already: here it is back.
    Durable(N),
    /// The sink will get it.
    Queued,
    /// The journal has failed, and what it waits for never became durable: here it is back.
    Failed(N),
}

/// A segment of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its file's name.
    pub name: String,
    /// The sequence of its first event, or, while it holds none, of the next.
    pub first_sequence: u64,
    /// The last durable sequence in it; below `first_sequence` while it holds none.
    pub last_sequence: u64,
    /// Logged time of its last event, or of the last before it, microseconds since 1970.
    pub last_logged_time_us: u64,
    /// Bytes of its file.
    pub bytes: u64,
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Segments.
    pub segments: u64,
    /// Bytes of their files.
    pub bytes: u64,
}

/// A running journal; clones are handles of the same. The last handle's drop closes it.
pub struct Journal<N: Send + 'static> {
    shared: Arc<Shared<N>>,
    owner: Arc<Owner<N>>,
}

impl<N: Send + 'static> Clone for Journal<N> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), owner: Arc::clone(&self.owner) }
    }
}

impl<N: Send + 'static> Journal<N> {
    pub(super) fn new(shared: Arc<Shared<N>>, threads: Threads) -> Self {
        let owner = Arc::new(Owner { shared: Arc::clone(&shared), threads });
        Self { shared, owner }
    }

    /// Appends a group of `count` events, whole, to the journal's end, and returns the sequence of its first.
    /// Copies the bytes and returns; `notice` reaches the sink once the group is durable. The bytes must say
    /// themselves where they end, for a record holds groups without anything between them.
    ///
    /// # Errors
    /// See [`JournalError`]; nothing was appended, and `notice` is dropped.
    pub fn append(
        &self,
        group: &[u8],
        count: u32,
        logged_time_us: u64,
        notice: Option<N>,
    ) -> Result<u64, JournalError> {
        self.append_with(group, count, logged_time_us, |_| notice)
    }

    /// As [`Journal::append`]; `notice` is told the sequence of the first event. It runs while the journal is locked, so it
    /// must be short and must not call the journal. It does not run when an error is returned.
    ///
    /// # Errors
    /// See [`JournalError`]; nothing was appended.
    pub fn append_with(
        &self,
        group: &[u8],
        count: u32,
        logged_time_us: u64,
        notice: impl FnOnce(u64) -> Option<N>,
    ) -> Result<u64, JournalError> {
        let mut state = self.shared.state.lock();
        self.shared.admit(&state, group.len(), count)?;
        let first_sequence = state.next_sequence;
        let was_empty = state.filling.is_empty();
        let target = self.shared.options.record_bytes_target;
        state.filling.push(group, count, first_sequence, logged_time_us, target);
        state.next_sequence += u64::from(count);
        if let Some(notice) = notice(first_sequence) {
            state.filling.notices.push(notice);
        }
        drop(state);
        if was_empty {
            self.shared.work.notify_one();
        }
        Ok(first_sequence)
    }

    /// Asks to hear when everything up to `after`, a sequence that was already given, is durable. Causes no write
    /// and waits for no later one than it must.
    pub fn notify(&self, after: u64, notice: N) -> Notify<N> {
        if after <= self.durable() {
            return Notify::Durable(notice);
        }
        let mut state = self.shared.state.lock();
        if after <= self.durable() {
            return Notify::Durable(notice);
        }
        if state.failure.is_some() {
            return Notify::Failed(notice);
        }
        if after <= state.in_flight_to || state.filling.is_empty() {
            debug_assert!(after < state.next_sequence, "event {after} was never appended");
            if state.in_flight_bytes == 0 {
                return Notify::Durable(notice);
            }
            state.in_flight_notices.push(notice);
        } else {
            state.filling.notices.push(notice);
        }
        Notify::Queued
    }

    /// The sequence that the next event gets.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.shared.state.lock().next_sequence
    }

    /// The highest sequence that is durable, and all before it.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.shared.durable.load(Ordering::Acquire)
    }

    /// Bytes that wait to become durable, headers and padding included.
    #[must_use]
    pub fn backlog_bytes(&self) -> u64 {
        self.shared.state.lock().pending_bytes()
    }

    /// Whether groups are refused for want of space.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.shared.read_only.load(Ordering::Relaxed)
    }

    /// Whether a write or sync failed.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        self.shared.failed.load(Ordering::Acquire)
    }

    /// The journal's id.
    #[must_use]
    pub fn journal_id(&self) -> u128 {
        self.shared.journal_id
    }

    /// The number of this start; 1 is the first.
    #[must_use]
    pub fn run(&self) -> u64 {
        self.shared.run
    }

    /// Reads durable records back.
    #[must_use]
    pub fn reader(&self) -> Reader {
        let shared = Arc::clone(&self.shared);
        Reader::new(shared)
    }

    /// What was done since the start.
    #[must_use]
    pub fn stats(&self) -> JournalStats {
        self.shared.counters.read()
    }

    /// All segments, oldest first; the last is in use.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentInfo> {
        let durable = self.durable();
        let all = self.shared.table.all();
        let ends = all.iter().skip(1).map(|next| next.first_sequence - 1).chain([durable]);
        all.iter().zip(ends).map(|(segment, last_sequence)| info(segment, last_sequence)).collect()
    }

    /// Removes, oldest first, every segment all of whose events are before `sequence`; never the one in use. Each removal
    /// is durable before the next, so that no crash leaves a gap.
    ///
    /// # Errors
    /// What the medium answers; segments removed before that stay removed.
    pub fn remove_segments_before(&self, sequence: u64) -> io::Result<Removed> {
        let medium = self.shared.medium.as_ref();
        let mut removed = Removed::default();
        // An earlier removal whose sync failed may not be durable yet.
        medium.sync_dir()?;
        while let Some((segment, oldest_kept)) = self.shared.table.take_before(sequence) {
            removed.segments += 1;
            removed.bytes += segment.file_bytes;
            // With what an earlier removal that failed left behind, which is older.
            let names = medium.list()?;
            let mut numbers: Vec<u64> = names.iter().filter_map(|name| number_of(name)).collect();
            numbers.retain(|number| *number < oldest_kept);
            numbers.sort_unstable();
            for number in numbers {
                medium.remove(&name_of(number))?;
                medium.sync_dir()?;
            }
        }
        Ok(removed)
    }

    /// Looks at the free space, and tries to make a missing segment, now instead of at the next look; returns
    /// once that is done.
    pub fn check_space(&self) {
        let mut state = self.shared.state.lock();
        state.preparing = Preparing::Busy;
        self.shared.prepare.notify_all();
        while state.preparing == Preparing::Busy && !state.closing && !state.closed {
            self.shared.settled.wait(&mut state);
        }
    }

    /// Writes everything that waits, then a closing record, and ends the threads. Groups that come later are refused. May be
    /// called from any thread but the journal's own (a sink).
    pub fn close(&self) {
        self.owner.close();
    }
}

impl<N: Send + 'static> std::fmt::Debug for Journal<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("run", &self.run())
            .field("durable", &self.durable())
            .finish_non_exhaustive()
    }
}

fn info(segment: &Segment, last_sequence: u64) -> SegmentInfo {
    SegmentInfo {
        name: segment.name(),
        first_sequence: segment.first_sequence,
        last_sequence,
        last_logged_time_us: segment.last_logged_time_us.load(Ordering::Relaxed),
        bytes: segment.file_bytes,
    }
}

/// The journal's threads, until they are joined.
pub(super) struct Threads(Mutex<Vec<JoinHandle<()>>>);

impl Threads {
    pub fn new(writing: JoinHandle<()>, preparing: JoinHandle<()>) -> Self {
        Self(Mutex::new(vec![writing, preparing]))
    }

    /// Someone takes their steps by hand.
    pub fn none() -> Self {
        Self(Mutex::default())
    }
}

/// Closes the journal when the last handle goes.
struct Owner<N> {
    shared: Arc<Shared<N>>,
    threads: Threads,
}

impl<N> Owner<N> {
    fn close(&self) {
        self.shared.state.lock().closing = true;
        self.shared.work.notify_all();
        self.shared.prepare.notify_all();
        self.shared.settled.notify_all();
        let me = std::thread::current().id();
        // Held while joining, so that a second caller returns no sooner than the first.
        let mut threads = self.threads.0.lock();
        for thread in threads.drain(..).filter(|thread| thread.thread().id() != me) {
            // A panic of the thread has been reported by the panic hook and through `is_failed`.
            let _ = thread.join();
        }
    }
}

impl<N> Drop for Owner<N> {
    fn drop(&mut self) {
        self.close();
    }
}
