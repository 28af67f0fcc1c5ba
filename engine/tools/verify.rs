//! `saldo verify`: recovers twice, from the beginning and from the last checkpoint, and compares.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use saldo_ledger::{ReservationId, StockKey, StockLedger, Units};

use super::ToolError;
use crate::actor::once::OnceTable;
use crate::config::Settings;
use crate::data_dir::{DataDir, store_options};
use crate::journal::Recovery;
use crate::store::recover::{self, Recovered};
use crate::store::{Store, keys, save};

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
        writeln!(
            f,
            "journal   events {} to {}, chain and checksums whole",
            self.sequences.0, self.sequences.1
        )?;
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
    if !dir.join("journal").is_dir() {
        return Err(ToolError::NoData { dir: dir.display().to_string() });
    }
    let data = DataDir::open(dir)?;
    let options = data.journal_options(settings)?;
    let journal =
        Recovery::scan(Arc::clone(&data.journal), &options).map_err(recover::RecoverError::from)?;
    let scratch_dir = dir.join("verify.tmp");
    Store::destroy(&scratch_dir)?;
    let scratch = recover::open_store(
        &scratch_dir,
        store_options(settings),
        data.baselines.as_ref(),
        &journal,
    )?;
    let store = recover::open_store(
        &data.store,
        store_options(settings),
        data.baselines.as_ref(),
        &journal,
    )?;
    let mut beginning = recover::replay(&journal, &scratch, OnceTable::new(1, 1))?;
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
    compare(&mut report, (&mut beginning, &scratch), (&mut checkpoint, &store))?;
    drop(scratch);
    Store::destroy(&scratch_dir)?;
    Ok(report)
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
