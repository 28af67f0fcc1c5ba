//! `saldo backup`: a consistent copy of an engine's data in one file, without the engine's help and beside its running.
//!
//! The journal only grows and baselines never change, so whoever reads them in the order in which they became durable
//! sees a state that there was. Where the engine removes what is about to be read, the reading begins again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saldo_protocol::Timestamp;
use serde::Serialize;

use super::{ToolError, check_data};
use crate::actor::once::OnceTable;
use crate::config::Settings;
use crate::data_dir::{DataDir, store_options};
use crate::journal::medium::{FsMedium, Medium};
use crate::journal::{Recovery, ReplayError};
use crate::store::backup::{self, BackupError, BackupReader, BackupWriter};
use crate::store::state::{BackupOpening, BackupTotals};
use crate::store::{Place, Store, StorePlace, baseline, keys, recover, save};

/// How often the reading begins anew, where the engine removes what is being read.
const ATTEMPTS_MAX: u32 = 5;
/// Where the states are put together, in the directory of backups; removed at the end.
const SCRATCH: &str = "backup.tmp";

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// Its file.
    pub file: PathBuf,
    /// Bytes of the file.
    pub bytes: u64,
    /// The last event that it holds; 0 before the first.
    pub sequence: u64,
    /// Logged time of that event.
    pub as_of: Timestamp,
    /// Keys.
    pub keys: u64,
    /// Open reservations.
    pub reservations: u64,
    /// The journal that it was made of.
    pub journal_id: String,
    /// The version of the program that made it.
    pub engine_version: String,
}

impl fmt::Display for BackupReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "backup    {} ({} bytes)", self.file.display(), self.bytes)?;
        writeln!(f, "as of     {}, event {}", self.as_of, self.sequence)?;
        write!(f, "holds     {} keys, {} open reservations", self.keys, self.reservations)
    }
}

/// Writes a backup of the data directory into the directory `to`, reads it back, and removes all but the newest `keep`
/// there. `tell` hears what is being done.
///
/// # Errors
/// [`ToolError`] where the data is damaged or either directory cannot be used; what was there before stays.
pub fn backup(
    settings: &Settings,
    to: &Path,
    keep: Option<usize>,
    tell: &mut dyn FnMut(&str),
) -> Result<BackupReport, ToolError> {
    let dir = &settings.data_dir;
    check_data(dir)?;
    let target: Arc<dyn Medium> = Arc::new(FsMedium::open(to).map_err(unusable(to))?);
    let mut failed = String::new();
    let mut attempt = 1;
    let name = loop {
        let scratch = Scratch::new(to)?;
        match write(settings, &scratch, &target, tell) {
            Ok(name) => break name,
            // The same once more: it is not the engine's going on.
            Err(error) if attempt == ATTEMPTS_MAX || error.to_string() == failed => {
                return Err(error);
            }
            Err(error) => failed = error.to_string(),
        }
        attempt += 1;
        tell("the engine went on; reading again");
    };
    tell("reading the backup back");
    let report = check_file(&target, to, &name)?;
    if let Some(keep) = keep {
        let names = backup::list(target.as_ref()).map_err(BackupError::from)?;
        for old in names.iter().rev().filter(|other| **other != name).skip(keep.max(1) - 1) {
            target.remove(old).map_err(BackupError::from)?;
        }
        target.sync_dir().map_err(BackupError::from)?;
    }
    Ok(report)
}

/// Reads a backup whole: the file that is named, or the newest of a directory.
///
/// # Errors
/// [`ToolError`] where there is none, or it is damaged.
pub fn check_backup(place: &Path) -> Result<BackupReport, ToolError> {
    let (medium, dir, name) = find(place)?;
    check_file(&medium, &dir, &name)
}

/// The backup that is named, or the newest of a directory: its medium, directory and name.
pub(super) fn find(place: &Path) -> Result<(Arc<dyn Medium>, PathBuf, String), ToolError> {
    let none = || ToolError::NoBackup { place: place.display().to_string() };
    let open = |dir: &Path| -> Arc<dyn Medium> { Arc::new(FsMedium::read_only(dir)) };
    if place.is_dir() {
        let medium = open(place);
        let names = backup::list(medium.as_ref()).map_err(BackupError::from)?;
        let name = names.last().ok_or_else(none)?.clone();
        return Ok((medium, place.to_owned(), name));
    }
    let name = place.file_name().and_then(|name| name.to_str()).filter(|_| place.is_file());
    let name = name.ok_or_else(none)?.to_owned();
    let dir = place.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((open(dir), dir.to_owned(), name))
}

pub(super) fn check_file(
    medium: &Arc<dyn Medium>,
    dir: &Path,
    name: &str,
) -> Result<BackupReport, ToolError> {
    let reader = BackupReader::open(medium.as_ref(), name)?;
    let opening = reader.opening.clone();
    let totals: BackupTotals = reader.check()?;
    let bytes = medium.open(name).and_then(|file| file.len()).map_err(BackupError::from)?;
    Ok(BackupReport {
        file: dir.join(name),
        bytes,
        sequence: opening.last_sequence,
        as_of: Timestamp::from_micros_clamped(opening.last_logged_time),
        keys: totals.keys,
        reservations: totals.reservations,
        journal_id: format!("{:032x}", u128::from_le_bytes(opening.journal_id)),
        engine_version: opening.engine_version,
    })
}

/// Reads the data and writes the backup; its name.
fn write(
    settings: &Settings,
    scratch: &Scratch,
    target: &Arc<dyn Medium>,
    tell: &mut dyn FnMut(&str),
) -> Result<String, ToolError> {
    tell("reading the journal");
    let data = DataDir::read_only(&settings.data_dir);
    let options = data.journal_options(settings)?;
    let journal = Recovery::scan_beside_writer(&data.journal, &options)?;
    let baselines = data.baselines.as_ref();
    let store =
        recover::open_store(&scratch.store(), store_options(settings), baselines, &journal)?;
    let (first, last) = (store.place().map_or(0, |place| place.sequence), journal.last_sequence());
    tell(&format!("replaying events {} to {last}", first + 1));
    let (place, begins_behind) = fill(settings, &journal, &store)?;
    tell("writing the backup");
    let opening = BackupOpening {
        engine_version: env!("CARGO_PKG_VERSION").to_owned(),
        journal_id: place.journal_id.to_le_bytes(),
        sequence: place.sequence,
        logged_time: place.logged_time_us,
        last_sequence: last,
        last_logged_time: journal.last_logged_time_us(),
    };
    let as_of = Timestamp::from_micros_clamped(opening.last_logged_time);
    let name = backup::name_of(as_of.text().as_str(), last);
    let mut writer = BackupWriter::begin(target, &name, &opening)?;
    baseline::each_entries(&store, |entries| Ok::<_, ToolError>(writer.entries(&entries)?))?;
    if begins_behind {
        let told = journal.replay(place.sequence + 1, |record| writer.events(&record));
        told.map_err(|error| match error {
            ReplayError::Journal(error) => ToolError::from(error),
            ReplayError::Caller { source, .. } => source.into(),
        })?;
    }
    writer.finish()?;
    Ok(name)
}

/// Brings the store from its baseline to the journal's end. Tells the place that its states stand for, and whether
/// events behind it have to go along: those since the oldest operation that was under way began.
fn fill(
    settings: &Settings,
    journal: &Recovery,
    store: &Store,
) -> Result<(Place, bool), ToolError> {
    let entries_max = usize::try_from(settings.idempotency_entries_max).unwrap_or(usize::MAX);
    let once = OnceTable::new(entries_max, settings.idempotency_window_seconds);
    let recovered = recover::replay(journal, store, once)?;
    if let Some((key, why)) = recovered.failed.first() {
        let (key, why) = (key.to_string(), why.clone());
        return Err(ToolError::Unreplayable { count: recovered.failed.len(), key, why });
    }
    let oldest = recovered.cut_short.iter().map(|cut| cut.first_sequence).min();
    let place = place_before(journal, store, oldest)?;
    for (_, mut ledger) in recovered.ledgers {
        for closed in save::put(&mut ledger, store, settings) {
            save::remember_id(&closed, &recovered.once);
        }
        if store.overlay_is_full() {
            store.checkpoint(place, || Ok(()))?;
        }
    }
    let (chunks, gone) = recovered.once.take_chunks();
    let chunks = chunks.into_iter().map(|(chunk, bytes)| (keys::once(chunk), Some(bytes)));
    let gone = gone.into_iter().map(|chunk| (keys::once(chunk), None));
    store.put_many(chunks.chain(gone).collect());
    store.checkpoint(place, || Ok(()))?;
    Ok((place, oldest.is_some()))
}

/// The end of the journal, or the place before the record that holds the event `oldest`: a journal begins with a record.
fn place_before(
    journal: &Recovery,
    store: &Store,
    oldest: Option<u64>,
) -> Result<Place, ToolError> {
    let mut place = Place {
        sequence: journal.last_sequence(),
        journal_id: journal.journal_id(),
        logged_time_us: journal.last_logged_time_us(),
    };
    let Some(oldest) = oldest else { return Ok(place) };
    place.logged_time_us = store.place().map_or(0, |place| place.logged_time_us);
    let from = (oldest - 1).max(journal.first_sequence());
    let told = journal.replay(from, |record| {
        if record.first_sequence + u64::from(record.count) > oldest {
            place.sequence = record.first_sequence - 1;
            return Err(Found);
        }
        place.logged_time_us = record.logged_time_us;
        Ok(())
    });
    match told {
        Ok(()) | Err(ReplayError::Caller { .. }) => Ok(place),
        Err(ReplayError::Journal(error)) => Err(error.into()),
    }
}

/// What was looked for was found: nothing more needs to be read.
#[derive(Debug)]
struct Found;

/// A directory for putting states together, removed at the end.
struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    fn new(target: &Path) -> Result<Self, ToolError> {
        let scratch = Self { dir: target.join(SCRATCH) };
        scratch.remove();
        std::fs::create_dir(&scratch.dir).map_err(unusable(&scratch.dir))?;
        Ok(scratch)
    }

    fn store(&self) -> StorePlace {
        StorePlace::directory(&self.dir)
    }

    fn remove(&self) {
        // What cannot be removed is said when it cannot be made anew.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

pub(super) fn unusable(place: &Path) -> impl FnOnce(std::io::Error) -> ToolError {
    let place = place.display().to_string();
    move |source| ToolError::Directory { place, source }
}
