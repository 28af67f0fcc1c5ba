//! Which fault, and when: at the fifth occasion, counted over all connections, once.

use std::sync::atomic::{AtomicU64, Ordering};

/// What the proxy does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// A reserve that is refused for want of stock is granted all the same: the oversell limit is raised, the
    /// reserve repeated, and the limit put back. Over HTTP.
    OversellsInTheBooks,
    /// A refusal for want of stock is told as a grant; the engine knows nothing of it. Over HTTP and the WebSocket.
    OversellsInTheAnswer,
    /// A reserve is answered as granted, and sent to the engine only when the next one of the same connection has been
    /// carried out. Over HTTP.
    AnswersBeforeItStores,
    /// A reserve is answered as granted, and never sent. Over HTTP.
    LosesAReservation,
    /// A command is answered with the version before its own. Over the WebSocket.
    RepeatsAVersion,
    /// An event is left out of the feed.
    SkipsAnEvent,
}

/// At which occasion the fault strikes: not at the first, so that there is something before it and behind it.
const OCCASION: u64 = 5;

/// A fault and how often there was an occasion for it.
#[derive(Debug)]
pub struct Plan {
    fault: Fault,
    occasions: AtomicU64,
}

impl Plan {
    pub fn new(fault: Fault) -> Self {
        Self { fault, occasions: AtomicU64::new(0) }
    }

    /// Whether this occasion for a fault is the one.
    pub fn strikes(&self, fault: Fault) -> bool {
        self.fault == fault && self.occasions.fetch_add(1, Ordering::Relaxed) + 1 == OCCASION
    }

    /// Whether the fault has happened.
    pub fn has_struck(&self) -> bool {
        self.occasions.load(Ordering::Relaxed) >= OCCASION
    }
}
