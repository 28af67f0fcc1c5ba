//! Replies to a frame of commands, collected from as many actors as its commands have keys.

use parking_lot::Mutex;
use saldo_ledger::{RefusalCode, ReservationId, StockKey, Timestamp};
use tokio::sync::oneshot;

use super::admission::Permit;

/// What a command of a frame does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the protocol, which explains them")]
pub enum FrameOp {
    Reserve,
    Extend,
    Commit,
    Fulfil,
    Release,
    /// `release` with `from` = `committed`.
    Cancel,
    Sell,
    Receive,
}

/// A command of a frame, about one key and a reservation of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameCommand {
    /// What it does.
    pub op: FrameOp,
    /// The SKU and location.
    pub key: StockKey,
    /// The reservation, where the op is about one.
    pub id: Option<ReservationId>,
    /// Units; none means all, where the op allows it.
    pub quantity: Option<u32>,
    /// Length of the hold in seconds; none is the default.
    pub hold_seconds: Option<u32>,
    /// Idempotency key.
    pub once: Option<Box<str>>,
}

/// The reply to one command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameReply {
    /// It was done, or had been done before.
    Done {
        /// The key's version after it; of a repeat, as it is now.
        version: u64,
        /// What may still be promised.
        available: i64,
        /// The reservation's deadline.
        expires_at: Option<Timestamp>,
        /// Whether it was a repeat.
        replayed: bool,
    },
    /// It was refused.
    Refused {
        /// Why.
        code: RefusalCode,
        /// What there is, where that is the reason.
        available: Option<i64>,
    },
}

/// A frame's replies while they come in.
#[derive(Debug)]
pub struct Board {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    replies: Vec<FrameReply>,
    left: usize,
    tell: Option<oneshot::Sender<Vec<FrameReply>>>,
    /// Held until all replies are there: the frame is in flight so long.
    permit: Option<Permit>,
}

impl Board {
    /// A board for `commands` replies, and where they arrive once all are there.
    #[must_use]
    pub fn new(commands: usize) -> (Self, oneshot::Receiver<Vec<FrameReply>>) {
        let (tell, told) = oneshot::channel();
        // What nobody fills in stays unknown.
        let unknown = FrameReply::Refused { code: RefusalCode::OutcomeUnknown, available: None };
        let state = State {
            replies: vec![unknown; commands],
            left: commands,
            tell: Some(tell),
            permit: None,
        };
        (Self { state: Mutex::new(state) }, told)
    }

    /// Holds what admitted the frame until all replies are there.
    pub fn keep(&self, permit: Permit) {
        self.state.lock().permit = Some(permit);
    }

    /// Fills in replies by their place in the frame. Each place is filled once.
    pub fn fill(&self, replies: &[(u32, FrameReply)]) {
        let mut state = self.state.lock();
        for (place, reply) in replies {
            if let Some(slot) = state.replies.get_mut(*place as usize) {
                *slot = *reply;
            }
        }
        state.left = state.left.saturating_sub(replies.len());
        if state.left == 0 {
            state.permit = None;
            let all = std::mem::take(&mut state.replies);
            if let Some(tell) = state.tell.take() {
                // Nobody listens any more where the connection went away; the work was done.
                let _ = tell.send(all);
            }
        }
    }
}
