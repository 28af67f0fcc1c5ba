//! What clients asked: every call once, with all its attempts and what came of it.

use std::collections::BTreeMap;

use saldo::actor::call::{Answer, Outcome};
use saldo::actor::call::{Call, CallResult, Movement, Page, ReferenceKind};
use saldo::actor::fingerprint;
use saldo::engine::{FrameCommand, FrameOp, FrameReply, Placed};
use saldo_ledger::{
    Change, Event, Level, Refusal, RefusalCode, ReservationId, ReservationView, StockKey,
};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum What {
    /// A change.
    Call(Call),
    /// A command of a frame.
    Command(FrameCommand),
    /// A question.
    Read(Read),
}

/// Questions.
#[derive(Clone, Debug)]
pub enum Read {
    Level(StockKey),
    Sku(String),
    All,
    Reservation(ReservationId),
    On(StockKey),
    By(ReferenceKind, String),
    Movements(StockKey, usize),
}

/// What was answered.
#[derive(Clone, Debug)]
pub enum Answered {
    Call(CallResult),
    Command(FrameReply),
    Level(Result<Level, Refusal>),
    Placed(Result<Vec<Placed>, Refusal>),
    Reservation(Result<ReservationView, Refusal>),
    Reservations(Result<Page<ReservationView>, Refusal>),
    Movements(Result<Page<Movement>, Refusal>),
}

/// One effect of a call: more than one only where its key was forgotten in between.
#[derive(Clone, Copy, Debug)]
pub struct Effect {
    /// Its event; of a basket the one at its home that makes it real.
    pub sequence: u64,
    /// When it was first told; none where it never was.
    pub told: Option<u64>,
}

/// A call.
#[derive(Debug)]
pub struct Asked {
    pub what: What,
    pub once: Option<String>,
    /// When the first attempt was sent.
    pub sent: u64,
    /// What came of it, in the journal.
    pub effects: Vec<Effect>,
    /// Attempts that may have had an effect: answered so, or never answered.
    pub may_have: u32,
    /// Whether its idempotency key was used for two calls: the second is refused as long as the first is remembered.
    pub is_shared: bool,
    /// Attempts under way.
    pub under_way: u32,
}

/// One attempt.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// The call, a place in [`Calls::asked`].
    pub call: usize,
    pub sent: u64,
    /// The highest sequence that was durable then.
    pub known: u64,
    /// Whether the call's effect was durable then, and at which place among its effects.
    pub had_effect: bool,
}

/// All calls of a seed.
#[derive(Default)]
pub struct Calls {
    pub asked: Vec<Asked>,
    by_once: BTreeMap<u128, usize>,
    by_id: BTreeMap<ReservationId, usize>,
    /// The call of an event, where it is known.
    pub of_event: BTreeMap<u64, usize>,
}

impl Calls {
    /// Adds a call.
    pub fn add(&mut self, what: What, once: Option<String>, sent: u64) -> usize {
        let call = self.asked.len();
        if let Some(once) = &once {
            // A key that is used again for another call stays with the first: the second is to be refused.
            self.by_once.entry(fingerprint::key_of(once)).or_insert(call);
        }
        if let Some(id) = what.makes() {
            self.by_id.entry(id).or_insert(call);
        }
        self.asked.push(Asked {
            what,
            once,
            sent,
            effects: Vec::new(),
            may_have: 0,
            is_shared: false,
            under_way: 0,
        });
        call
    }

    /// Takes in an event: its call, where the event itself tells.
    pub fn happened(&mut self, sequence: u64, event: &Event) -> Option<usize> {
        let by_once = event.once.and_then(|once| self.by_once.get(&once.key));
        let call = match &event.change {
            Change::Reserved { id, .. } | Change::Granted { id, .. } => {
                by_once.or_else(|| self.by_id.get(id))
            }
            _ => by_once,
        };
        let call = *call?;
        self.has_effect(call, sequence);
        Some(call)
    }

    /// Notes the effect of a call.
    pub fn has_effect(&mut self, call: usize, sequence: u64) {
        self.of_event.insert(sequence, call);
        self.asked[call].effects.push(Effect { sequence, told: None });
    }
}

impl Asked {
    /// Whether a repeat of it is known to be one.
    pub fn is_named(&self) -> bool {
        self.once.is_some() || self.what.makes().is_some()
    }
}

impl What {
    /// The reservation that it makes under the client's own id.
    pub fn makes(&self) -> Option<ReservationId> {
        match self {
            Self::Call(Call::Reserve { id, .. }) => *id,
            Self::Command(FrameCommand { op: FrameOp::Reserve, id, .. }) => *id,
            _ => None,
        }
    }

    /// The reservation that it is about.
    pub fn reservation(&self) -> Option<ReservationId> {
        match self {
            Self::Call(
                Call::AddLines { id, .. }
                | Call::Extend { id, .. }
                | Call::Settle { id, .. }
                | Call::Return { id, .. },
            )
            | Self::Read(Read::Reservation(id)) => Some(*id),
            Self::Call(Call::Reserve { id, .. }) | Self::Command(FrameCommand { id, .. }) => *id,
            _ => None,
        }
    }

    /// The one key that it is about.
    pub fn key(&self) -> Option<&StockKey> {
        match self {
            Self::Call(
                Call::Receive { key, .. }
                | Call::Adjust { key, .. }
                | Call::Count { key, .. }
                | Call::SetPolicy { key, .. }
                | Call::Sell { key, .. },
            )
            | Self::Command(FrameCommand { key, .. })
            | Self::Read(Read::Level(key) | Read::On(key) | Read::Movements(key, _)) => Some(key),
            Self::Call(Call::Reserve { lines, .. } | Call::AddLines { lines, .. })
                if lines.iter().all(|line| line.0 == lines[0].0) =>
            {
                Some(&lines[0].0)
            }
            _ => None,
        }
    }
}

impl Answered {
    /// The code of a refusal.
    pub fn refused(&self) -> Option<RefusalCode> {
        match self {
            Self::Command(FrameReply::Refused { code, .. }) => Some(*code),
            Self::Call(Err(refusal))
            | Self::Level(Err(refusal))
            | Self::Placed(Err(refusal))
            | Self::Reservation(Err(refusal))
            | Self::Reservations(Err(refusal))
            | Self::Movements(Err(refusal)) => Some(refusal.code),
            _ => None,
        }
    }

    /// The reservation that an answer tells of.
    pub fn made(&self) -> Option<ReservationId> {
        match self {
            Self::Call(Ok(Answer { outcome: Outcome::Reservation(view), .. })) => Some(view.id),
            _ => None,
        }
    }
}
