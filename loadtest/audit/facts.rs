//! Operations without a reservation, sales and receipts: their events are known by the version that was answered, or,
//! where none was, by verb and quantity.

use std::collections::HashMap;

use crate::audit::index::{LogIndex, Place};
use crate::workload::op::Verb;
use crate::workload::outcome::Verdict;

/// Those of one key.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// First version, count, and place of the first, by version.
    told: Vec<(u64, Place)>,
    next: usize,
    /// Carried out, but with which version was not told; and without a known outcome. The last is taken first.
    untold: HashMap<(Verb, i64), Vec<Place>>,
}

impl Facts {
    /// Those of all keys.
    pub(super) fn of(index: &LogIndex<'_>, keys: usize) -> Vec<Self> {
        let mut all: Vec<Self> = (0..keys).map(|_| Self::default()).collect();
        let facts = index.entries().filter(|(_, entry)| {
            matches!(entry.verb, Verb::Sell | Verb::Receive) && (entry.key as usize) < keys
        });
        for (place, entry) in facts {
            let facts = &mut all[entry.key as usize];
            let quantity = i64::from(entry.quantity);
            match entry.verdict {
                Verdict::Done if entry.version > 0 => facts.told.push((entry.version, place)),
                Verdict::Done | Verdict::Replayed | Verdict::Unknown => {
                    let alike = facts.untold.entry((entry.verb, quantity)).or_default();
                    alike.extend((0..entry.count).map(|i| Place { i, ..place }));
                }
                Verdict::Refused(_) => {}
            }
        }
        for facts in &mut all {
            facts.told.sort_unstable_by_key(|&(version, _)| version);
            for alike in facts.untold.values_mut() {
                alike.sort_by_key(|&place| index.entry(place).verdict.is_done());
            }
        }
        all
    }

    /// Whose event this is. Versions rise from call to call.
    pub(super) fn operation(
        &mut self,
        index: &LogIndex<'_>,
        version: u64,
        verb: Verb,
        quantity: i64,
    ) -> Option<Place> {
        while let Some(&(first, place)) = self.told.get(self.next)
            && first <= version
        {
            let entry = index.entry(place);
            if let Ok(i) = u32::try_from(version - first)
                && i < entry.count
                && entry.verb == verb
            {
                return Some(Place { i, ..place });
            }
            self.next += 1;
        }
        self.untold.get_mut(&(verb, quantity))?.pop()
    }
}
