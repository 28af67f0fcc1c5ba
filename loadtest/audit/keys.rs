//! The numbers of the run's keys by their names, found without making a string.

use std::collections::HashMap;

use crate::workload::names::{Names, Stock};
use crate::workload::op::KeyIndex;

/// The keys of a run.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    names: &'a Names,
    places: HashMap<(&'a str, &'a str), KeyIndex>,
    /// The one that was found last: events of one key come in rows.
    last: KeyIndex,
}

impl<'a> Keys<'a> {
    pub(super) fn new(names: &'a Names) -> Self {
        let stocks = names.stocks().iter().map(|stock| (&*stock.sku, &*stock.location));
        Self { names, places: stocks.zip(0..).collect(), last: 0 }
    }

    pub(super) fn find(&mut self, sku: &str, location: &str) -> Option<KeyIndex> {
        let last = self.names.stocks().get(self.last as usize);
        if last.is_some_and(|Stock { sku: s, location: l }| (&**s, &**l) == (sku, location)) {
            return Some(self.last);
        }
        self.last = *self.places.get(&(sku, location))?;
        Some(self.last)
    }
}
