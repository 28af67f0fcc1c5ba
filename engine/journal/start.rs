//! Takes a recovered journal into service.
//!
//! Each step may be cut short by a crash, and the next recovery finds the same end:
//! 1. The last segment's valid records are written to a new file, synced, and put under its name in one step:
//!    what a crash left in the page cache was never durable, and what lay behind the end is gone.
//!    Cut short: the old file is still there, with at most less of what nobody was told of.
//! 2. Files behind the end are removed. Cut short: those left hold no record that claims anything durable past the end.
//! 3. A new segment is made and its opening record synced: it vouches for everything before it.
//!    Cut short: a segment without a valid opening and without records, which counts as nothing.
//! 4. Only then does anyone append.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

use parking_lot::{Condvar, Mutex};

use super::{
    Journal, Sink,
    batch::Batch,
    by_hand::ByHand,
    error::{JournalError, RecoveryError},
    handle::Threads,
    medium::FileHandle,
    prepare,
    record::Kind,
    recovery::{Recovery, io_error},
    scan::WINDOW_BYTES_LONG,
    segment::{self, Segment, Table, name_of, temporary_name_of},
    shared::{Preparing, Shared, State},
    stats::Counters,
    writer::Writer,
};

const JOURNAL_THREAD: &str = "saldo-journal";
const PREPARE_THREAD: &str = "saldo-prepare";

impl Recovery {
    /// Makes what was recovered durable, opens a new segment, and starts the journal's threads. `sink` is called
    /// on the journal's own thread.
    ///
    /// # Errors
    /// [`RecoveryError::NoSpace`] when the free space does not allow another segment, and what the medium answers;
    /// starting again later finds the same journal.
    pub fn start<N: Send + 'static>(self, sink: impl Sink<N>) -> Result<Journal<N>, RecoveryError> {
        let (writer, next_number) = self.open(sink)?;
        spawn(writer, next_number)
    }

    /// As [`Recovery::start`], without threads: the caller takes their steps.
    ///
    /// # Errors
    /// As [`Recovery::start`].
    pub fn start_by_hand<N: Send + 'static, S: Sink<N>>(
        self,
        sink: S,
    ) -> Result<(Journal<N>, ByHand<N, S>), RecoveryError> {
        let (writer, next_number) = self.open(sink)?;
        let journal = Journal::new(Arc::clone(&writer.shared), Threads::none());
        Ok((journal, ByHand::new(writer, next_number)))
    }

    /// Steps 1 to 3; also tells the number of the segment after the new one.
    fn open<N: Send + 'static, S: Sink<N>>(
        mut self,
        sink: S,
    ) -> Result<(Writer<N, S>, u64), RecoveryError> {
        self.check_space()?;
        self.rewrite_last()?;
        self.remove_dead()?;
        let number = self.next_number;
        let name = name_of(number);
        let file = segment::prepare(self.medium.as_ref(), number, self.options.segment_bytes)
            .map_err(io_error("preparing", &name))?;
        let emptied = self.drop_empty_last();
        let fresh = Segment::new(
            number,
            self.last_sequence + 1,
            self.last_logged_time_us,
            self.options.segment_bytes,
            true,
        );
        let mut writer = self.writer(sink, file, fresh);
        writer
            .write_mark(Kind::Opening)
            .map_err(|error| io_error("writing", &name)(io_of(&error)))?;
        writer.file.sync_data().map_err(io_error("syncing", &name))?;
        let medium = Arc::clone(&writer.shared.medium);
        if let Some(emptied) = emptied {
            medium.remove(&emptied).map_err(io_error("removing", &emptied))?;
            medium.sync_dir().map_err(io_error("syncing", "the journal's directory"))?;
        }
        Ok((writer, number + 1))
    }

    fn check_space(&self) -> Result<(), RecoveryError> {
        let free_bytes =
            self.medium.free_bytes().map_err(io_error("measuring", "the free space"))?;
        let needed_bytes =
            self.options.disk_free_bytes_min.saturating_add(self.options.segment_bytes);
        if free_bytes < needed_bytes {
            Err(RecoveryError::NoSpace { free_bytes, needed_bytes })
        } else {
            Ok(())
        }
    }

    /// Step 1.
    fn rewrite_last(&mut self) -> Result<(), RecoveryError> {
        let Some(last) = self.last_segment() else {
            return Ok(());
        };
        let (name, temporary) = (last.name(), temporary_name_of(last.number));
        let medium = self.medium.as_ref();
        let old = medium.open(&name).map_err(io_error("opening", &name))?;
        let new = medium.create(&temporary).map_err(io_error("creating", &temporary))?;
        copy(&old, &new, self.end_offset).map_err(io_error("writing", &temporary))?;
        new.sync_data().map_err(io_error("syncing", &temporary))?;
        medium.rename(&temporary, &name).map_err(io_error("renaming", &temporary))?;
        medium.sync_dir().map_err(io_error("syncing", "the journal's directory"))?;
        self.dead_files.retain(|file| *file != temporary);
        Ok(())
    }

    /// Step 2.
    fn remove_dead(&self) -> Result<(), RecoveryError> {
        for name in &self.dead_files {
            self.medium.remove(name).map_err(io_error("removing", name))?;
        }
        if self.dead_files.is_empty() {
            Ok(())
        } else {
            self.medium.sync_dir().map_err(io_error("syncing", "the journal's directory"))
        }
    }

    /// A last segment without events says nothing that the new one does not say: its name, to be removed once
    /// the new one is durable.
    fn drop_empty_last(&mut self) -> Option<String> {
        if self.end_holds_events {
            return None;
        }
        self.segments.pop().map(|(segment, _)| segment.name())
    }

    fn writer<N, S>(self, sink: S, file: FileHandle, fresh: Arc<Segment>) -> Writer<N, S> {
        let mut segments: Vec<Arc<Segment>> =
            self.segments.into_iter().map(|(segment, _)| segment).collect();
        segments.push(Arc::clone(&fresh));
        let state = State {
            filling: Batch::new(),
            in_flight_notices: Vec::new(),
            in_flight_bytes: 0,
            in_flight_to: self.last_sequence,
            next_sequence: self.last_sequence + 1,
            rest_bytes: self.options.segment_bytes_usable(),
            prepared: None,
            preparing: Preparing::Busy,
            closing: false,
            closed: false,
            failure: None,
        };
        let shared = Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            prepare: Condvar::new(),
            settled: Condvar::new(),
            durable: AtomicU64::new(self.last_sequence),
            read_only: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            counters: Counters::default(),
            table: Table::new(segments),
            medium: self.medium,
            options: self.options,
            journal_id: self.journal_id,
            run: self.run + 1,
        };
        Writer {
            shared: Arc::new(shared),
            sink,
            file,
            segment: fresh,
            offset: 0,
            previous_checksum: self.last_checksum,
            last_sequence: self.last_sequence,
            last_checksum: self.last_checksum,
            last_logged_time_us: self.last_logged_time_us,
        }
    }
}

/// Step 4: the threads.
fn spawn<N: Send + 'static, S: Sink<N>>(
    writer: Writer<N, S>,
    next_number: u64,
) -> Result<Journal<N>, RecoveryError> {
    let shared = Arc::clone(&writer.shared);
    let thread_error = |name| move |source| RecoveryError::Thread { name, source };
    let preparing = {
        let shared = Arc::clone(&shared);
        std::thread::Builder::new()
            .name(PREPARE_THREAD.to_owned())
            .spawn(move || prepare::run(&shared, next_number))
            .map_err(thread_error(PREPARE_THREAD))?
    };
    let writing =
        std::thread::Builder::new().name(JOURNAL_THREAD.to_owned()).spawn(move || writer.run());
    match writing {
        Ok(writing) => Ok(Journal::new(shared, Threads::new(writing, preparing))),
        Err(source) => {
            shared.state.lock().closing = true;
            shared.prepare.notify_all();
            Err(thread_error(JOURNAL_THREAD)(source))
        }
    }
}

fn copy(from: &FileHandle, to: &FileHandle, bytes: u64) -> io::Result<()> {
    let mut buffer = vec![0; WINDOW_BYTES_LONG];
    let mut offset = 0;
    while offset < bytes {
        let rest = usize::try_from(bytes - offset).unwrap_or(usize::MAX).min(buffer.len());
        let read = from.read_at(&mut buffer[..rest], offset)?;
        // The last record's padding may be cut short: it reads as the zeros that it was.
        buffer[read..rest].fill(0);
        to.write_at(&buffer[..rest], offset)?;
        offset += rest as u64;
    }
    Ok(())
}

fn io_of(error: &JournalError) -> io::Error {
    io::Error::other(error.to_string())
}
