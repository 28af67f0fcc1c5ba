//! `saldo verify`: recovers twice, from the beginning and from the last checkpoint, and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use saldo_ledger::{ReservationId, StockKey, StockLedger, Units};

use super::{ToolError, check_data};
use crate::actor::once::OnceTable;
use crate::config::Settings;
use crate::data_dir::{DataDir, store_options};
use crate::journal::Recovery;
use crate::journal::medium::{Medium, MemoryMedium};
use crate::server::ServeError;
use crate::store::recover::{self, Recovered};
use crate::store::{Store, StorePlace, keys, save};

/// Most disagreements that a report names.
const NAMED_MAX: usize = 100;

/// What `saldo verify` found.
#[derive(Debug)]
pub struct VerifyReport {
    /// Events in the journal, first to last sequence number.
    pub sequences: (u64, u64),
    /// Events replayed from the beginning.
    pub events: u64,
    /// Keys compared.
    pub keys: usize,
    /// Open lines compared.
    pub lines: usize,
    /// What a crash left at the journal's end, if it left anything.
    pub torn_tail: Option<String>,
    /// Keys whose two states differ, or whose sums do not add up; must be none.
    pub drift: usize,
    /// The first of them, each with what is wrong.
    pub named: Vec<String>,
}

impl VerifyReport {
    /// Whether everything agrees.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.drift == 0
    }

    fn disagree(&mut self, key: &StockKey, what: &str) {
        self.drift += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(format!("{key}: {what}"));
        }
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = self.sequences;
        if last < first {
            writeln!(f, "journal   no events behind {last}, chain and checksums whole")?;
        } else {
            writeln!(f, "journal   events {first} to {last}, chain and checksums whole")?;
        }
        if let Some(torn) = &self.torn_tail {
            writeln!(f, "torn tail {torn} (nobody was told of it; the next start cuts it off)")?;
        }
        writeln!(f, "replayed  {} events from the beginning", self.events)?;
        writeln!(f, "compared  {} keys with {} open lines", self.keys, self.lines)?;
        for line in &self.named {
            writeln!(f, "  {line}")?;
        }
        write!(f, "drift     {}", self.drift)
    }
}

/// Replays everything that the journal has, compares the outcome with the checkpoint and what is
/// behind it, and checks that balances are the sums of their holds.
///
/// # Errors
/// [`ToolError`] where the data is in use, damaged or cannot be read.
pub fn verify(settings: &Settings) -> Result<VerifyReport, ToolError> {
    let dir = &settings.data_dir;
    check_data(dir)?;
    let data = DataDir::open(dir)?;
    let options = data.journal_options(settings)?;
    let journal =
        Recovery::scan(Arc::clone(&data.journal), &options).map_err(recover::RecoverError::from)?;
    let scratch = Scratch::new(dir)?;
    scratch.copy(data.store.path(), "checkpoint")?;
    let options = store_options(settings);
    let open = |name: &str, baselines: &dyn Medium| {
        let place = StorePlace::directory(scratch.dir.join(name));
        recover::open_store(&place, options, baselines, &journal)
    };
    // From the very beginning, where the journal still has it.
    let none = MemoryMedium::new();
    let behind: &dyn Medium =
        if journal.first_sequence() == 1 { &none } else { data.baselines.as_ref() };
    let (empty, store) = (open("beginning", behind)?, open("checkpoint", data.baselines.as_ref())?);
    let mut beginning = recover::replay(&journal, &empty, OnceTable::new(1, 1))?;
    let mut checkpoint = recover::replay(&journal, &store, OnceTable::new(1, 1))?;
    let mut report = VerifyReport {
        sequences: (journal.first_sequence(), journal.last_sequence()),
        events: beginning.events,
        keys: 0,
        lines: 0,
        torn_tail: journal
            .torn_tail()
            .map(|torn| format!("from event {}: {}", torn.first_sequence, torn.fault)),
        drift: 0,
        named: Vec::new(),
    };
    compare(&mut report, (&mut beginning, &empty), (&mut checkpoint, &store))?;
    Ok(report)
}

/// A directory for the two recoveries, removed at the end: what is verified is not changed.
struct Scratch {
    dir: PathBuf,
}

impl Scratch {
    fn new(data: &Path) -> Result<Self, ToolError> {
        let scratch = Self { dir: data.join("verify.tmp") };
        scratch.remove();
        std::fs::create_dir(&scratch.dir).map_err(|source| scratch.failed(source))?;
        Ok(scratch)
    }

    /// Copies a store, as it is, with what a crash may have left in it.
    fn copy(&self, from: &Path, name: &str) -> Result<(), ToolError> {
        copy_dir(from, &self.dir.join(name)).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> ToolError {
        ServeError::DataDir { dir: self.dir.display().to_string(), source }.into()
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

fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_dir(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

fn compare(
    report: &mut VerifyReport,
    (beginning, scratch): (&mut Recovered, &Store),
    (checkpoint, store): (&mut Recovered, &Store),
) -> Result<(), ToolError> {
    for (key, why) in beginning.failed.iter().chain(&checkpoint.failed) {
        report.disagree(key, why);
    }
    for key in all_keys(&[(beginning, scratch), (checkpoint, store)])? {
        report.keys += 1;
        let (told, stored) = (newest(beginning, scratch, &key)?, newest(checkpoint, store, &key)?);
        report.lines += told.open_lines();
        if told.head() != stored.head() {
            report.disagree(
                &key,
                &format!("the journal tells {:?}, the checkpoint {:?}", told.head(), stored.head()),
            );
        } else if by_id(&told) != by_id(&stored) {
            report.disagree(&key, "the journal and the checkpoint tell different holds");
        }
        check_sums(report, &told);
    }
    Ok(())
}

fn all_keys(sides: &[(&Recovered, &Store)]) -> Result<BTreeSet<StockKey>, ToolError> {
    let mut all = BTreeSet::new();
    for (recovered, store) in sides {
        all.extend(recovered.ledgers.keys().cloned());
        save::each(store, &[keys::HEAD], |name, _| {
            all.extend(keys::head_of(name));
            Ok(())
        })?;
    }
    Ok(all)
}

/// A key's newest state: replayed, or as the store has it.
fn newest(
    recovered: &mut Recovered,
    store: &Store,
    key: &StockKey,
) -> Result<StockLedger, ToolError> {
    match recovered.ledgers.remove(key) {
        Some(replayed) => Ok(replayed),
        None => Ok(save::load(store, key)?),
    }
}

/// Open lines by reservation: their places in the table are no promise.
fn by_id(ledger: &StockLedger) -> BTreeMap<ReservationId, String> {
    ledger.slots().map(|(_, slot)| (slot.id, slot.told())).collect()
}

fn check_sums(report: &mut VerifyReport, ledger: &StockLedger) {
    let sum = |part: fn(&Units) -> u32| -> i64 {
        ledger.slots().map(|(_, slot)| i64::from(part(&slot.units))).sum()
    };
    let balances = ledger.balances();
    for (name, balance, sum) in [
        ("reserved", balances.reserved, sum(|units| units.held)),
        ("committed", balances.committed, sum(|units| units.committed)),
    ] {
        if balance != sum {
            report
                .disagree(ledger.key(), &format!("{name} is {balance}, its holds add up to {sum}"));
        }
    }
    if !balances.in_range() {
        report.disagree(ledger.key(), &format!("a balance is out of its range: {balances:?}"));
    }
}
