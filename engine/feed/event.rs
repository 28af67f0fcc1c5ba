//! One event on its way to many readers, put into words once for all of them.

use std::sync::OnceLock;

use crate::actor::call::Movement;

/// In how many forms an event is put into words.
pub const EVENT_FORMS: usize = 2;

/// An event that many connections share.
#[derive(Debug)]
pub struct SharedEvent {
    movement: Movement,
    words: [OnceLock<Box<[u8]>>; EVENT_FORMS],
}

impl SharedEvent {
    /// Takes an event.
    #[must_use]
    pub const fn new(movement: Movement) -> Self {
        Self { movement, words: [const { OnceLock::new() }; EVENT_FORMS] }
    }

    /// The event.
    #[must_use]
    pub const fn movement(&self) -> &Movement {
        &self.movement
    }

    /// The event in this form; `encode`, the same for every caller with this form, is called once.
    pub fn words(&self, form: usize, encode: impl FnOnce(&Movement) -> Vec<u8>) -> &[u8] {
        self.words[form].get_or_init(|| encode(&self.movement).into_boxed_slice())
    }
}
