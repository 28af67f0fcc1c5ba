//! `saldo restore`: a data directory from a backup.
//!
//! It is built under a name of its own, complete and synced, before anything that is there is touched. Then, each step
//! durable before the next:
//! 1. The new parts get the name [`RESTORED`]. From here on no engine starts on the directory.
//! 2. What was there is moved aside, whole, and stays.
//! 3. The new parts are moved into their places, and the name goes.

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use saldo_protocol::Timestamp;
use serde::Serialize;

use super::backup::{check_file, find, unusable};
use super::{BackupReport, ToolError};
use crate::clock::{self, SystemSource, TimeSource};
use crate::config::Settings;
use crate::data_dir::{DataDir, PARTS, RESTORED};
use crate::journal::medium::{FsMedium, Medium};
use crate::journal::{
    FramedReader, Journal, JournalError, Options, Origin, PAGE_BYTES, Record, Recovery, Sink,
};
use crate::store::backup::{BackupError, BackupReader, Piece};
use crate::store::{Place, baseline, state};

/// Where the new parts are built; what a restore that was cut short left there is of no use.
const BUILT: &str = "restore.tmp";
/// What the names of directories begin with that hold what was there.
const BEFORE: &str = "before-restore-";

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The data directory.
    pub data_dir: PathBuf,
    /// The backup.
    pub backup: BackupReport,
    /// Where the data is now that was there before.
    pub moved_to: Option<PathBuf>,
}

impl fmt::Display for RestoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "restored  {}", self.data_dir.display())?;
        writeln!(f, "from      {}", self.backup.file.display())?;
        writeln!(f, "as of     {}, event {}", self.backup.as_of, self.backup.sequence)?;
        let (keys, reservations) = (self.backup.keys, self.backup.reservations);
        write!(f, "holds     {keys} keys, {reservations} open reservations")?;
        match &self.moved_to {
            Some(dir) => write!(f, "\nbefore    what was there is in {}", dir.display()),
            None => Ok(()),
        }
    }
}

/// Makes the data directory what the backup `from` holds: that file, or the newest of that directory. What is there is
/// moved aside where `replace` is set; otherwise there may be nothing.
///
/// The journal is a new one: places in the one before mean nothing in it, and sequence numbers go on.
///
/// # Errors
/// [`ToolError`] where there is no whole backup, the directory is in use or not empty, or it cannot be written.
pub fn restore(
    settings: &Settings,
    from: &Path,
    replace: bool,
    tell: &mut dyn FnMut(&str),
) -> Result<RestoreReport, ToolError> {
    let (medium, backups, name) = find(from)?;
    tell("reading the backup");
    let backup = check_file(&medium, &backups, &name)?;
    let dir = &settings.data_dir;
    let _lock = DataDir::lock(dir)?;
    let there = occupants(dir)?;
    if !there.is_empty() && !replace {
        let found = there.join(", ");
        return Err(ToolError::Occupied { dir: dir.display().to_string(), found });
    }
    tell("writing the data");
    let built = Built::new(dir)?;
    build(settings, &built.dir, medium.as_ref(), &name)?;
    tell("putting it in place");
    let moved_to = put_in_place(dir, &built.dir, &there)?;
    Ok(RestoreReport { data_dir: dir.clone(), backup, moved_to })
}

/// What a data directory holds that an engine would read, or that an earlier restore left behind half-way.
fn occupants(dir: &Path) -> Result<Vec<String>, ToolError> {
    let mut found = Vec::new();
    for name in PARTS.iter().chain([&RESTORED]) {
        let path = dir.join(name);
        let mut entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unusable(&path)(error)),
        };
        if entries.next().is_some() {
            found.push((*name).to_owned());
        }
    }
    Ok(found)
}

/// The new parts, removed where they do not get to their places.
struct Built {
    dir: PathBuf,
}

impl Built {
    fn new(data_dir: &Path) -> Result<Self, ToolError> {
        let built = Self { dir: data_dir.join(BUILT) };
        built.remove();
        fs::create_dir(&built.dir).map_err(unusable(&built.dir))?;
        Ok(built)
    }

    fn remove(&self) {
        // What cannot be removed is said when it cannot be made anew.
        let _ = fs::remove_dir_all(&self.dir);
    }
}

impl Drop for Built {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Writes a baseline, and a journal of what is behind it.
fn build(
    settings: &Settings,
    built: &Path,
    medium: &dyn Medium,
    name: &str,
) -> Result<(), ToolError> {
    let open = |part: &str| -> Result<Arc<dyn Medium>, ToolError> {
        let path = built.join(part);
        Ok(Arc::new(FsMedium::open(&path).map_err(unusable(&path))?))
    };
    let (baselines, journal) = (open("baselines")?, open("journal")?);
    let reader = BackupReader::open(medium, name)?;
    let place = Place { journal_id: uuid::Uuid::new_v4().as_u128(), ..reader.place() };
    let mut states = baseline::begin(&baselines, place)?;
    let totals = reader.read(|piece| match piece {
        Piece::Entries(entries) => {
            Ok(states.record(&state::put(&entries)).map_err(BackupError::from)?)
        }
        Piece::Events(_) => Ok::<_, ToolError>(()),
    })?;
    states.finish().map_err(BackupError::from)?;
    let written = baseline::name_of(place.sequence);
    FramedReader::verify(baselines.as_ref(), &written).map_err(BackupError::from)?;
    if totals.events > 0 {
        let options = journal_options(settings, place, totals.record_bytes_max);
        write_events(&journal, &options, BackupReader::open(medium, name)?)?;
    }
    File::open(built).and_then(|dir| dir.sync_all()).map_err(unusable(built))
}

/// The settings of the journal that begins at the states' place.
fn journal_options(settings: &Settings, place: Place, record_bytes_max: u64) -> Options {
    let origin = Origin {
        journal_id: place.journal_id,
        last_sequence: place.sequence,
        last_logged_time_us: place.logged_time_us,
    };
    let mut options = Options::new(origin, clock::monotonic_us);
    options.disk_free_bytes_min = settings.disk_free_bytes_min;
    // The engine that wrote the longest record may have had longer segments. Each has room for marks besides.
    let page = PAGE_BYTES as u64;
    let needed = (record_bytes_max + 8 * page).next_multiple_of(page);
    options.segment_bytes = settings.segment_bytes.max(needed);
    options
}

/// Writes the events behind the states' place as a journal that was stopped well.
fn write_events(
    medium: &Arc<dyn Medium>,
    options: &Options,
    reader: BackupReader,
) -> Result<(), ToolError> {
    let (tell, told) = mpsc::channel();
    let journal = Recovery::scan(Arc::clone(medium), options)?.start(Waiter(tell))?;
    reader.read(|piece| match piece {
        Piece::Entries(_) => Ok(()),
        Piece::Events(record) => append(&journal, &told, &record),
    })?;
    journal.close();
    if journal.is_failed() { Err(stopped(&told)) } else { Ok(()) }
}

/// Appends a record as it was, and waits until it is durable: there are few.
fn append(
    journal: &Journal<()>,
    told: &mpsc::Receiver<Result<u64, String>>,
    record: &Record<'_>,
) -> Result<(), ToolError> {
    let failed = |error: JournalError| ToolError::Events(error.to_string());
    journal
        .append(record.payload, record.count, record.logged_time_us, Some(()))
        .map_err(failed)?;
    let last = record.first_sequence + u64::from(record.count) - 1;
    loop {
        match told.recv() {
            Ok(Ok(durable)) if durable >= last => return Ok(()),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(ToolError::Events(error)),
            Err(_) => return Err(stopped(told)),
        }
    }
}

fn stopped(told: &mpsc::Receiver<Result<u64, String>>) -> ToolError {
    let why = told.try_iter().find_map(Result::err);
    ToolError::Events(why.unwrap_or_else(|| "the journal stopped".to_owned()))
}

/// Passes on what is durable.
struct Waiter(mpsc::Sender<Result<u64, String>>);

impl Sink<()> for Waiter {
    fn durable(&mut self, up_to: u64, _: &mut Vec<()>) {
        // Nobody waits once all was appended.
        let _ = self.0.send(Ok(up_to));
    }

    fn failed(&mut self, error: &JournalError, _: &mut Vec<()>) {
        let _ = self.0.send(Err(error.to_string()));
    }
}

/// Moves what is there aside and the new parts into their places; where the old ones are now.
fn put_in_place(dir: &Path, built: &Path, there: &[String]) -> Result<Option<PathBuf>, ToolError> {
    let sync =
        |path: &Path| File::open(path).and_then(|dir| dir.sync_all()).map_err(unusable(path));
    let rename = |from: &Path, to: &Path| fs::rename(from, to).map_err(unusable(from));
    let mut moved_to = None;
    let aside = || -> Result<PathBuf, ToolError> {
        let now = Timestamp::from_micros_clamped(SystemSource.wall_us()).text();
        let now: String = now.as_str().chars().filter(char::is_ascii_alphanumeric).collect();
        let aside = dir.join(format!("{BEFORE}{now}"));
        fs::create_dir(&aside).map_err(unusable(&aside))?;
        Ok(aside)
    };
    if !there.is_empty() {
        moved_to = Some(aside()?);
    }
    let ready = dir.join(RESTORED);
    if let Some(aside) = moved_to.as_ref().filter(|_| ready.exists()) {
        // An earlier restore was cut short at this point: what it had not put in place yet.
        rename(&ready, &aside.join(RESTORED))?;
    }
    rename(built, &ready)?;
    sync(dir)?;
    for part in PARTS {
        let (old, new) = (dir.join(part), ready.join(part));
        match moved_to.as_ref().filter(|_| old.exists()) {
            Some(aside) => rename(&old, &aside.join(part))?,
            // Empty, or not there.
            None => drop(fs::remove_dir(&old)),
        }
        if new.exists() {
            rename(&new, &old)?;
        }
        if let Some(aside) = &moved_to {
            sync(aside)?;
        }
        sync(&ready)?;
        sync(dir)?;
    }
    fs::remove_dir(&ready).map_err(unusable(&ready))?;
    sync(dir)?;
    Ok(moved_to)
}
