//! What waits of one subscription to events. Nothing in it is ever left out: a queue that would grow too long is
//! cut at its end, and the reader is caught up from the journal from there.
//!
//! A subscription reads the journal until it has seen its end, joins the live events, reads on up to the place
//! where it joined, and then takes from the queue. One that falls behind does the same again: the way of a
//! reader that returns and of one that is slow is the same.

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::SharedEvent;

/// Events of one subscription, in the journal's order.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    waiting: VecDeque<Arc<SharedEvent>>,
    /// Whether every live event comes here.
    is_live: bool,
    /// Whether the reader is still being told what came before the first in `waiting`.
    is_held: bool,
    /// The first event that is missing behind `waiting`.
    behind_from: Option<u64>,
}

impl EventQueue {
    /// What waits to be taken, in units of the connection's limit.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there is something to take.
    pub(super) fn is_ready(&self) -> bool {
        !self.is_held && (!self.waiting.is_empty() || self.behind_from.is_some())
    }

    /// From now on every event is put here, and kept until [`EventQueue::release`].
    pub(super) fn join(&mut self) {
        *self = Self { is_live: true, is_held: true, ..Self::default() };
    }

    /// Everything before what waits has been told. Whether nothing was lost meanwhile.
    pub(super) fn release(&mut self) -> bool {
        self.is_held = false;
        self.is_live
    }

    /// Puts an event behind the others where there is `room` for it. How many more wait now, which may be fewer.
    pub(super) fn put(&mut self, event: &Arc<SharedEvent>, room: bool) -> Change {
        if !self.is_live {
            return Change::Nothing;
        }
        if room {
            self.waiting.push_back(Arc::clone(event));
            return Change::Added;
        }
        self.is_live = false;
        if self.is_held {
            return self.drop_held();
        }
        self.behind_from = Some(event.movement().sequence);
        Change::Cut
    }

    /// Takes events; behind the last one it tells from where on the reader has fallen behind.
    pub(super) fn take(&mut self, limit: usize) -> (Vec<Arc<SharedEvent>>, Option<u64>) {
        let taken = self.waiting.len().min(limit);
        let events = self.waiting.drain(..taken).collect();
        if !self.waiting.is_empty() {
            return (events, None);
        }
        if self.waiting.capacity() > super::TABLE_KEPT {
            self.waiting = VecDeque::new();
        }
        (events, self.behind_from.take())
    }

    /// The live events end here, although nothing else waits: what comes next is in the journal.
    pub(super) fn cut(&mut self, from: u64) -> Change {
        if !std::mem::take(&mut self.is_live) {
            return Change::Nothing;
        }
        if self.is_held {
            return self.drop_held();
        }
        self.behind_from = Some(from);
        Change::Cut
    }

    /// The reader is in the journal anyway, and will read on there.
    fn drop_held(&mut self) -> Change {
        Change::Dropped(std::mem::take(&mut self.waiting).len())
    }
}

/// What became of an event that was put into a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It was not wanted.
    Nothing,
    /// It waits.
    Added,
    /// The queue ends before it.
    Cut,
    /// It is gone, and so many before it: the reader finds them in the journal.
    Dropped(usize),
}
