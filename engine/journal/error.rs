//! What can go wrong with a journal: when appending, when recovering, when reading back.

use std::{io, sync::Arc};

/// Why a group was not appended, or why the journal ended.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// A write or a sync failed. It is never retried: what was not yet durable has an unknown outcome, and
    /// the process must stop.
    #[error(
        "the journal failed while {doing} {file}: {source}; free or replace the disk and start again"
    )]
    Failed {
        /// What was tried.
        doing: &'static str,
        /// The file's name.
        file: String,
        /// What the system answered.
        source: Arc<io::Error>,
    },
    /// There is no room for a coming segment; nothing happened. Clears by itself once there is.
    #[error("the journal is read-only until its disk has room for another segment")]
    ReadOnly,
    /// More waits to be written than is allowed or has room; nothing happened, try again soon.
    #[error(
        "{pending_bytes} bytes wait to be journalled and {room_bytes} are allowed; try again soon"
    )]
    Full {
        /// Bytes that wait, this group included.
        pending_bytes: u64,
        /// Bytes that may wait at present.
        room_bytes: u64,
    },
    /// The group can never be stored; nothing happened.
    #[error(
        "a group of {bytes} bytes is longer than the {bytes_max} that one record holds; raise record_bytes_max or segment_bytes"
    )]
    TooLarge {
        /// The group's bytes.
        bytes: usize,
        /// The most that a group may have.
        bytes_max: usize,
    },
    /// A group says that it holds no event; nothing happened.
    #[error("a group of 0 events cannot be numbered")]
    NoEvents,
    /// The journal was closed; nothing happened.
    #[error("the journal is closed")]
    Closed,
}

/// What is wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The file ends, or holds only zeros here.
    #[error("nothing was written here")]
    Blank,
    /// It does not begin as a record does.
    #[error("no record begins here")]
    Magic,
    /// Its checksum does not hold.
    #[error("the header's checksum does not hold")]
    Checksum,
    /// Another version of the format.
    #[error("format version {0} is not known to this program")]
    Version(u16),
    /// Another kind of record.
    #[error("record kind {0} is not known to this program")]
    Kind(u16),
    /// Longer than any record may be.
    #[error("a payload of {0} bytes is longer than any may be")]
    Length(u32),
    /// Sequences past the largest number.
    #[error("its sequences pass the largest number")]
    Sequence,
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordFault {
    /// Its header.
    #[error(transparent)]
    Header(#[from] HeaderFault),
    /// The file ends within it.
    #[error("the file ends within the payload")]
    Truncated,
    /// Its payload's checksum does not hold.
    #[error("the payload's checksum does not hold")]
    Payload,
    /// It does not follow on the record before it.
    #[error("it names another record as the one before it")]
    Chain,
    /// Its sequence is not the next one, or it is of another run.
    #[error("its sequence or run does not follow on the record before it")]
    Order,
    /// A kind of record that has no place here.
    #[error("it is a record of another kind than belongs here")]
    Misplaced,
}

/// Why a journal cannot be recovered or started.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The medium failed.
    #[error("{doing} {file} failed: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file's name.
        file: String,
        /// What the system answered.
        source: io::Error,
    },
    /// Acknowledged data is damaged.
    #[error(
        "journal segment {file} is damaged at byte {offset} ({fault}): event {sequence} is missing, and \
         {evidence_file} at byte {evidence_offset} shows that events up to {durable_to} were acknowledged; \
         the engine does not start on it: restore the newest backup with `saldo restore`"
    )]
    Damaged {
        /// The damaged file.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// The first event that is missing.
        sequence: u64,
        /// What is wrong there.
        fault: RecordFault,
        /// The file that shows that it was acknowledged.
        evidence_file: String,
        /// Where in it, in bytes.
        evidence_offset: u64,
        /// Up to where the evidence says that events were acknowledged.
        durable_to: u64,
    },
    /// A segment of another journal, or under another's name.
    #[error(
        "{file} does not belong to this journal ({found}); move it away, or restore the newest backup with `saldo restore`"
    )]
    Foreign {
        /// The file.
        file: String,
        /// What it says of itself.
        found: String,
    },
    /// Written by another version of this program.
    #[error(
        "{file} has format version {version}, which this program does not know; start the version that wrote it"
    )]
    Version {
        /// The file.
        file: String,
        /// Its format version.
        version: u16,
    },
    /// Events were asked for that the journal no longer holds.
    #[error(
        "event {wanted} is wanted, but the journal begins with {earliest}; restore the newest backup with `saldo restore`"
    )]
    Gone {
        /// The first that was wanted.
        wanted: u64,
        /// The first that there is.
        earliest: u64,
    },
    /// Events were asked for that lie behind the journal's end.
    #[error(
        "event {wanted} is wanted, but the journal ends with {last}; restore the newest backup with `saldo restore`"
    )]
    Ahead {
        /// The first that was wanted.
        wanted: u64,
        /// The last that there is.
        last: u64,
    },
    /// Free space is below the watermark.
    #[error(
        "{free_bytes} bytes are free, {needed_bytes} are needed to start the journal; free some space"
    )]
    NoSpace {
        /// Bytes free.
        free_bytes: u64,
        /// Bytes needed: one segment and `disk_free_bytes_min`.
        needed_bytes: u64,
    },
    /// A setting is out of its range.
    #[error("{name} is {value}, but must be {rule}")]
    Option {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: u64,
        /// What it must be.
        rule: &'static str,
    },
    /// A thread could not be started.
    #[error("the thread {name} could not be started: {source}")]
    Thread {
        /// Its name.
        name: &'static str,
        /// What the system answered.
        source: io::Error,
    },
}

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError<E> {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] RecoveryError),
    /// What the caller answered to a record.
    #[error("the record that begins with event {first_sequence} could not be replayed: {source}")]
    Caller {
        /// The record's first event.
        first_sequence: u64,
        /// What the caller said.
        source: E,
    },
}

/// Why a record could not be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Its segment was removed.
    #[error("event {sequence} is no longer kept; the oldest is {earliest}")]
    Gone {
        /// What was asked for.
        sequence: u64,
        /// The oldest that is kept.
        earliest: u64,
    },
    /// It is not durable yet, or was never written.
    #[error("event {sequence} is not durable; the newest that is is {durable}")]
    NotYet {
        /// What was asked for.
        sequence: u64,
        /// The newest durable event.
        durable: u64,
    },
    /// The stored bytes are not what was written.
    #[error(
        "segment {file} is damaged at byte {offset} ({fault}): event {sequence} cannot be read; restore the newest backup with `saldo restore`"
    )]
    Damaged {
        /// What was asked for.
        sequence: u64,
        /// The file.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        fault: RecordFault,
    },
    /// The medium failed.
    #[error("reading {file} failed: {source}")]
    Io {
        /// The file.
        file: String,
        /// What the system answered.
        source: io::Error,
    },
}

/// Why a framed file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FramedError {
    /// The medium failed.
    #[error("{doing} {file} failed: {source}")]
    Io {
        /// What was tried.
        doing: &'static str,
        /// The file.
        file: String,
        /// What the system answered.
        source: io::Error,
    },
    /// The stored bytes are not what was written.
    #[error("{file} is damaged at byte {offset} ({fault}); use another backup")]
    Damaged {
        /// The file.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong there.
        fault: RecordFault,
    },
    /// The closing record names another number of records or bytes.
    #[error(
        "{file} holds {found_records} records of {found_bytes} bytes, but closes with {records} of {bytes}; use another backup"
    )]
    Count {
        /// The file.
        file: String,
        /// Records found.
        found_records: u64,
        /// Payload bytes found.
        found_bytes: u64,
        /// Records named.
        records: u64,
        /// Payload bytes named.
        bytes: u64,
    },
    /// A payload that can never be stored.
    #[error("a payload of {bytes} bytes is longer than any record may be")]
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
}
