//! Which key of the run a level is about, found without hashing: the names of a run count.

use std::sync::Arc;

use crate::workload::names::Names;
use crate::workload::op::KeyIndex;

/// The run's keys.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    names: Arc<Names>,
    prefix_bytes: usize,
    /// Keys of one SKU, which are neighbours.
    locations: usize,
}

impl Keys {
    pub(super) fn new(names: Arc<Names>) -> Self {
        let stocks = names.stocks();
        let is_first = |sku: &str| stocks.first().is_some_and(|first| &*first.sku == sku);
        let locations = stocks.iter().take_while(|stock| is_first(&stock.sku)).count().max(1);
        let prefix_bytes = names.sku_prefix().len();
        Self { names, prefix_bytes, locations }
    }

    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// All keys.
    pub(super) fn all(&self) -> std::ops::Range<usize> {
        0..self.names.stocks().len()
    }

    /// The keys of one SKU; of more than there are the first again.
    pub(super) fn of_sku(&self, number: u32) -> std::ops::Range<usize> {
        let skus = (self.names.stocks().len() / self.locations).max(1);
        let first = usize::try_from(number).unwrap_or_default() % skus * self.locations;
        first..first + self.locations
    }

    /// The place of a key; none of one that is not the run's.
    pub(super) fn find(&self, sku: &str, location: &str) -> Option<usize> {
        self.counted(sku, location).or_else(|| {
            let key: KeyIndex = self.names.key(sku, location)?;
            usize::try_from(key).ok()
        })
    }

    /// By the digits of both names, and checked.
    fn counted(&self, sku: &str, location: &str) -> Option<usize> {
        let number: usize = sku.get(self.prefix_bytes..)?.parse().ok()?;
        let place: usize = location.get(1..)?.parse().ok()?;
        let key = number.checked_mul(self.locations)?.checked_add(place)?;
        let stock = self.names.stocks().get(key)?;
        (*stock.sku == *sku && *stock.location == *location).then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::names::Stock;

    #[test]
    fn every_key_is_found_and_no_other() {
        let keys = Keys::new(Arc::new(Names::new(5, 4, 3)));
        for (place, Stock { sku, location }) in keys.names().stocks().iter().enumerate() {
            assert_eq!(keys.find(sku, location), Some(place));
        }
        let Stock { sku, .. } = &keys.names().stocks()[0];
        assert_eq!(keys.find(sku, "L003"), None);
        assert_eq!(keys.find("X", "L"), None);
        assert_eq!((keys.all(), keys.of_sku(1), keys.of_sku(5)), (0..12, 3..6, 3..6));
    }
}
