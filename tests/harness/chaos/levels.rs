//! What a reader of levels knows, and what must hold of it at any moment.

use std::collections::HashMap;

use saldo_protocol::{LevelView, ServerMessage, View};

use super::stock::{Key, Truth, Wanted, band};

/// The newest level of each key.
#[derive(Debug, Default)]
pub(super) struct Levels {
    newest: HashMap<Key, LevelView>,
    /// Versions told in deltas of the present subscription.
    in_deltas: HashMap<Key, u64>,
    pub(super) cursor: Option<String>,
}

impl Levels {
    /// A subscription begins.
    pub(super) fn begin(&mut self) {
        self.in_deltas.clear();
    }

    /// How many levels a message told.
    pub(super) fn hear(
        &mut self,
        message: ServerMessage,
        wanted: &Wanted,
        view: View,
    ) -> Result<u64, String> {
        match message {
            ServerMessage::Subscribed { view: told, .. } if told == view => Ok(0),
            ServerMessage::Snapshot { levels, cursor, full: false, .. } => {
                self.cursor = Some(cursor);
                self.keep(levels, wanted, view, false)
            }
            ServerMessage::Delta { levels, cursor, .. } => {
                self.cursor = Some(cursor);
                self.keep(levels, wanted, view, true)
            }
            other => Err(format!("a reader of levels heard {other:?}")),
        }
    }

    fn keep(
        &mut self,
        levels: Vec<LevelView>,
        wanted: &Wanted,
        view: View,
        in_delta: bool,
    ) -> Result<u64, String> {
        let told = levels.len() as u64;
        for level in levels {
            if !wanted.has(level.sku(), level.location()) || view_of(&level) != view {
                return Err(format!("not asked for: {level:?}"));
            }
            let key = (level.sku().to_owned(), level.location().to_owned());
            let version = level.version();
            if in_delta {
                let before = self.in_deltas.insert(key.clone(), version).unwrap_or_default();
                if before >= version {
                    return Err(format!("{key:?}: version {version} after {before} in deltas"));
                }
            }
            match self.newest.get(&key) {
                Some(known) if known.version() > version => {}
                Some(known) if known.version() == version && *known != level => {
                    return Err(format!("{key:?}: two levels of a version: {known:?}, {level:?}"));
                }
                _ => {
                    self.newest.insert(key, level);
                }
            }
        }
        Ok(told)
    }

    /// What it does not know yet of the truth.
    pub(super) fn lacks(&self, truth: &Truth, wanted: &Wanted) -> Option<String> {
        let mut selected = 0;
        for level in truth.selected(wanted) {
            selected += 1;
            let key = (level.sku.clone(), level.location.clone());
            let known = self.newest.get(&key);
            let agrees = match known {
                None => false,
                Some(LevelView::Exact(known)) => known == level,
                Some(LevelView::Banded(known)) => known.availability == band(level),
                Some(LevelView::Boolean(known)) => {
                    known.is_available == (level.available + level.oversell_limit > 0)
                }
            };
            if !agrees {
                return Some(format!("{key:?} is {level:?}, the reader knows {known:?}"));
            }
        }
        (self.newest.len() != selected)
            .then(|| format!("knows {} keys, there are {selected}", self.newest.len()))
    }
}

fn view_of(level: &LevelView) -> View {
    match level {
        LevelView::Exact(_) => View::Exact,
        LevelView::Banded(_) => View::Banded,
        LevelView::Boolean(_) => View::Boolean,
    }
}
