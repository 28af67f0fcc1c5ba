//! The highest version that was heard of each key: what tells news from repeats.

use std::collections::HashMap;

/// Versions by SKU, then location; as many entries as keys were heard of.
#[derive(Debug, Default)]
pub(super) struct Versions(HashMap<Box<str>, HashMap<Box<str>, u64>>);

impl Versions {
    /// Takes a version in, and says whether it is news.
    pub(super) fn take(&mut self, sku: &str, location: &str, version: u64) -> bool {
        // Looked up before it is made, so that a known key allocates nothing.
        let places = match self.0.get_mut(sku) {
            Some(places) => places,
            None => self.0.entry(sku.into()).or_default(),
        };
        match places.get_mut(location) {
            Some(known) if *known >= version => false,
            Some(known) => {
                *known = version;
                true
            }
            None => {
                places.insert(location.into(), version);
                true
            }
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_higher_version_is_news() {
        let mut versions = Versions::default();
        for (sku, location, version, is_news) in [
            ("A", "L", 2, true),
            ("A", "L", 2, false),
            ("A", "L", 1, false),
            ("A", "M", 1, true),
            ("B", "L", 1, true),
            ("A", "L", 9, true),
        ] {
            assert_eq!(
                versions.take(sku, location, version),
                is_news,
                "{sku} {location} {version}"
            );
        }
        versions.forget_all();
        assert!(versions.is_empty());
        assert!(versions.take("A", "L", 1));
    }
}
