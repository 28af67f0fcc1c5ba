//! Backups: one file that holds a whole engine at one moment, in the journal's own record form.
//!
//! A record says what it is, then the opening, entries of states as in a baseline, records of events as in the journal,
//! and how much of each there is. The events are those behind the states' place: none, unless operations over several
//! keys were under way, which a start on the restored journal then ends as it does after a crash.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Place;
use super::baseline::Entries;
use super::keys;
use super::state::{self, BackupOpening, BackupTotals, StateError};
use crate::journal::medium::Medium;
use crate::journal::{FramedError, FramedReader, FramedWriter, Record};

const NAME_BEGINS: &str = "backup-";
const NAME_ENDS: &str = ".saldo";
/// The first record. A new form has another number.
const FORM: &[u8] = b"saldo backup 1";
const ENTRIES: u8 = b'e';
const EVENTS: u8 = b'j';
const TOTALS: u8 = b't';

/// Why a backup cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The file cannot be written, or is damaged.
    #[error(transparent)]
    Framed(#[from] FramedError),
    /// What it holds is not a state.
    #[error(transparent)]
    State(#[from] StateError),
    /// It is something else, or newer than this program.
    #[error("{file} is no backup that this program can read; start the version that wrote it")]
    Form {
        /// The file.
        file: String,
    },
    /// Its parts do not fit together.
    #[error("{file} is not what was written ({what}); use another backup")]
    Content {
        /// The file.
        file: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The directory of backups cannot be read or changed.
    #[error("the directory of backups cannot be used: {0}")]
    Io(#[from] std::io::Error),
}

/// A backup's name: first the logged time of its last event, so that the names of newer ones sort behind.
#[must_use]
pub fn name_of(last: &str, sequence: u64) -> String {
    let time: String = last.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{NAME_BEGINS}{time}-{sequence:020}{NAME_ENDS}")
}

/// Names of a directory's backups, oldest first.
///
/// # Errors
/// What the medium answers.
pub fn list(medium: &dyn Medium) -> std::io::Result<Vec<String>> {
    let is_backup = |name: &String| name.starts_with(NAME_BEGINS) && name.ends_with(NAME_ENDS);
    let mut names: Vec<String> = medium.list()?.into_iter().filter(is_backup).collect();
    names.sort_unstable();
    Ok(names)
}

/// Writes a backup.
pub struct BackupWriter {
    framed: FramedWriter,
    totals: BackupTotals,
}

impl BackupWriter {
    /// Begins a file that will have `name` once it is finished.
    ///
    /// # Errors
    /// [`BackupError::Framed`].
    pub fn begin(
        medium: &Arc<dyn Medium>,
        name: &str,
        opening: &BackupOpening,
    ) -> Result<Self, BackupError> {
        let mut framed = FramedWriter::create(Arc::clone(medium), name)?;
        framed.record(FORM)?;
        framed.record(&state::put(opening))?;
        Ok(Self { framed, totals: BackupTotals::default() })
    }

    /// Adds entries of the store, as many as make a record.
    ///
    /// # Errors
    /// [`BackupError`]; the file is then of no use.
    pub fn entries(&mut self, entries: &Entries) -> Result<(), BackupError> {
        count(&mut self.totals, entries)?;
        let mut payload = vec![ENTRIES];
        payload.extend(state::put(entries));
        Ok(self.framed.record(&payload)?)
    }

    /// Adds a record of events of the journal.
    ///
    /// # Errors
    /// [`BackupError::Framed`].
    pub fn events(&mut self, record: &Record<'_>) -> Result<(), BackupError> {
        count_events(&mut self.totals, record.count, record.payload);
        let mut payload = vec![EVENTS];
        payload.extend(record.first_sequence.to_le_bytes());
        payload.extend(record.count.to_le_bytes());
        payload.extend(record.logged_time_us.to_le_bytes());
        payload.extend(record.payload);
        Ok(self.framed.record(&payload)?)
    }

    /// Closes the file, syncs it, and gives it its name, durably.
    ///
    /// # Errors
    /// [`BackupError::Framed`].
    pub fn finish(mut self) -> Result<BackupTotals, BackupError> {
        let mut payload = vec![TOTALS];
        payload.extend(state::put(&self.totals));
        self.framed.record(&payload)?;
        self.framed.finish()?;
        Ok(self.totals)
    }
}

/// What a backup holds, one record at a time.
pub enum Piece<'a> {
    /// Entries of the store.
    Entries(Entries),
    /// A record of events behind the states' place.
    Events(Record<'a>),
}

/// A backup that was opened.
pub struct BackupReader {
    framed: FramedReader,
    file: String,
    /// What opens it.
    pub opening: BackupOpening,
    totals: BackupTotals,
    next_sequence: u64,
}

impl BackupReader {
    /// Opens a backup.
    ///
    /// # Errors
    /// [`BackupError`] where it is none, or damaged at its beginning.
    pub fn open(medium: &dyn Medium, file: &str) -> Result<Self, BackupError> {
        let mut framed = FramedReader::open(medium, file)?;
        let form = || BackupError::Form { file: file.to_owned() };
        if framed.next()?.ok_or_else(form)? != FORM {
            return Err(form());
        }
        let opening: BackupOpening = state::take(framed.next()?.ok_or_else(form)?)?;
        let next_sequence = opening.sequence + 1;
        let totals = BackupTotals::default();
        Ok(Self { framed, file: file.to_owned(), opening, totals, next_sequence })
    }

    /// The place of its states.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            sequence: self.opening.sequence,
            journal_id: u128::from_le_bytes(self.opening.journal_id),
            logged_time_us: self.opening.logged_time,
        }
    }

    /// Reads a whole backup through, hands over what it holds, and says how much that was. Only then it is known to be
    /// whole.
    ///
    /// # Errors
    /// [`BackupError`] where any of it is damaged or missing, or what `each` returns.
    pub fn read<E: From<BackupError>>(
        mut self,
        mut each: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<BackupTotals, E> {
        let file = self.file.clone();
        let content = |what| BackupError::Content { file: file.clone(), what };
        let mut told = None;
        while let Some(payload) = self.framed.next().map_err(BackupError::from)? {
            if told.is_some() {
                return Err(content("something follows on its end").into());
            }
            match payload.split_first() {
                Some((&ENTRIES, rest)) => {
                    let entries: Entries = state::take(rest).map_err(BackupError::from)?;
                    count(&mut self.totals, &entries).map_err(BackupError::from)?;
                    each(Piece::Entries(entries))?;
                }
                Some((&EVENTS, rest)) => {
                    let record = record_of(rest).ok_or_else(|| content("a record of events"))?;
                    if record.first_sequence != self.next_sequence {
                        return Err(content("an event is missing").into());
                    }
                    self.next_sequence += u64::from(record.count);
                    count_events(&mut self.totals, record.count, record.payload);
                    each(Piece::Events(record))?;
                }
                Some((&TOTALS, rest)) => {
                    told = Some(state::take::<BackupTotals>(rest).map_err(BackupError::from)?);
                }
                _ => return Err(content("a record of an unknown kind").into()),
            }
        }
        if told != Some(self.totals) {
            return Err(content("its totals do not agree").into());
        }
        if self.next_sequence != self.opening.last_sequence + 1 {
            return Err(content("its last events are missing").into());
        }
        Ok(self.totals)
    }

    /// Reads a whole backup through.
    ///
    /// # Errors
    /// As [`BackupReader::read`].
    pub fn check(self) -> Result<BackupTotals, BackupError> {
        self.read(|_| Ok(()))
    }
}

fn record_of(bytes: &[u8]) -> Option<Record<'_>> {
    let (first_sequence, rest) = bytes.split_first_chunk()?;
    let (count, rest) = rest.split_first_chunk()?;
    let (logged_time_us, payload) = rest.split_first_chunk()?;
    Some(Record {
        first_sequence: u64::from_le_bytes(*first_sequence),
        count: u32::from_le_bytes(*count),
        logged_time_us: u64::from_le_bytes(*logged_time_us),
        payload,
    })
}

fn count(totals: &mut BackupTotals, entries: &Entries) -> Result<(), StateError> {
    let mut kinds: BTreeMap<u8, u64> = BTreeMap::new();
    for (name, value) in entries {
        let kind = name.first().copied().unwrap_or_default();
        *kinds.entry(kind).or_default() += 1;
        if kind == keys::PAGE {
            let slots = state::decode_page(value)?;
            let homes = slots.iter().filter(|stored| stored.slot.is_home()).count();
            totals.reservations += homes as u64;
        }
    }
    totals.entries += entries.len() as u64;
    totals.keys += kinds.get(&keys::HEAD).copied().unwrap_or_default();
    Ok(())
}

fn count_events(totals: &mut BackupTotals, count: u32, payload: &[u8]) {
    totals.events += u64::from(count);
    totals.record_bytes_max = totals.record_bytes_max.max(payload.len() as u64);
}
