//! The dirty table: changes that are not in sled yet. Every read goes through it first.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use saldo_ledger::PageImage;

use super::state;

/// What is put under a key.
#[derive(Clone, Debug)]
pub enum Value {
    /// Bytes.
    Bytes(Vec<u8>),
    /// A page of holds. It becomes bytes where they are wanted, so that this is not done on the thread of its key.
    Page(PageImage),
}

impl Value {
    pub(super) fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Bytes(bytes) => Cow::Borrowed(bytes),
            Self::Page(page) => Cow::Owned(state::encode_page(page).unwrap_or_default()),
        }
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes,
            page @ Self::Page(_) => page.bytes().into_owned(),
        }
    }

    /// Bytes in memory, about.
    fn cost(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Page(page) => page.memory_bytes(),
        }
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// Changes by key; `None` deletes.
pub(super) type Changes = BTreeMap<Vec<u8>, Option<Value>>;

/// The same as bytes, for who reads.
pub(super) type Bytes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Charged for each change besides its key and value: what the map and two allocations cost.
const CHANGE_BYTES: u64 = 96;

/// Two layers: `pending` takes what is put, `flushing` is what a checkpoint is writing. The upper one wins.
#[derive(Default)]
pub(super) struct Overlay {
    pending: Changes,
    pending_bytes: u64,
    flushing: Arc<Changes>,
    flushing_bytes: u64,
}

/// A stretch of the overlay, both layers merged.
pub(super) struct Window {
    pub(super) changes: Bytes,
    /// The last key that the window speaks for; `None`: all there are.
    pub(super) until: Option<Vec<u8>>,
}

impl Overlay {
    /// Takes one change; `None` deletes.
    pub(super) fn change(&mut self, key: &[u8], value: Option<Value>) {
        let added = cost(key, value.as_ref());
        if let Some(old) = self.pending.get_mut(key) {
            let removed = cost(key, old.as_ref());
            *old = value;
            self.pending_bytes = self.pending_bytes.saturating_sub(removed);
        } else {
            self.pending.insert(key.to_vec(), value);
        }
        self.pending_bytes += added;
    }

    /// The change of `key`, if there is one.
    pub(super) fn get(&self, key: &[u8]) -> Option<&Option<Value>> {
        self.pending.get(key).or_else(|| self.flushing.get(key))
    }

    /// Moves what is pending to `flushing`, upon what a failed checkpoint left there, and hands it out.
    pub(super) fn begin(&mut self) -> Arc<Changes> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        if self.flushing.is_empty() {
            self.flushing = Arc::new(pending);
        } else {
            Arc::make_mut(&mut self.flushing).extend(pending);
        }
        self.flushing_bytes =
            self.flushing.iter().map(|(key, value)| cost(key, value.as_ref())).sum();
        Arc::clone(&self.flushing)
    }

    /// Drops `flushing`: it is in sled. The caller may free it outside the lock.
    pub(super) fn finish(&mut self) -> Arc<Changes> {
        self.flushing_bytes = 0;
        std::mem::take(&mut self.flushing)
    }

    /// Changes of both layers; a key in both counts twice.
    pub(super) fn entries(&self) -> usize {
        self.pending.len() + self.flushing.len()
    }

    /// Bytes of both layers in memory, about.
    pub(super) fn bytes(&self) -> u64 {
        self.pending_bytes + self.flushing_bytes
    }

    /// Changes of keys that begin with `prefix` and come after `after`, at most `changes_max` of each layer.
    pub(super) fn window(&self, prefix: &[u8], after: Option<&[u8]>, changes_max: usize) -> Window {
        let (lower, lower_end) = stretch(&self.flushing, prefix, after, changes_max);
        let (upper, upper_end) = stretch(&self.pending, prefix, after, changes_max);
        let until = match (lower_end, upper_end) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let mut changes = lower;
        changes.extend(upper);
        if let Some(until) = &until {
            changes.retain(|key, _| key <= until);
        }
        Window { changes, until }
    }
}

/// The first `changes_max` changes and, if there may be more, the last key among them.
fn stretch(
    layer: &Changes,
    prefix: &[u8],
    after: Option<&[u8]>,
    changes_max: usize,
) -> (Bytes, Option<Vec<u8>>) {
    let found: Bytes = layer
        .range::<[u8], _>((lower_bound(prefix, after), Bound::Unbounded))
        .take_while(|(key, _)| key.starts_with(prefix))
        .take(changes_max)
        .map(|(key, value)| (key.clone(), value.as_ref().map(|value| value.bytes().into_owned())))
        .collect();
    let end = if found.len() == changes_max {
        found.last_key_value().map(|(key, _)| key.clone())
    } else {
        None
    };
    (found, end)
}

/// Where the keys with `prefix` behind `after` begin.
pub(super) fn lower_bound<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> Bound<&'a [u8]> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    }
}

fn cost(key: &[u8], value: Option<&Value>) -> u64 {
    let bytes = key.len() + value.map_or(0, Value::cost);
    u64::try_from(bytes).unwrap_or(u64::MAX).saturating_add(CHANGE_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_wins_over_flushing_and_a_retry_keeps_the_newest() {
        let mut overlay = Overlay::default();
        overlay.change(b"a", Some(b"1".to_vec().into()));
        overlay.change(b"b", Some(b"1".to_vec().into()));
        let first = overlay.begin();
        assert_eq!(first.len(), 2);
        overlay.change(b"a", None);
        let got = |overlay: &Overlay, key: &[u8]| {
            overlay.get(key).map(|change| change.clone().map(Value::into_bytes))
        };
        assert_eq!(got(&overlay, b"a"), Some(None));
        assert_eq!(got(&overlay, b"b"), Some(Some(b"1".to_vec())));
        drop(first);
        let second = overlay.begin();
        assert!(matches!(second.get(&b"a"[..]), Some(None)));
        assert_eq!(second.len(), 2);
        drop(overlay.finish());
        assert_eq!(got(&overlay, b"b"), None);
        assert_eq!((overlay.entries(), overlay.bytes()), (0, 0));
    }

    #[test]
    fn bytes_follow_replacements() {
        let mut overlay = Overlay::default();
        overlay.change(b"a", Some(vec![0; 1_000].into()));
        overlay.change(b"a", Some(vec![0; 10].into()));
        assert_eq!(overlay.bytes(), 1 + 10 + CHANGE_BYTES);
        assert_eq!(overlay.entries(), 1);
    }

    #[test]
    fn a_window_speaks_only_for_what_both_layers_show() {
        let mut overlay = Overlay::default();
        for key in [b"pa", b"pd", b"pe"] {
            overlay.change(key, Some(b"old".to_vec().into()));
        }
        let held = overlay.begin();
        for key in [b"pb", b"pc", b"pz"] {
            overlay.change(key, None);
        }
        let window = overlay.window(b"p", None, 2);
        assert_eq!(window.until.as_deref(), Some(&b"pc"[..]));
        assert_eq!(window.changes.len(), 3);
        let rest = overlay.window(b"p", window.until.as_deref(), 10);
        assert_eq!(rest.until, None);
        assert_eq!(rest.changes.len(), 3);
        drop(held);
    }
}
