//! What a reader of events knows: of each key every event from the first on, without gap or repeat.

use std::collections::HashMap;

use saldo_protocol::{EARLIEST, Movement, ServerMessage};

use super::stock::{Key, Truth, Wanted, ends_at};

/// The last event of each key.
#[derive(Debug, Default)]
pub(super) struct Events {
    last: HashMap<Key, Movement>,
    cursor: Option<String>,
}

impl Events {
    /// Where to go on.
    pub(super) fn cursor(&self) -> String {
        self.cursor.clone().unwrap_or_else(|| EARLIEST.to_owned())
    }

    /// How many events a message told.
    pub(super) fn hear(&mut self, message: ServerMessage, wanted: &Wanted) -> Result<u64, String> {
        match message {
            ServerMessage::Subscribed { .. } => Ok(0),
            ServerMessage::Events { events, .. } if !events.is_empty() => {
                let told = events.len() as u64;
                events.into_iter().try_for_each(|event| self.take(event, wanted))?;
                Ok(told)
            }
            other => Err(format!("a reader of events heard {other:?}")),
        }
    }

    fn take(&mut self, event: Movement, wanted: &Wanted) -> Result<(), String> {
        if !wanted.has(&event.sku, &event.location) {
            return Err(format!("not asked for: {event:?}"));
        }
        let key = (event.sku.clone(), event.location.clone());
        let (version, before) =
            self.last.get(&key).map(|last| (last.version, last.after)).unwrap_or_default();
        if event.version != version + 1 || event.before != before {
            return Err(format!(
                "{key:?}: version {version} with {before:?} came before {event:?}"
            ));
        }
        self.cursor = Some(event.cursor.clone());
        self.last.insert(key, event);
        Ok(())
    }

    /// What it does not know yet of the truth.
    pub(super) fn lacks(&self, truth: &Truth, wanted: &Wanted) -> Option<String> {
        let mut selected = 0;
        for level in truth.selected(wanted) {
            selected += 1;
            let key = (level.sku.clone(), level.location.clone());
            let last = self.last.get(&key);
            if !last.is_some_and(|last| ends_at(last, level)) {
                return Some(format!("{key:?} is {level:?}, the last event is {last:?}"));
            }
        }
        (self.last.len() != selected)
            .then(|| format!("knows {} keys, there are {selected}", self.last.len()))
    }
}
