//! Ordered reading of keys with a prefix, changes in memory and sled's entries merged.

use std::iter::Peekable;

use super::entry::{HEAD, Head, decode_head, head_key};
use super::error::StoreError;
use super::overlay::{Bytes, Window, lower_bound};
use super::store::Store;

/// Keys and values, ascending by key.
pub type Found = Vec<(Vec<u8>, Vec<u8>)>;

/// Changes that are looked at under one lock beyond those asked for: deletions hide entries without being found.
const WINDOW_CHANGES: usize = 64;
const WINDOW_CHANGES_MAX: usize = 1_024;

impl Store {
    /// At most `limit` entries whose key begins with `prefix` and comes after `after`, ascending.
    ///
    /// Fewer than `limit` means that there are no more. Each is at least as new as the call; together they are no
    /// snapshot: what is put while the scan runs may be seen or not.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] and [`StoreError::Io`].
    pub fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Found, StoreError> {
        let mut found = Found::new();
        let mut after = after.map(<[u8]>::to_vec);
        while found.len() < limit {
            let wanted = limit - found.len();
            let changes_max = wanted.saturating_add(WINDOW_CHANGES).min(WINDOW_CHANGES_MAX);
            let window = self.overlay.read().window(prefix, after.as_deref(), changes_max);
            let Window { changes, until } = window;
            self.merge(prefix, after.as_deref(), until.as_deref(), changes, limit, &mut found)?;
            match until {
                Some(until) => after = Some(until),
                None => break,
            }
        }
        Ok(found)
    }

    /// Adds to `found`, up to `limit`, what lies after `after` and not after `until`.
    fn merge(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        until: Option<&[u8]>,
        changes: Bytes,
        limit: usize,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let mut changes = changes.into_iter().peekable();
        let start = lower_bound(prefix, after).map(head_key);
        for entry in self.tree.range(start.as_ref().map(Vec::as_slice)) {
            let (stored_key, sealed) = entry?;
            let Some(key) = stored_key.strip_prefix(&[HEAD]) else {
                break;
            };
            if !key.starts_with(prefix) || until.is_some_and(|until| key > until) {
                break;
            }
            add_changes(&mut changes, Some(key), limit, found);
            if found.len() >= limit {
                return Ok(());
            }
            let value = match changes.next_if(|(changed, _)| changed == key) {
                Some((_, change)) => change,
                None => match decode_head(&stored_key, &sealed)? {
                    Head::Whole(value) => Some(value.to_vec()),
                    Head::Parts(_) => self.value_in_sled(key)?,
                },
            };
            // Otherwise it is deleted, here or by a checkpoint that ran meanwhile.
            if let Some(value) = value {
                found.push((key.to_vec(), value));
            }
            if found.len() >= limit {
                return Ok(());
            }
        }
        add_changes(&mut changes, None, limit, found);
        Ok(())
    }
}

/// Adds the puts before `end`, up to `limit`; deletions of what sled does not hold are passed over.
fn add_changes(
    changes: &mut Peekable<impl Iterator<Item = (Vec<u8>, Option<Vec<u8>>)>>,
    end: Option<&[u8]>,
    limit: usize,
    found: &mut Found,
) {
    while found.len() < limit {
        let next = changes.next_if(|(key, _)| end.is_none_or(|end| key.as_slice() < end));
        match next {
            Some((key, Some(value))) => found.push((key, value)),
            Some((_, None)) => {}
            None => return,
        }
    }
}
