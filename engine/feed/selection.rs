//! Which keys a subscription hears of, reduced so that no key is named twice.

use saldo_ledger::StockKey;

/// SKUs and prefixes at locations. No prefix extends another and no SKU begins with a prefix, so each
/// key is found by at most one of them: it is matched once and stands in a snapshot once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Sorted. `[""]` is every key.
    prefixes: Box<[Box<str>]>,
    /// Sorted.
    skus: Box<[Box<str>]>,
    /// Sorted; none means everywhere.
    locations: Option<Box<[Box<str>]>>,
}

impl Selection {
    /// The keys whose SKU is listed or begins with a listed prefix, at one of the listed locations. Where
    /// neither `skus` nor `prefixes` is given, every SKU; where `locations` is not, every location.
    #[must_use]
    pub fn new(
        skus: Option<Vec<Box<str>>>,
        prefixes: Option<Vec<Box<str>>>,
        locations: Option<Vec<Box<str>>>,
    ) -> Self {
        let prefixes = if skus.is_none() && prefixes.is_none() {
            vec!["".into()]
        } else {
            shortest(sorted(prefixes.unwrap_or_default()))
        };
        let mut skus = sorted(skus.unwrap_or_default());
        skus.retain(|sku| !has_prefix_of(sku, &prefixes));
        Self {
            prefixes: prefixes.into(),
            skus: skus.into(),
            locations: locations.map(|locations| sorted(locations).into()),
        }
    }

    /// Every key.
    #[must_use]
    pub fn all() -> Self {
        Self::new(None, None, None)
    }

    /// The prefixes, sorted; an empty one is every SKU.
    #[must_use]
    pub fn prefixes(&self) -> &[Box<str>] {
        &self.prefixes
    }

    /// The SKUs that no prefix covers, sorted.
    #[must_use]
    pub fn skus(&self) -> &[Box<str>] {
        &self.skus
    }

    /// The locations, sorted; none means everywhere.
    #[must_use]
    pub fn locations(&self) -> Option<&[Box<str>]> {
        self.locations.as_deref()
    }

    /// Whether keys at this location are heard of.
    #[must_use]
    pub fn has_location(&self, location: &str) -> bool {
        self.locations.as_ref().is_none_or(|locations| {
            locations.binary_search_by(|listed| listed.as_ref().cmp(location)).is_ok()
        })
    }

    /// Whether this key is heard of.
    #[must_use]
    pub fn contains(&self, key: &StockKey) -> bool {
        let sku = key.sku();
        let listed = self.skus.binary_search_by(|listed| listed.as_ref().cmp(sku)).is_ok();
        (listed || has_prefix_of(sku, &self.prefixes)) && self.has_location(key.location())
    }
}

fn sorted(mut texts: Vec<Box<str>>) -> Vec<Box<str>> {
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Drops each prefix that extends another: in byte order it follows that one directly.
fn shortest(prefixes: Vec<Box<str>>) -> Vec<Box<str>> {
    let mut kept: Vec<Box<str>> = Vec::with_capacity(prefixes.len());
    for prefix in prefixes {
        let covered = kept.last().is_some_and(|last| prefix.starts_with(last.as_ref()));
        if !covered {
            kept.push(prefix);
        }
    }
    kept
}

/// Whether one of the sorted prefixes, none of which extends another, begins this SKU. Only the greatest
/// that is not greater than the SKU can: one between a prefix and what it begins would extend it.
fn has_prefix_of(sku: &str, prefixes: &[Box<str>]) -> bool {
    let behind = prefixes.partition_point(|prefix| prefix.as_ref() <= sku);
    behind.checked_sub(1).is_some_and(|at| sku.starts_with(prefixes[at].as_ref()))
}
