//! Recovery: from the newest state that can be trusted, replays the journal behind it.

use std::collections::BTreeMap;
use std::sync::Arc;

use saldo_ledger::{Change, ReservationId, StockKey, StockLedger, Timestamp};

use super::baseline::{self, BaselineError};
use super::replay::{self, CutShort, Unfinished};
use super::save::{self, LoadError};
use super::{Place, Store, StoreError, StoreOptions, StorePlace, keys};
use crate::actor::Shared;
use crate::actor::once::OnceTable;
use crate::journal::group::{Tale, tell};
use crate::journal::medium::Medium;
use crate::journal::{Recovery, RecoveryError, ReplayError};

/// Why the engine cannot recover.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The journal's acknowledged part is damaged, or cannot be read.
    #[error(transparent)]
    Journal(#[from] RecoveryError),
    /// The store cannot be opened or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No baseline can be read.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// A state cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The store has seen events that the journal does not have: acknowledged ones are missing.
    #[error(
        "the journal ends with event {last}, but the store has synced states up to event {sequence}: acknowledged events are missing. Restore the newest backup with `saldo restore`; to go on without those events, remove the directory {dir}"
    )]
    JournalShort {
        /// The journal's last event.
        last: u64,
        /// The last event that the store knows.
        sequence: u64,
        /// The store's directory.
        dir: String,
    },
    /// The journal begins behind everything that is known of what came before.
    #[error(
        "the journal begins with event {first}, and neither the store nor a baseline knows what came before: restore the newest backup with `saldo restore`"
    )]
    NoBeginning {
        /// The journal's first event.
        first: u64,
    },
}

/// What recovery found.
pub struct Recovered {
    /// States newer than the store's, to be put into its table once the journal runs.
    pub ledgers: BTreeMap<StockKey, StockLedger>,
    /// Keys whose replay failed, each with the reason.
    pub failed: Vec<(StockKey, String)>,
    /// Operations that a crash cut short.
    pub cut_short: Vec<CutShort>,
    /// Idempotency keys.
    pub once: OnceTable,
    /// When the engine resumed last, before this start.
    pub resumed_at: Timestamp,
    /// Events replayed.
    pub events: u64,
}

/// How a store is opened for recovery.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// The store's settings.
    pub store: StoreOptions,
    /// Whether the journal syncs: then a store never knows an event that the journal has lost.
    pub journal_is_synced: bool,
}

/// Whether the journal lacks events that the store has synced: no crash does that, since a checkpoint
/// is written only behind the journal's sync.
fn journal_is_short(place: Option<Place>, journal: &Recovery) -> bool {
    place.is_some_and(|place| {
        let other = place.journal_id != journal.journal_id();
        place.sequence > journal.last_sequence() && (!other || journal.last_sequence() == 0)
    })
}

/// Opens the store; a damaged one is thrown away and rebuilt from the newest baseline, for it is
/// never the truth.
///
/// # Errors
/// [`RecoverError`] where neither store, baseline nor journal can tell what there was.
pub fn open_store(
    at: &StorePlace,
    options: OpenOptions,
    baselines: &dyn Medium,
    journal: &Recovery,
) -> Result<Store, RecoverError> {
    let usable = |place: Option<Place>| match place {
        Some(place) => {
            place.journal_id == journal.journal_id()
                && place.sequence <= journal.last_sequence()
                && place.sequence + 1 >= journal.first_sequence()
        }
        None => false,
    };
    match Store::open(at, options.store).and_then(|store| {
        store.verify(&mut |_, _| {})?;
        Ok(store)
    }) {
        Ok(store) if usable(store.place()) => return Ok(store),
        Ok(store) if store.place().is_none() => drop(store),
        Ok(store) if journal_is_short(store.place(), journal) && options.journal_is_synced => {
            return Err(RecoverError::JournalShort {
                last: journal.last_sequence(),
                sequence: store.place().map_or(0, |place| place.sequence),
                dir: at.path().display().to_string(),
            });
        }
        Ok(store) => {
            tracing::warn!(place = ?store.place(), "the store is not of this journal, or too old for it: it is rebuilt");
        }
        Err(StoreError::Damaged(damage)) => {
            tracing::warn!(%damage, "the store is damaged: it is rebuilt from the newest baseline and the journal");
        }
        Err(error) => return Err(error.into()),
    }
    Store::destroy(at)?;
    let mut store = Store::open(at, options.store)?;
    let found = baseline::list(baselines).map_err(BaselineError::from)?;
    for (sequence, name) in found.iter().rev() {
        if *sequence > journal.last_sequence() || *sequence + 1 < journal.first_sequence() {
            continue;
        }
        match baseline::load(&store, baselines, name) {
            Ok(place) if usable(Some(place)) => {
                store.checkpoint(place, || Ok(()))?;
                tracing::info!(name, sequence, "rebuilt the store from a baseline");
                return Ok(store);
            }
            Ok(_) => tracing::warn!(name, "a baseline is of another journal and passed over"),
            Err(error) => {
                tracing::warn!(name, %error, "a baseline cannot be read and is passed over")
            }
        }
        // What it put into the store must not show through the next one; nobody may have a store open that is destroyed.
        drop(store);
        Store::destroy(at)?;
        store = Store::open(at, options.store)?;
    }
    if journal.first_sequence() > 1 {
        return Err(RecoverError::NoBeginning { first: journal.first_sequence() });
    }
    Ok(store)
}

/// Replays what the journal has behind the store's place.
///
/// # Errors
/// [`RecoverError`] where the journal is damaged; a single key whose replay fails is only named.
pub fn replay(
    journal: &Recovery,
    store: &Store,
    once: OnceTable,
) -> Result<Recovered, RecoverError> {
    save::each(store, &[keys::ONCE], |name, bytes| {
        let chunk = keys::once_of(name).ok_or(super::state::StateError::Name)?;
        Ok(once.restore(chunk, bytes)?)
    })?;
    let mut replayed = Replayed {
        store,
        ledgers: BTreeMap::new(),
        failed: BTreeMap::new(),
        unfinished: Unfinished::default(),
        once,
        resumed_at: Timestamp::default(),
        events: 0,
    };
    let from = store.place().map_or(journal.first_sequence(), |place| place.sequence + 1);
    if from <= journal.last_sequence() {
        let told = journal.replay(from, |record| {
            tell(record.payload, record.first_sequence, |tale| replayed.take(&tale, from))
        });
        told.map_err(|error| match error {
            ReplayError::Journal(error) => RecoverError::Journal(error),
            ReplayError::Caller { source: error, .. } => RecoverError::Load(error),
        })?;
    }
    let Replayed { mut ledgers, failed, unfinished, once, resumed_at, events, .. } = replayed;
    for key in failed.keys() {
        ledgers.remove(key);
    }
    Ok(Recovered {
        ledgers,
        failed: failed.into_iter().collect(),
        cut_short: unfinished.into_cut_short(),
        once,
        resumed_at,
        events,
    })
}

struct Replayed<'a> {
    store: &'a Store,
    ledgers: BTreeMap<StockKey, StockLedger>,
    failed: BTreeMap<StockKey, String>,
    unfinished: Unfinished,
    once: OnceTable,
    resumed_at: Timestamp,
    events: u64,
}

impl Replayed<'_> {
    fn take(&mut self, tale: &Tale<'_>, from: u64) -> Result<(), LoadError> {
        let told = match tale {
            Tale::Resumed(at) => {
                self.resumed_at = *at;
                return Ok(());
            }
            Tale::Event(told) if told.sequence < from => return Ok(()),
            Tale::Event(told) => told,
        };
        self.events += 1;
        if self.failed.contains_key(told.key) {
            return Ok(());
        }
        let ledger = match self.ledgers.get_mut(told.key) {
            Some(ledger) => ledger,
            None => {
                let loaded = save::load(self.store, told.key)?;
                self.ledgers.entry(told.key.clone()).or_insert(loaded)
            }
        };
        if let Err(error) = replay::apply(told, ledger, self.store) {
            self.failed.insert(told.key.clone(), error.to_string());
            return Ok(());
        }
        save::note_references(&told.event.change, ledger, self.store);
        if let Change::Settled { id, others, .. } = &told.event.change
            && !others.is_empty()
        {
            // The stored state may be ahead, and the reservation closed in it: its lines are wanted all the same.
            replay::know(ledger, *id, self.store);
        }
        self.unfinished.note(told.sequence, &told.event, ledger);
        if let Some(once) = told.event.once {
            self.once.decided(once, reservation_of(&told.event.change), told.event.at);
        }
        Ok(())
    }
}

/// The reservation for which a call's key stands.
fn reservation_of(change: &Change) -> Option<ReservationId> {
    match change {
        Change::Reserved { id, .. }
        | Change::Added { id, .. }
        | Change::Granted { id, .. }
        | Change::Extended { id, .. }
        | Change::Settled { id, .. } => Some(*id),
        Change::Returned { id, of_order, .. } => of_order.then_some(*id),
        _ => None,
    }
}

/// Makes homes of open reservations known, has their deadlines watched, and counts holds of customers.
///
/// # Errors
/// [`LoadError`] where the store cannot be read.
pub fn open_holds(shared: &Arc<Shared>) -> Result<usize, LoadError> {
    let terms = shared.terms();
    let counts_customers = shared.settings.open_holds_per_customer_max > 0;
    let mut earliest: Option<(StockKey, Timestamp)> = None;
    let mut open = 0;
    save::each(&shared.store, &[keys::PAGE], |name, bytes| {
        let (key, _) = keys::numbered_of(name).ok_or(super::state::StateError::Name)?;
        for stored in super::state::decode_page(bytes)? {
            let slot = &stored.slot;
            if !slot.is_home() {
                continue;
            }
            open += 1;
            shared.ids.claim(slot.id, &key);
            if counts_customers
                && let Some(basket) = shared.store.get(&keys::basket(&key, stored.place))?
            {
                let mut whole = slot.clone();
                whole.role =
                    saldo_ledger::Role::Home(Box::new(super::state::decode_basket(&basket)?));
                shared.customers.restore(&whole);
            }
            if stored.timed {
                let at = slot.deadline(&terms);
                match &mut earliest {
                    Some((same, earlier)) if *same == key => *earlier = at.min(*earlier),
                    other => {
                        if let Some((key, at)) = other.replace((key.clone(), at)) {
                            shared.timer_of(&key).set(at, &key);
                        }
                    }
                }
            }
        }
        Ok(())
    })?;
    if let Some((key, at)) = earliest {
        shared.timer_of(&key).set(at, &key);
    }
    Ok(open)
}
