//! Figures of a running engine for `/metrics`, read when they are asked for. No label names a SKU.

use std::sync::atomic::Ordering;

use crate::actor::Shared;
use crate::actor::timer_entries;
use crate::journal::{BATCH_EVENTS_BOUNDS, SYNC_US_BOUNDS};

/// Figures by name, each with its help text.
#[derive(Clone, Debug, Default)]
pub struct Gauges {
    figures: Vec<(&'static str, &'static str, f64)>,
}

impl Gauges {
    /// Tells every figure: name, help text, value.
    pub fn each(&self, mut tell: impl FnMut(&'static str, &'static str, f64)) {
        for (name, help, value) in &self.figures {
            tell(name, help, *value);
        }
    }

    /// The figures of an engine as they are now.
    #[must_use]
    pub fn of(shared: &Shared) -> Self {
        let mut gauges = Self::default();
        gauges.journal(shared);
        gauges.actors(shared);
        gauges.tables(shared);
        gauges
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people; 2^53 is far off")]
    fn put(&mut self, name: &'static str, help: &'static str, value: u64) {
        self.figures.push((name, help, value as f64));
    }

    fn journal(&mut self, shared: &Shared) {
        let stats = shared.journal.stats();
        let sync_us_p50 = median(&SYNC_US_BOUNDS, &stats.sync_us_buckets);
        let batch_p50 = median(&BATCH_EVENTS_BOUNDS, &stats.batch_events_buckets);
        let segments = shared.journal.segments();
        self.put("saldo_journal_batches", "Batches written since the start.", stats.batches);
        self.put("saldo_journal_events", "Events written since the start.", stats.events);
        self.put(
            "saldo_journal_bytes",
            "Bytes written since the start, padding included.",
            stats.bytes,
        );
        self.put("saldo_journal_syncs", "Syncs since the start.", stats.syncs);
        self.put(
            "saldo_journal_sync_us_total",
            "Time in syncs since the start, microseconds.",
            stats.sync_us_total,
        );
        self.put(
            "saldo_journal_sync_us_max",
            "Longest sync since the start, microseconds.",
            stats.sync_us_max,
        );
        self.put(
            "saldo_journal_sync_us_p50_bound",
            "Upper bound of the bucket with the median sync, microseconds.",
            sync_us_p50,
        );
        self.put(
            "saldo_journal_batch_events_p50_bound",
            "Upper bound of the bucket with the median batch, events.",
            batch_p50,
        );
        self.put(
            "saldo_journal_backlog_bytes",
            "Bytes that wait to become durable.",
            shared.journal.backlog_bytes(),
        );
        self.put("saldo_journal_segments", "Segments kept.", segments.len() as u64);
        self.put(
            "saldo_journal_kept_bytes",
            "Bytes of the segments kept.",
            segments.iter().map(|it| it.bytes).sum(),
        );
        self.put(
            "saldo_journal_durable_sequence",
            "Sequence number of the newest durable event.",
            shared.journal.durable(),
        );
        self.put(
            "saldo_journal_read_only",
            "1 while changes are refused because the journal cannot grow.",
            u64::from(shared.journal.is_read_only()),
        );
        self.put(
            "saldo_durability_power_loss",
            "1 where an answer survives a loss of power, 0 where only the end of the process.",
            u64::from(shared.settings.durability == crate::config::Durability::PowerLoss),
        );
    }

    fn actors(&mut self, shared: &Shared) {
        let stats = &shared.stats;
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        self.put("saldo_events", "Events decided since the start.", count(&stats.events));
        self.put("saldo_refused", "Commands refused since the start.", count(&stats.refused));
        self.put("saldo_actors_active", "Actors awake.", shared.directory.active() as u64);
        self.put("saldo_actors_woken", "Actors woken since the start.", count(&stats.woken));
        self.put(
            "saldo_actors_passivated",
            "Actors asked to leave since the start.",
            count(&stats.passivated),
        );
        self.put(
            "saldo_actors_panicked",
            "Panics contained since the start.",
            count(&stats.panics),
        );
        self.put(
            "saldo_keys_quarantined",
            "Keys refused because their replay failed.",
            shared.directory.quarantined().len() as u64,
        );
        self.put(
            "saldo_commands_in_flight",
            "Commands admitted and not decided.",
            shared.admission.in_flight() as u64,
        );
        self.put(
            "saldo_operations_under_way",
            "Operations over several keys under way.",
            shared.operations.len() as u64,
        );
    }

    fn tables(&mut self, shared: &Shared) {
        let stats = &shared.stats;
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        self.put(
            "saldo_reservations_open",
            "Open reservations, and closed ones that are not in the store.",
            shared.ids.len() as u64,
        );
        self.put("saldo_deadlines_set", "Entries of the timers.", timer_entries(shared));
        self.put(
            "saldo_idempotency_entries",
            "Idempotency keys remembered.",
            shared.once.remembered() as u64,
        );
        self.put(
            "saldo_idempotency_reach_seconds",
            "How far back idempotency keys are remembered, seconds.",
            shared.once.reach_seconds(shared.clock.now()),
        );
        self.put(
            "saldo_store_waiting_bytes",
            "Bytes of states that wait for the next checkpoint.",
            shared.store.overlay_bytes(),
        );
        self.put(
            "saldo_store_checkpoints",
            "Checkpoints made since the start.",
            count(&stats.checkpoints),
        );
        self.put(
            "saldo_store_checkpoint_entries_last",
            "Entries that the last checkpoint wrote.",
            count(&stats.checkpoint_entries_last),
        );
        self.put(
            "saldo_store_checkpoint_bytes_last",
            "Bytes that the last checkpoint wrote, its redo log included.",
            count(&stats.checkpoint_bytes_last),
        );
        self.put(
            "saldo_store_checkpoint_sequence",
            "Sequence number up to which the last checkpoint reaches.",
            shared.store.place().map_or(0, |place| place.sequence),
        );
        self.put(
            "saldo_feed_subscriptions",
            "Subscriptions to levels open.",
            shared.hub.subscriptions() as u64,
        );
        self.put(
            "saldo_feed_followers",
            "Subscriptions to events that have seen the journal's end.",
            shared.hub.followers() as u64,
        );
    }
}

/// Upper bound of the bucket in which half of all observations are reached; 0 without any.
fn median(bounds: &[u64], buckets: &[u64]) -> u64 {
    let half = buckets.iter().sum::<u64>().div_ceil(2);
    let mut seen = 0;
    let at = buckets.iter().position(|count| {
        seen += count;
        half > 0 && seen >= half
    });
    at.map_or(0, |at| bounds.get(at).or(bounds.last()).copied().unwrap_or(0))
}
