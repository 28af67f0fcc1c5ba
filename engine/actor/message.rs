//! What an actor is sent, and what it sends back.

use std::sync::Arc;

use saldo_ledger::{
    Command, Event, Level, Once, Refusal, RefusalCode, ReservationId, ReservationView, Selection,
    StockLedger, Timestamp, Verb,
};
use tokio::sync::oneshot;

use super::admission::Permit;
use super::board::{Board, FrameReply};
use super::call::Outcome;

/// What a caller wants to see when its command was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// The key's level.
    Level,
    /// The reservation.
    Reservation,
}

/// A done command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The level or the reservation after it.
    pub outcome: Outcome,
    /// Whether it was a repeat.
    pub replayed: bool,
}

/// The answer to a command. It is sent once everything that it rests on is durable.
pub type Reply = Result<Done, Refusal>;

/// A step's answer, sent at once: what was appended to the journal, not yet durable.
pub type Step = Result<Event, Refusal>;

/// Where an answer goes.
#[derive(Debug)]
pub enum AnswerTo {
    /// To a call, once durable.
    Caller {
        /// What it wants to see.
        want: Want,
        /// Where it waits.
        tell: oneshot::Sender<Reply>,
    },
    /// To an operation over several keys, at once.
    Step(oneshot::Sender<Step>),
    /// To the frame whose part is being decided, once durable: the place in it. Never outlives the turn.
    Place(u32),
    /// To a frame, once durable.
    Board {
        /// The frame's replies.
        board: Arc<Board>,
        /// Place in the frame.
        place: u32,
    },
    /// To nobody: the engine's own command.
    Nobody,
}

/// A command with what makes it once only.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is asked.
    pub command: Command,
    /// The idempotency key. Of a closing command it was claimed when the plan was made.
    pub once: Option<Box<Once>>,
}

/// What is asked, and where its answer goes.
#[derive(Debug)]
pub struct Job {
    /// What is asked.
    pub asked: Asked,
    /// Where the answer goes.
    pub answer: AnswerTo,
    /// What admitted it, until it is decided.
    pub permit: Option<Permit>,
}

impl Job {
    /// The engine's own command that ends a hold past its deadline.
    #[must_use]
    pub fn expiry(id: ReservationId) -> Self {
        let command = Command::Settle { id, verb: Verb::Expire, selection: Selection::All };
        Self { asked: Asked { command, once: None }, answer: AnswerTo::Nobody, permit: None }
    }
}

/// Something to be looked at without changing anything. Answered once what was seen is durable.
#[derive(Debug)]
pub enum Look {
    /// The key's level; none where it does not exist.
    Level(oneshot::Sender<Option<Level>>),
    /// A reservation whose home is here.
    Reservation(ReservationId, oneshot::Sender<Option<ReservationView>>),
    /// Ids of the open reservations on the key from a place in its hold table on, with their places.
    Lines {
        /// First place to look at.
        from: u32,
        /// Most ids.
        limit: usize,
        /// Where they go.
        tell: oneshot::Sender<Vec<(u32, ReservationId)>>,
    },
    /// Version, on-hand and place of the last event.
    Head(oneshot::Sender<saldo_ledger::Head>),
}

/// The commands of a frame that are about one key, decided in order.
#[derive(Debug)]
pub struct FramePart {
    /// The frame's replies.
    pub board: Arc<Board>,
    /// Its commands.
    pub commands: Vec<PlacedCommand>,
}

/// A command of a frame. There are millions of them a second: what they have in common is in their [`FramePart`].
#[derive(Debug)]
pub struct PlacedCommand {
    /// What is asked.
    pub asked: Asked,
    /// Place in the frame.
    pub place: u32,
}

impl FramePart {
    /// Refuses all of it, where nothing was seen that must become durable first.
    pub fn refuse(self, code: RefusalCode) {
        let reply = FrameReply::Refused { code, available: None };
        let replies: Vec<_> = self.commands.iter().map(|it| (it.place, reply)).collect();
        self.board.fill(&replies);
    }
}

/// A message to a stock actor.
#[derive(Debug)]
pub enum Message {
    /// Commands of a frame.
    Frame(FramePart),
    /// A command of a call.
    Job(Box<Job>),
    /// A look.
    Look(Look),
    /// Expire what is due.
    Sweep,
    /// Write what changed into the store's table in memory.
    Flush(oneshot::Sender<()>),
    /// Leave, if nothing is in flight.
    Passivate,
    /// An operation over several keys has ended: what waits for the reservation may go on.
    Ended(ReservationId),
}

impl actix::Message for Message {
    type Result = ();
}

/// What the journal's thread hands on once the events before it are durable.
#[derive(Debug, Default)]
pub struct Notice {
    /// The key's newest level, for the feed.
    pub level: Option<Level>,
    /// Answers that waited.
    pub answers: Vec<Waiting>,
}

/// An answer that waits until what it rests on is durable.
#[derive(Debug)]
pub enum Waiting {
    /// A call's.
    Call(oneshot::Sender<Reply>, Reply),
    /// A frame's.
    Frame(Arc<Board>, Vec<(u32, FrameReply)>),
    /// A level.
    Level(oneshot::Sender<Option<Level>>, Option<Level>),
    /// A reservation.
    Reservation(oneshot::Sender<Option<ReservationView>>, Option<ReservationView>),
    /// Somebody who waits for durability itself.
    Durable(oneshot::Sender<()>),
}

impl Waiting {
    /// Sends the answer. Whoever went away does not hear it; what was done stays done.
    pub fn tell(self) {
        match self {
            Self::Call(tell, reply) => drop(tell.send(reply)),
            Self::Frame(board, replies) => board.fill(&replies),
            Self::Level(tell, level) => drop(tell.send(level)),
            Self::Reservation(tell, view) => drop(tell.send(view)),
            Self::Durable(tell) => drop(tell.send(())),
        }
    }

    /// Says that nothing came of it, or with `outcome_unknown` that nobody can say.
    pub fn tell_refused(self, code: RefusalCode) {
        match self {
            Self::Call(tell, _) => drop(tell.send(Err(code.into()))),
            Self::Frame(board, mut replies) => {
                for (_, reply) in &mut replies {
                    *reply = FrameReply::Refused { code, available: None };
                }
                board.fill(&replies);
            }
            // Dropping the sender tells a reader.
            Self::Level(..) | Self::Reservation(..) | Self::Durable(_) => {}
        }
    }
}

impl AnswerTo {
    /// Refuses at once, where nothing was seen that must become durable first.
    pub fn refuse(self, refusal: Refusal) {
        match self {
            Self::Caller { tell, .. } => drop(tell.send(Err(refusal))),
            Self::Step(tell) => drop(tell.send(Err(refusal))),
            Self::Board { board, place } => board.fill(&[(place, refused(&refusal))]),
            Self::Place(_) => debug_assert!(false, "a place in a frame has outlived its turn"),
            Self::Nobody => {}
        }
    }
}

/// A refusal as a frame's reply.
#[must_use]
pub fn refused(refusal: &Refusal) -> FrameReply {
    let available = match refusal.code {
        RefusalCode::InsufficientStock
        | RefusalCode::QuantityExceedsHeld
        | RefusalCode::QuantityExceedsCommitted
        | RefusalCode::QuantityExceedsFulfilled => {
            Some(refusal.lines.first().map_or(refusal.available, |line| line.available))
        }
        _ => None,
    };
    FrameReply::Refused { code: refusal.code, available }
}

/// A done command as a frame's reply.
#[must_use]
pub fn done(ledger: &StockLedger, expires_at: Option<Timestamp>, replayed: bool) -> FrameReply {
    FrameReply::Done {
        version: ledger.version(),
        available: ledger.balances().available(),
        expires_at,
        replayed,
    }
}
