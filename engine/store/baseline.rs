//! Baselines: everything that the store holds, in the journal's own record form, beside the journal.
//!
//! The newest baseline and the segments behind it are the truth. A segment is removed only when two
//! baselines are newer than it, each synced and read back.

use std::sync::Arc;

use saldo_ledger::Timestamp;

use super::state::{self, BaselineOpening, StateError};
use super::{KEY_BYTES_MAX, Place, Store, StoreError};
use crate::actor::Shared;
use crate::journal::medium::Medium;
use crate::journal::{FramedError, FramedReader, FramedWriter, SegmentInfo};

/// Baselines that are kept.
const KEPT: usize = 2;
/// A record of a baseline is closed at this length.
const RECORD_BYTES: usize = 60 << 10;
const NAME_BEGINS: &str = "baseline-";

/// Names and values.
pub type Entries = Vec<(Vec<u8>, Vec<u8>)>;

/// Why a baseline cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be written, or is damaged.
    #[error(transparent)]
    Framed(#[from] FramedError),
    /// The directory cannot be read.
    #[error("the directory of baselines cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// What it holds is not a state.
    #[error(transparent)]
    State(#[from] StateError),
    /// It has no opening record.
    #[error("a baseline has no opening record; take an older one, or a backup")]
    Empty,
    /// The store has no checkpoint yet.
    #[error("there is no checkpoint yet, so there is nothing to make a baseline of")]
    NoCheckpoint,
}

/// A baseline's name; the names of newer ones sort behind.
#[must_use]
pub fn name_of(sequence: u64) -> String {
    format!("{NAME_BEGINS}{sequence:020}.saldo")
}

/// Baselines of a directory, oldest first, each with its place.
///
/// # Errors
/// What the medium answers.
pub fn list(medium: &dyn Medium) -> std::io::Result<Vec<(u64, String)>> {
    let mut found: Vec<(u64, String)> = medium
        .list()?
        .into_iter()
        .filter_map(|name| {
            let sequence = name.strip_prefix(NAME_BEGINS)?.strip_suffix(".saldo")?.parse().ok()?;
            Some((sequence, name))
        })
        .collect();
    found.sort_unstable();
    Ok(found)
}

/// The place of the newest baseline that can be read.
///
/// # Errors
/// What the medium answers.
pub fn newest_place(medium: &dyn Medium) -> Result<Option<Place>, BaselineError> {
    for (_, name) in list(medium)?.iter().rev() {
        match opening(medium, name) {
            Ok(place) => return Ok(Some(place)),
            Err(error) => {
                tracing::warn!(name, %error, "a baseline cannot be read and is passed over")
            }
        }
    }
    Ok(None)
}

fn opening(medium: &dyn Medium, name: &str) -> Result<Place, BaselineError> {
    let mut reader = FramedReader::open(medium, name)?;
    let opening: BaselineOpening = state::take(reader.next()?.ok_or(BaselineError::Empty)?)?;
    Ok(Place {
        sequence: opening.sequence,
        journal_id: u128::from_le_bytes(opening.journal_id),
        logged_time_us: opening.logged_time,
    })
}

/// Begins a baseline of a place: records of entries follow, as [`write()`] makes them.
///
/// # Errors
/// [`BaselineError::Framed`].
pub fn begin(medium: &Arc<dyn Medium>, place: Place) -> Result<FramedWriter, BaselineError> {
    let mut writer = FramedWriter::create(Arc::clone(medium), &name_of(place.sequence))?;
    writer.record(&state::put(&BaselineOpening {
        sequence: place.sequence,
        journal_id: place.journal_id.to_le_bytes(),
        logged_time: place.logged_time_us,
    }))?;
    Ok(writer)
}

/// Writes a baseline of the store's last checkpoint, syncs it and reads it back.
///
/// # Errors
/// [`BaselineError`]; what was written is thrown away.
pub fn write(store: &Store, medium: &Arc<dyn Medium>) -> Result<Place, BaselineError> {
    let place = store.place().ok_or(BaselineError::NoCheckpoint)?;
    let name = name_of(place.sequence);
    let mut writer = begin(medium, place)?;
    each_entries(store, |entries| Ok::<_, BaselineError>(writer.record(&state::put(&entries))?))?;
    writer.finish()?;
    FramedReader::verify(medium.as_ref(), &name)?;
    Ok(place)
}

/// Hands over all that the store's last checkpoint holds, as many entries at a time as make a record.
///
/// # Errors
/// [`StoreError`], or what `each` returns.
pub fn each_entries<E: From<StoreError>>(
    store: &Store,
    mut each: impl FnMut(Entries) -> Result<(), E>,
) -> Result<(), E> {
    let mut entries: Entries = Vec::new();
    let mut bytes = 0;
    let mut failed: Option<E> = None;
    store.for_each(&mut |key, value| {
        bytes += key.len() + value.len();
        entries.push((key.to_vec(), value.to_vec()));
        if bytes < RECORD_BYTES {
            return std::ops::ControlFlow::Continue(());
        }
        bytes = 0;
        match each(std::mem::take(&mut entries)) {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                std::ops::ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    each(entries)
}

/// Fills an empty store from a baseline; the checkpoint that follows makes it count.
///
/// # Errors
/// [`BaselineError`] where it cannot be read whole.
pub fn load(store: &Store, medium: &dyn Medium, name: &str) -> Result<Place, BaselineError> {
    FramedReader::verify(medium, name)?;
    let place = opening(medium, name)?;
    let mut reader = FramedReader::open(medium, name)?;
    // The opening record.
    reader.next()?;
    while let Some(payload) = reader.next()? {
        let entries: Entries = state::take(payload)?;
        // The store takes no other names, and a state without its own is none.
        if entries.iter().any(|(key, _)| !(1..=KEY_BYTES_MAX).contains(&key.len())) {
            return Err(StateError::Name.into());
        }
        store.put_many(entries.into_iter().map(|(key, value)| (key, Some(value))).collect());
        if store.overlay_is_full() {
            store.spill()?;
        }
    }
    Ok(place)
}

/// Removes segments that are older than the retention, once two baselines are newer; makes them where
/// they are wanted.
pub async fn retain(shared: &Arc<Shared>) {
    let theirs = Arc::clone(shared);
    match crate::blocking::off_thread(move || retain_now(&theirs)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "old segments stay: no baseline could be made"),
        Err(error) => tracing::error!(%error, "making a baseline panicked"),
    }
}

fn retain_now(shared: &Shared) -> Result<(), BaselineError> {
    let segments = shared.journal.segments();
    let Some(target) = target(shared, &segments) else { return Ok(()) };
    let medium = &shared.baselines;
    let baselines = list(medium.as_ref())?;
    let newest = baselines.last().map(|(sequence, _)| *sequence);
    let is_news = shared.store.place().is_some_and(|place| Some(place.sequence) > newest);
    if covered(&baselines) < target && is_news {
        let place = write(&shared.store, medium)?;
        tracing::info!(sequence = place.sequence, "baseline");
        for (_, name) in list(medium.as_ref())?.iter().rev().skip(KEPT) {
            medium.remove(name)?;
        }
        medium.sync_dir()?;
    }
    // As far as both reach: while much is written, what may go has moved on by the time that they are there.
    let last = covered(&list(medium.as_ref())?).min(target);
    if segments.first().is_some_and(|segment| segment.last_sequence <= last) {
        let removed = shared.journal.remove_segments_before(last + 1)?;
        tracing::info!(segments = removed.segments, bytes = removed.bytes, "removed old segments");
    }
    Ok(())
}

/// The last event that as many baselines hold as are kept; 0 where there are fewer.
fn covered(baselines: &[(u64, String)]) -> u64 {
    let oldest_kept = baselines.len().checked_sub(KEPT).and_then(|place| baselines.get(place));
    oldest_kept.map_or(0, |(sequence, _)| *sequence)
}

/// The last event of the newest segment that may go; none where none may.
///
/// When the journal is too long, a quarter more than needed goes, so that baselines stay rare.
fn target(shared: &Shared, segments: &[SegmentInfo]) -> Option<u64> {
    let settings = &shared.settings;
    let closed = &segments[..segments.len().saturating_sub(1)];
    let total: u64 = segments.iter().map(|segment| segment.bytes).sum();
    let oldest_kept = shared
        .clock
        .now()
        .as_micros()
        .saturating_sub(settings.journal_retention_hours * 3_600_000_000);
    let mut kept = total;
    let wanted = if total > settings.journal_bytes_max {
        settings.journal_bytes_max / 4 * 3
    } else {
        u64::MAX
    };
    let mut target = None;
    for segment in closed {
        let old = Timestamp::from_micros(segment.last_logged_time_us)
            < Timestamp::from_micros(oldest_kept);
        if !old && kept <= wanted {
            break;
        }
        kept -= segment.bytes;
        target = Some(segment.last_sequence);
    }
    target
}
