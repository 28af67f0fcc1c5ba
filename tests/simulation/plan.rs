//! The world of a seed: settings, keys, and how often what happens.

use std::sync::Arc;

use saldo::config::{Durability, Settings};
use saldo_ledger::StockKey;

use super::dice::Die;

/// The world of a seed.
pub struct World {
    pub settings: Arc<Settings>,
    pub keys: Vec<StockKey>,
    /// Whether policies may let a key be promised below zero.
    pub oversells: bool,
    /// Clients' calls under way at the most.
    pub in_flight_max: usize,
    /// Length of most holds, in seconds.
    hold_seconds: u32,
    /// Steps between two ends of a life, on average.
    pub life_steps: u64,
    /// Steps between two faults of the disk, on average.
    pub fault_steps: u64,
    /// How much more often the clock moves than in others.
    pub clock_weight: u32,
    /// How much more often checkpoints and baselines are made than in others.
    pub store_weight: u32,
}

impl World {
    /// The world of a stream.
    pub fn new(die: &mut Die) -> Self {
        let (skus, places) = (die.within(1, 5), die.within(1, 3));
        let mut keys = Vec::new();
        for sku in 0..skus {
            for place in 0..places {
                let key = StockKey::new(&format!("sku-{sku}"), &format!("place-{place}"));
                keys.push(key.expect("a short name"));
            }
        }
        let hold_seconds = *die.pick(&[1, 5, 30, 900]);
        let mut settings = Settings {
            segment_bytes: 1 << 20,
            journal_bytes_max: 4 << 20,
            journal_retention_hours: *die.pick(&[0, 0, 1, 168]),
            disk_free_bytes_min: 2 << 20,
            active_actors_max: 16,
            arbiters: 1,
            hold_seconds_default: 900,
            restart_grace_seconds: *die.pick(&[0, 10, 60]),
            hold_lifetime_seconds_max: *die.pick(&[3_600, 2_592_000]),
            hold_seconds_max: 3_600,
            open_holds_per_customer_max: *die.pick(&[0, 0, 3]),
            reservation_kept_hours: *die.pick(&[1, 48]),
            returns_kept_days: *die.pick(&[2, 400]),
            idempotency_window_seconds: *die.pick(&[60, 600, 3_600]),
            ..Settings::default()
        };
        if die.one_in(8) {
            settings.commands_in_flight_max = die.within(8, 20);
            settings.reservation_lines_max = 8;
            settings.feed_frame_commands_max = 8;
        }
        if die.one_in(12) {
            settings.durability = Durability::ProcessCrash;
        }
        Self {
            settings: Arc::new(settings),
            keys,
            oversells: die.one_in(3),
            in_flight_max: *die.pick(&[1, 4, 12, 30]),
            hold_seconds,
            life_steps: *die.pick(&[40, 150, 400, 1_200]),
            fault_steps: *die.pick(&[200, 1_000, 1_000_000]),
            clock_weight: *die.pick(&[1, 1, 5]),
            store_weight: *die.pick(&[1, 1, 4]),
        }
    }

    /// Some key.
    pub fn key(&self, die: &mut Die) -> StockKey {
        die.pick(&self.keys).clone()
    }

    /// A key of the same SKU, perhaps at another location.
    pub fn elsewhere(&self, key: &StockKey, die: &mut Die) -> StockKey {
        let same: Vec<_> = self.keys.iter().filter(|it| it.sku() == key.sku()).collect();
        (*die.pick(&same)).clone()
    }

    /// Lines of a basket; a key may stand in several.
    pub fn lines(&self, die: &mut Die) -> Vec<(StockKey, u32)> {
        let many = 1 + die.place(5);
        (0..many).map(|_| (self.key(die), die.units(1, 3))).collect()
    }

    /// The length of a hold.
    pub fn hold_seconds(&self, die: &mut Die) -> u32 {
        if die.one_in(4) { die.units(1, 120) } else { self.hold_seconds }
    }

    /// Whether the engine may run out of places for calls.
    pub fn may_overload(&self) -> bool {
        self.settings.commands_in_flight_max < 1_000
    }
}
