//! The keys of a run, the parts of them that readers select, and what the engine knows of them at the end.

use std::collections::BTreeMap;

use saldo_protocol::{FrameId, Level, Location, Movement, Sku, SkuPrefix, StockBand, Subscribe};

use super::random::Random;
use crate::Engine;

/// SKUs of a run, some with common beginnings.
const SKUS: [&str; 12] = [
    "TEE-BLACK-S",
    "TEE-BLACK-M",
    "TEE-BLACK-L",
    "TEE-WHITE-M",
    "TEE",
    "MUG-1",
    "MUG-2",
    "MUG-22",
    "CHAIR",
    "LAMP/ÅS",
    "SOCK 40",
    "HOT",
];
const LOCATIONS: [&str; 3] = ["OSLO-1", "BERGEN", "WEB"];
/// What the default settings call low.
const LOW_STOCK_THRESHOLD: i64 = 5;

/// A SKU at a location.
pub(super) type Key = (String, String);

/// A key for a change: one of three goes to the hot one.
pub(super) fn changed_key(random: &mut Random) -> (Sku, Location) {
    let (sku, location) =
        if random.percent(33) { ("HOT", "WEB") } else { (random.of(&SKUS), random.of(&LOCATIONS)) };
    (Sku::new(sku).expect("a SKU"), Location::new(location).expect("a location"))
}

/// What a reader selects.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    skus: Vec<&'static str>,
    prefixes: Vec<&'static str>,
    locations: Vec<&'static str>,
}

impl Wanted {
    pub(super) fn some(random: &mut Random) -> Self {
        let mut wanted = Self { skus: Vec::new(), prefixes: Vec::new(), locations: Vec::new() };
        match random.below(5) {
            // Everything.
            0 => {}
            1 => wanted.skus = vec![random.of(&SKUS)],
            2 => wanted.skus = vec![random.of(&SKUS), random.of(&SKUS), "HOT", "NO-SUCH"],
            3 => wanted.prefixes = vec![random.of(&["TEE", "MUG-2", "H", "LAMP/"])],
            _ => {
                wanted.skus = vec![random.of(&SKUS)];
                wanted.prefixes = vec![random.of(&["MUG", "TEE-B"])];
            }
        }
        if random.percent(30) {
            wanted.locations = vec![random.of(&LOCATIONS)];
        }
        wanted
    }

    pub(super) fn has(&self, sku: &str, location: &str) -> bool {
        let all = self.skus.is_empty() && self.prefixes.is_empty();
        let named =
            self.skus.contains(&sku) || self.prefixes.iter().any(|prefix| sku.starts_with(prefix));
        (all || named) && (self.locations.is_empty() || self.locations.contains(&location))
    }

    pub(super) fn subscribe(&self, id: &str) -> Subscribe {
        let mut subscribe = Subscribe::all(FrameId::new(id).expect("a name"));
        let filled = |list: &[&'static str]| (!list.is_empty()).then(|| list.to_vec());
        subscribe.skus = filled(&self.skus)
            .map(|list| list.into_iter().map(|sku| Sku::new(sku).expect("a SKU")).collect());
        subscribe.sku_prefixes = filled(&self.prefixes)
            .map(|list| list.into_iter().map(|it| SkuPrefix::new(it).expect("a prefix")).collect());
        subscribe.locations = filled(&self.locations)
            .map(|list| list.into_iter().map(|it| Location::new(it).expect("a place")).collect());
        subscribe
    }
}

/// What the engine knows when nothing changes any more.
#[derive(Debug, Default)]
pub(crate) struct Truth(BTreeMap<Key, Level>);

impl Truth {
    pub(super) async fn of(engine: &Engine) -> Self {
        let client = engine.client();
        let mut levels = BTreeMap::new();
        for sku in SKUS {
            // A SKU that no change has reached yet is not known.
            let Ok(answer) = client.sku_levels(sku).await else { continue };
            for level in answer.value.levels {
                levels.insert((level.sku.clone(), level.location.clone()), level);
            }
        }
        Self(levels)
    }

    /// Events over all keys.
    pub(super) fn events(&self) -> u64 {
        self.0.values().map(|level| level.version).sum()
    }

    /// The selected levels.
    pub(super) fn selected<'a>(&'a self, wanted: &'a Wanted) -> impl Iterator<Item = &'a Level> {
        self.0.values().filter(|level| wanted.has(&level.sku, &level.location))
    }
}

/// The band of a level.
pub(super) fn band(level: &Level) -> StockBand {
    match level.available + level.oversell_limit {
        ..=0 => StockBand::OutOfStock,
        1..=LOW_STOCK_THRESHOLD => StockBand::LowStock,
        _ => StockBand::InStock,
    }
}

/// Whether a movement ends where a level stands.
pub(super) fn ends_at(movement: &Movement, level: &Level) -> bool {
    let after = &movement.after;
    movement.version == level.version
        && (after.on_hand, after.reserved, after.committed, after.available)
            == (level.on_hand, level.reserved, level.committed, level.available)
}
