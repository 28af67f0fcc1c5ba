//! From a data directory to actors that decide: recovery, then the journal, then the waker.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use saldo_ledger::{StockKey, Timestamp};

use crate::actor::message::Notice;
use crate::actor::once::OnceTable;
use crate::actor::{ArbiterHandle, Parts, Shared, waker};
use crate::clock::{self, Clock};
use crate::config::Settings;
use crate::data_dir::{DataDir, store_options};
use crate::feed::Hub;
use crate::journal::group::resumed;
use crate::journal::{Journal, Recovery, RecoveryError};
use crate::server::ServeError;
use crate::sink::Acknowledger;
use crate::store::recover;
use crate::store::replay::CutShort;
use crate::store::save;

/// What an engine is started with.
pub struct Resources<C> {
    /// The settings.
    pub settings: Arc<Settings>,
    /// Where it keeps its data.
    pub data: DataDir,
    /// The feed.
    pub hub: Arc<Hub>,
    /// What the journal's thread tells.
    pub acknowledger: Acknowledger,
    /// The threads that actors run on.
    pub arbiters: Vec<ArbiterHandle>,
    /// Makes the clock, from the last logged time.
    pub clock: C,
}

/// An engine that has recovered.
pub struct Started {
    /// What its actors share.
    pub shared: Arc<Shared>,
    /// Operations that a crash cut short: they need actors to be ended.
    pub cut_short: Vec<CutShort>,
    /// Keys to wake.
    pub waking: Receiver<StockKey>,
}

/// Recovers, and starts the journal and the waker.
///
/// # Errors
/// [`ServeError`]: what keeps the engine from starting.
pub fn start<C: FnOnce(Timestamp) -> Arc<dyn Clock>>(
    resources: Resources<C>,
) -> Result<(Arc<Shared>, Vec<CutShort>), ServeError> {
    let Started { shared, cut_short, waking } =
        recover(resources, |recovery, sink| recovery.start(sink))?;
    spawn_waker(&shared, waking)?;
    Ok((shared, cut_short))
}

/// Recovers, and has `run` take the journal into service.
///
/// # Errors
/// [`ServeError`]: what keeps the engine from starting.
pub fn recover<C: FnOnce(Timestamp) -> Arc<dyn Clock>>(
    resources: Resources<C>,
    run: impl FnOnce(Recovery, Acknowledger) -> Result<Journal<Notice>, RecoveryError>,
) -> Result<Started, ServeError> {
    let Resources { settings, data, hub, acknowledger, arbiters, clock } = resources;
    let began_us = clock::monotonic_us();
    let recovery = Recovery::scan(Arc::clone(&data.journal), &data.journal_options(&settings)?)?;
    let store = recover::open_store(
        &data.store,
        store_options(&settings),
        data.baselines.as_ref(),
        &recovery,
    )?;
    let entries_max = usize::try_from(settings.idempotency_entries_max).unwrap_or(usize::MAX);
    let once = OnceTable::new(entries_max, settings.idempotency_window_seconds);
    let recovered = recover::replay(&recovery, &store, once)?;
    let clock = clock(Timestamp::from_micros(recovery.last_logged_time_us()));
    let journal = run(recovery, acknowledger)?;
    let resumed_at = clock.resumed_at().max(clock.now());
    if let Err(error) = journal.append(&resumed(resumed_at), 1, resumed_at.as_micros(), None) {
        return Err(ServeError::Journal(error.to_string()));
    }
    hub.attach(journal.reader());
    let (wake, waking) = std::sync::mpsc::channel();
    let shared = Arc::new(Shared::new(Parts {
        settings,
        clock,
        journal,
        store: Arc::new(store),
        baselines: Arc::clone(&data.baselines),
        hub,
        once: recovered.once,
        resumed_at,
        arbiters,
        waker: wake,
    }));
    shared.keep(data);
    for (_, mut ledger) in recovered.ledgers {
        save::save(&mut ledger, &shared);
    }
    for (key, why) in &recovered.failed {
        shared.quarantine(key, why);
    }
    let open = recover::open_holds(&shared)?;
    let took_ms = (clock::monotonic_us() - began_us) / 1_000;
    tracing::info!(events = recovered.events, open, took_ms, "recovered");
    Ok(Started { shared, cut_short: recovered.cut_short, waking })
}

fn spawn_waker(shared: &Arc<Shared>, keys: Receiver<StockKey>) -> Result<(), ServeError> {
    let theirs = Arc::downgrade(shared);
    let thread = std::thread::Builder::new().name("saldo-waker".to_owned());
    thread.spawn(move || waker::run(&theirs, &keys)).map_err(ServeError::Thread)?;
    Ok(())
}
