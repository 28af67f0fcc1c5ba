//! The engine's handle: what gateway, feed and tools ask. Before recovery is done everything is `not_ready`.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use saldo_ledger::{Level, Refusal, RefusalCode, ReservationId, ReservationView, StockKey};

pub use crate::actor::board::{FrameCommand, FrameOp, FrameReply};
use crate::actor::call::{Call, CallResult, Movement, Page, ReferenceKind};
pub use crate::actor::lookups::Placed;
use crate::actor::{ArbiterHandle, Shared, calls, frames, history, lookups};
use crate::blocking::off_thread;
use crate::feed::{CatchUpFault, EventsPage, Hub, Selection, page};
pub use crate::gauges::Gauges;
use crate::journal::Reader;

/// Whether the engine can serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It recovers; nothing but `/livez` answers.
    Recovering,
    /// It serves.
    Ready {
        /// Keys that it refuses, because their replay failed.
        quarantined: Vec<String>,
        /// Whether changes are refused because the journal cannot grow.
        read_only: bool,
    },
    /// It drains.
    Stopping,
    /// The journal failed; the process stops.
    Failed,
}

/// A handle of an engine; clones are handles of the same.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    shared: OnceLock<Arc<Shared>>,
    hub: Arc<Hub>,
    arbiters: Vec<ArbiterHandle>,
    next_arbiter: AtomicUsize,
    stopping: AtomicBool,
}

impl Engine {
    /// An engine that recovers; [`Engine::serve`] makes it ready.
    #[must_use]
    pub fn new(hub: Arc<Hub>, arbiters: Vec<ArbiterHandle>) -> Self {
        Self(Arc::new(Inner {
            shared: OnceLock::new(),
            hub,
            arbiters,
            next_arbiter: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        }))
    }

    /// Makes the engine ready.
    pub fn serve(&self, shared: Arc<Shared>) {
        // A second call would be a second recovery of the same engine; the first stays.
        let _ = self.0.shared.set(shared);
    }

    /// Answers nothing new from now on but what is under way.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// What the actors share, once recovered.
    #[must_use]
    pub fn shared(&self) -> Option<&Arc<Shared>> {
        self.0.shared.get()
    }

    fn ready(&self) -> Result<&Arc<Shared>, Refusal> {
        self.0.shared.get().ok_or_else(|| Refusal::plain(RefusalCode::NotReady))
    }

    /// Carries a change out. Cancelling the future stops nothing.
    ///
    /// # Errors
    /// The refusal; of baskets it names the lines that fell short.
    pub async fn call(&self, call: Call, idempotency_key: Option<&str>) -> CallResult {
        calls::call(self.ready()?, call, idempotency_key).await
    }

    /// A key's level.
    ///
    /// # Errors
    /// `unknown_stock`.
    pub async fn level(&self, key: &StockKey) -> Result<Level, Refusal> {
        self.ready()?.level(key).await
    }

    /// Levels of a SKU at all its locations, in key order.
    ///
    /// # Errors
    /// `unknown_stock` where there are none.
    pub async fn levels_of_sku(&self, sku: &str) -> Result<Vec<Level>, Refusal> {
        let placed = self.placed_of_sku(sku).await?;
        Ok(placed.into_iter().map(|placed| placed.level).collect())
    }

    /// The same, each with the place of its last event.
    ///
    /// # Errors
    /// `unknown_stock` where there are none.
    pub async fn placed_of_sku(&self, sku: &str) -> Result<Vec<Placed>, Refusal> {
        lookups::levels_of_sku(self.ready()?, sku).await
    }

    /// Levels of all keys whose SKU starts with `sku_prefix`, in key order, behind `after`, each with the place
    /// of its last event.
    ///
    /// # Errors
    /// `not_ready`.
    pub async fn levels(
        &self,
        after: Option<&StockKey>,
        sku_prefix: &str,
        limit: usize,
    ) -> Result<Vec<Placed>, Refusal> {
        lookups::levels(self.ready()?, after, sku_prefix, limit).await
    }

    /// A reservation, open or closed.
    ///
    /// # Errors
    /// `unknown_reservation`.
    pub async fn reservation(&self, id: ReservationId) -> Result<ReservationView, Refusal> {
        lookups::reservation(self.ready()?, id).await
    }

    /// Open reservations with a line at a key.
    ///
    /// # Errors
    /// `unknown_stock`; `malformed` for a cursor that is none.
    pub async fn reservations_on(
        &self,
        key: &StockKey,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationView>, Refusal> {
        lookups::reservations_on(self.ready()?, key, cursor, limit).await
    }

    /// Reservations by one of their references.
    ///
    /// # Errors
    /// `malformed` for a cursor that is none.
    pub async fn reservations_by(
        &self,
        kind: ReferenceKind,
        text: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReservationView>, Refusal> {
        lookups::reservations_by(self.ready()?, kind, text, cursor, limit).await
    }

    /// A key's history, newest first.
    ///
    /// # Errors
    /// `unknown_stock`; `malformed` for a cursor that is none.
    pub async fn movements(
        &self,
        key: &StockKey,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Movement>, Refusal> {
        history::movements(self.ready()?, key, cursor, limit).await
    }

    /// Events of the selected keys behind `after` and up to `until`, from the journal, about `limit` of them.
    /// A few readers are served at a time; the others wait.
    ///
    /// # Errors
    /// [`CatchUpFault`]; the journal cannot be read before recovery is done.
    pub async fn events(
        &self,
        after: u64,
        until: u64,
        selection: Arc<Selection>,
        limit: usize,
    ) -> Result<EventsPage, CatchUpFault> {
        let fault = |error: String| CatchUpFault::Journal(error);
        let reader = self.0.hub.reader().cloned();
        let reader = reader.ok_or_else(|| fault("the engine recovers".to_owned()))?;
        let place = self.0.hub.catching_up().acquire_owned().await;
        let read = move || {
            let _place = place;
            page(&reader, after, until, &selection, limit)
        };
        match off_thread(read).await {
            Ok(found) => found,
            Err(error) => Err(fault(error.to_string())),
        }
    }

    /// The place in this journal that a cursor names; none where it is of another journal, or no cursor at all.
    #[must_use]
    pub fn place(&self, cursor: &str) -> Option<u64> {
        self.0.shared.get().and_then(|shared| lookups::place_of(shared, cursor).ok())
    }

    /// The oldest event that is kept; one past the durable end where there is none.
    #[must_use]
    pub fn earliest_sequence(&self) -> u64 {
        self.0.hub.reader().map_or(1, Reader::earliest)
    }

    /// The opaque cursor of a place in this journal.
    #[must_use]
    pub fn cursor(&self, sequence: u64) -> String {
        self.0.shared.get().map_or_else(String::new, |shared| lookups::cursor(shared, sequence))
    }

    /// Carries a frame of commands out. They are handed over before this returns, so commands of one
    /// key are decided in the order of the calls; dropping the future stops nothing.
    pub fn commands(
        &self,
        frame: Vec<FrameCommand>,
    ) -> impl Future<Output = Vec<FrameReply>> + Send + 'static + use<> {
        let refused = FrameReply::Refused { code: RefusalCode::NotReady, available: None };
        let commands = frame.len();
        let replies = self.0.shared.get().map(|shared| frames::commands(shared, frame));
        async move {
            match replies {
                Some(replies) => replies.await,
                None => vec![refused; commands],
            }
        }
    }

    /// The feed.
    #[must_use]
    pub fn feed(&self) -> &Arc<Hub> {
        &self.0.hub
    }

    /// The highest sequence that is durable.
    #[must_use]
    pub fn durable_sequence(&self) -> u64 {
        self.0.shared.get().map_or(0, |shared| shared.journal.durable())
    }

    /// Whether the engine can serve.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        let Some(shared) = self.0.shared.get() else { return Readiness::Recovering };
        if shared.journal.is_failed() {
            Readiness::Failed
        } else if self.0.stopping.load(Ordering::Relaxed) {
            Readiness::Stopping
        } else {
            let quarantined = shared.directory.quarantined();
            Readiness::Ready {
                quarantined: quarantined.iter().map(|(key, why)| format!("{key}: {why}")).collect(),
                read_only: shared.journal.is_read_only(),
            }
        }
    }

    /// Figures for `/metrics`.
    #[must_use]
    pub fn gauges(&self) -> Gauges {
        self.0.shared.get().map_or_else(Gauges::default, |shared| Gauges::of(shared))
    }

    /// Runs a future on one of the arbiters, round robin: a connection is served where actors run.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let number = self.0.next_arbiter.fetch_add(1, Ordering::Relaxed);
        // An arbiter that has ended takes nothing: the process stops.
        let _ = self.0.arbiters[number % self.0.arbiters.len()].spawn(future);
    }
}
