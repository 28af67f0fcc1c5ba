//! Figures of the running journal: cheap atomics that the journal's thread counts and `/metrics` shows.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Upper bounds of the buckets of sync times, microseconds; one more bucket holds what is longer.
pub const SYNC_US_BOUNDS: [u64; 11] =
    [50, 100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 51_200, 204_800];
/// Upper bounds of the buckets of events in a batch; one more bucket holds larger ones.
pub const BATCH_EVENTS_BOUNDS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 256, 1_024, 4_096, 16_384];

/// What the journal did since its start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalStats {
    /// Batches written.
    pub batches: u64,
    /// Events in them.
    pub events: u64,
    /// Bytes written, headers and padding included.
    pub bytes: u64,
    /// Syncs of the segment in use.
    pub syncs: u64,
    /// Time in those syncs together, microseconds.
    pub sync_us_total: u64,
    /// The longest of them, microseconds.
    pub sync_us_max: u64,
    /// Syncs by time: bucket i counts those up to `SYNC_US_BOUNDS[i]` and above the bound before.
    pub sync_us_buckets: [u64; SYNC_US_BOUNDS.len() + 1],
    /// Batches by events: bucket i counts those up to `BATCH_EVENTS_BOUNDS[i]` and above the bound before.
    pub batch_events_buckets: [u64; BATCH_EVENTS_BOUNDS.len() + 1],
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    batches: AtomicU64,
    events: AtomicU64,
    bytes: AtomicU64,
    syncs: AtomicU64,
    sync_us_total: AtomicU64,
    sync_us_max: AtomicU64,
    sync_us_buckets: [AtomicU64; SYNC_US_BOUNDS.len() + 1],
    batch_events_buckets: [AtomicU64; BATCH_EVENTS_BOUNDS.len() + 1],
}

impl Counters {
    pub fn count_batch(&self, events: u64, bytes: u64) {
        self.batches.fetch_add(1, Relaxed);
        self.events.fetch_add(events, Relaxed);
        self.bytes.fetch_add(bytes, Relaxed);
        self.batch_events_buckets[bucket(&BATCH_EVENTS_BOUNDS, events)].fetch_add(1, Relaxed);
    }

    pub fn count_sync(&self, time_us: u64) {
        self.syncs.fetch_add(1, Relaxed);
        self.sync_us_total.fetch_add(time_us, Relaxed);
        self.sync_us_max.fetch_max(time_us, Relaxed);
        self.sync_us_buckets[bucket(&SYNC_US_BOUNDS, time_us)].fetch_add(1, Relaxed);
    }

    pub fn read(&self) -> JournalStats {
        JournalStats {
            batches: self.batches.load(Relaxed),
            events: self.events.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            sync_us_total: self.sync_us_total.load(Relaxed),
            sync_us_max: self.sync_us_max.load(Relaxed),
            sync_us_buckets: self.sync_us_buckets.each_ref().map(|count| count.load(Relaxed)),
            batch_events_buckets: self
                .batch_events_buckets
                .each_ref()
                .map(|count| count.load(Relaxed)),
        }
    }
}

fn bucket(bounds: &[u64], value: u64) -> usize {
    bounds.partition_point(|bound| *bound < value)
}
