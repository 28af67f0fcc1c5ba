//! Who listens to a key: found by its SKU, by the prefixes of its SKU and among those who hear everything, and
//! there by its location, so that a change costs in proportion to those who do listen.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;
use saldo_ledger::{SKU_BYTES_MAX, StockKey};

use super::outbox::{Outbox, SubscriptionId};
use super::selection::Selection;

/// All subscriptions.
#[derive(Debug)]
pub(super) struct Index {
    outboxes: BTreeMap<SubscriptionId, Arc<Outbox>>,
    by_sku: HashMap<Box<str>, Listeners>,
    by_prefix: HashMap<Box<str>, Listeners>,
    /// How many prefixes of each length in bytes there are: lengths without any are not looked up.
    prefixes_of_length: [usize; SKU_BYTES_MAX + 1],
}

/// Those who named the same SKU or prefix.
#[derive(Debug, Default)]
struct Listeners {
    anywhere: Row,
    at: HashMap<Box<str>, Row>,
}

/// Subscriptions in the order of their ids.
type Row = Vec<(SubscriptionId, Arc<Outbox>)>;

impl Index {
    pub(super) fn new() -> Self {
        Self {
            outboxes: BTreeMap::new(),
            by_sku: HashMap::new(),
            by_prefix: HashMap::new(),
            prefixes_of_length: [0; SKU_BYTES_MAX + 1],
        }
    }

    /// How many subscriptions there are.
    pub(super) fn len(&self) -> usize {
        self.outboxes.len()
    }

    /// Calls `tell` with each subscription.
    pub(super) fn each(&self, mut tell: impl FnMut(SubscriptionId, &Outbox)) {
        self.outboxes.iter().for_each(|(id, outbox)| tell(*id, outbox));
    }

    /// Adds a subscription.
    pub(super) fn add(&mut self, id: SubscriptionId, outbox: &Arc<Outbox>, selection: &Selection) {
        self.outboxes.insert(id, Arc::clone(outbox));
        for sku in selection.skus() {
            let listeners = self.by_sku.entry(sku.clone()).or_default();
            listeners.add(id, outbox, selection);
        }
        for prefix in selection.prefixes() {
            let listeners = self.by_prefix.entry(prefix.clone()).or_insert_with(|| {
                if let Some(prefixes) = self.prefixes_of_length.get_mut(prefix.len()) {
                    *prefixes += 1;
                }
                Listeners::default()
            });
            listeners.add(id, outbox, selection);
        }
    }

    pub(super) fn remove(&mut self, id: SubscriptionId, selection: &Selection) {
        self.outboxes.remove(&id);
        for sku in selection.skus() {
            remove_from(&mut self.by_sku, sku, id, selection);
        }
        for prefix in selection.prefixes() {
            if remove_from(&mut self.by_prefix, prefix, id, selection)
                && let Some(prefixes) = self.prefixes_of_length.get_mut(prefix.len())
            {
                *prefixes -= 1;
            }
        }
    }

    /// Calls `tell` with each subscription that hears of this key, once.
    pub(super) fn listeners(&self, key: &StockKey, mut tell: impl FnMut(SubscriptionId, &Outbox)) {
        let sku = key.sku();
        let by_prefix = (0..=sku.len())
            .filter(|&length| self.prefixes_of_length[length] > 0)
            .filter_map(|length| self.by_prefix.get(sku.get(..length)?));
        for listeners in self.by_sku.get(sku).into_iter().chain(by_prefix) {
            let here = listeners.at.get(key.location());
            for (id, outbox) in listeners.anywhere.iter().chain(here.into_iter().flatten()) {
                tell(*id, outbox);
            }
        }
    }
}

impl Listeners {
    fn add(&mut self, id: SubscriptionId, outbox: &Arc<Outbox>, selection: &Selection) {
        let Some(locations) = selection.locations() else {
            add_to_row(&mut self.anywhere, id, outbox);
            return;
        };
        for location in locations {
            let row = self.at.entry(location.clone()).or_default();
            add_to_row(row, id, outbox);
        }
    }

    fn remove(&mut self, id: SubscriptionId, selection: &Selection) {
        let Some(locations) = selection.locations() else {
            remove_from_row(&mut self.anywhere, id);
            return;
        };
        for location in locations {
            if let Some(row) = self.at.get_mut(location) {
                remove_from_row(row, id);
                if row.is_empty() {
                    self.at.remove(location);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.anywhere.is_empty() && self.at.is_empty()
    }
}

/// Whether `name` has no listeners any more.
fn remove_from(
    table: &mut HashMap<Box<str>, Listeners>,
    name: &str,
    id: SubscriptionId,
    selection: &Selection,
) -> bool {
    let Some(listeners) = table.get_mut(name) else {
        return false;
    };
    listeners.remove(id, selection);
    let emptied = listeners.is_empty();
    if emptied {
        table.remove(name);
    }
    emptied
}

/// Ids come almost in order: it is the end of the row, or close to it.
fn add_to_row(row: &mut Row, id: SubscriptionId, outbox: &Arc<Outbox>) {
    let at = row.partition_point(|(listed, _)| *listed < id);
    row.insert(at, (id, Arc::clone(outbox)));
}

fn remove_from_row(row: &mut Row, id: SubscriptionId) {
    if let Ok(at) = row.binary_search_by_key(&id, |(listed, _)| *listed) {
        row.remove(at);
        if row.capacity() > 4 * row.len() {
            row.shrink_to_fit();
        }
    }
}
