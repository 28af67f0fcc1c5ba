//! What can go wrong in the store, and what can be done about it.
//!
//! The store is never the truth: whatever is damaged here is rebuilt from the newest baseline and the journal.

use std::io;
use std::path::{Path, PathBuf};

/// Why the store could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another opener, in this process or another one, holds the directory.
    #[error("the store in {} is already open; stop the other process or name another directory", dir.display())]
    InUse {
        /// The directory asked for.
        dir: PathBuf,
    },
    /// The directory was written in another format.
    #[error(
        "the store in {} is marked {found:?}, this program reads {expected:?}; remove that directory and it is rebuilt from the newest baseline and the journal",
        dir.display()
    )]
    Format {
        /// The directory asked for.
        dir: PathBuf,
        /// The marker as found, at most 64 bytes of it.
        found: String,
        /// The marker that this program writes.
        expected: &'static str,
    },
    /// A file could not be read, written or synced.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was tried.
        doing: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing now could fill the disk, which the medium below does not survive without a restart.
    #[error(
        "a checkpoint of {checkpoint_bytes} bytes needs {needed_bytes} bytes free at {}, there are {free_bytes}; free some space, nothing is lost",
        dir.display()
    )]
    DiskFull {
        /// The store's directory.
        dir: PathBuf,
        /// Free bytes now.
        free_bytes: u64,
        /// Free bytes wanted, `disk_free_bytes_min` among them.
        needed_bytes: u64,
        /// Bytes of the changes that wait.
        checkpoint_bytes: u64,
    },
    /// The caller of a checkpoint could not make durable what it must not be ahead of.
    #[error(
        "the checkpoint was given up, since the journal did not sync what it contains; nothing of it was written"
    )]
    GivenUp,
    /// What was read is not what was written.
    #[error(
        "the store is damaged: {0}; destroy it and rebuild it from the newest baseline and the journal"
    )]
    Damaged(#[from] Damage),
}

/// How damage showed itself.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// A stored entry does not match its checksum or its layout.
    #[error("the entry {key} does not match its checksum or layout")]
    Entry {
        /// The entry's stored key in hexadecimal, cut after 64 bytes.
        key: String,
    },
    /// A part of a value that was split is missing or has another length.
    #[error("of the value of {key} part {part} of {parts} is missing or has another length")]
    Part {
        /// The value's key in hexadecimal, cut after 64 bytes.
        key: String,
        /// Counted from 0.
        part: u32,
        /// Parts that there should be.
        parts: u32,
    },
    /// The entry that tells the place of the last checkpoint is missing or unreadable.
    #[error("the record of the last checkpoint is missing or unreadable")]
    Place,
    /// Entries were lost or came back without any of them being unreadable.
    #[error(
        "the checkpoint wrote {entries_expected} entries of {bytes_expected} bytes, found are {entries_found} of {bytes_found} bytes, or others than those written"
    )]
    Totals {
        /// Entries by the record of the last checkpoint.
        entries_expected: u64,
        /// Entries found by reading all.
        entries_found: u64,
        /// Bytes of keys and values by the record of the last checkpoint.
        bytes_expected: u64,
        /// Bytes of keys and values found by reading all.
        bytes_found: u64,
    },
    /// sled holds a part of a checkpoint whose redo log cannot complete it.
    #[error(
        "checkpoint {generation} was written in part, and the redo log that completes it is missing or unreadable"
    )]
    Redo {
        /// Number of the checkpoint that was under way.
        generation: u64,
    },
    /// Checkpoints that were completed are gone, and the redo log reaches back to the last one only.
    #[error(
        "its newest record is of checkpoint {generation_found}, but the redo log is of checkpoint {generation_logged}"
    )]
    Lost {
        /// Number of the checkpoint that the record is of.
        generation_found: u64,
        /// Number of the checkpoint that the redo log is of.
        generation_logged: u64,
    },
    /// The medium below found its own files broken.
    #[error("its files cannot be read: {reason}")]
    Medium {
        /// What it said.
        reason: String,
    },
}

impl Damage {
    /// Damage of the entry stored under `key`.
    pub(super) fn entry(key: &[u8]) -> Self {
        Self::Entry { key: hex(key) }
    }
}

impl StoreError {
    /// Wraps what the system said about `path`.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io { doing, path, source }
    }
}

/// `key` in hexadecimal, cut after 64 bytes, so that a message stays readable.
pub(super) fn hex(key: &[u8]) -> String {
    const SHOWN_BYTES_MAX: usize = 64;
    let shown = key.iter().take(SHOWN_BYTES_MAX);
    let mut text: String = shown.map(|byte| format!("{byte:02x}")).collect();
    if key.len() > SHOWN_BYTES_MAX {
        text.push('…');
    }
    text
}
