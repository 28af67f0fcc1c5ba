//! One turn of an actor: the commands of one message, decided in order and journalled together.
//!
//! Every command goes the same way: wait for an operation on its reservation, find out whether it is
//! a repeat, decide, journal, apply. Answers wait until everything that they rest on is durable:
//! refusals and repeats too, for they saw what may not be.

mod ahead;
mod answers;
mod ending;
mod standing;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use saldo_ledger::{
    Change, Command, Event, Once, Refusal, RefusalCode, ReservationId, Terms, Timestamp, Verb,
};
use tokio::sync::oneshot;

use crate::actor::admission::Permit;
use crate::actor::basket::Operation;
use crate::actor::board::{Board, FrameReply};
use crate::actor::ids::Claim;
use crate::actor::message::{self, AnswerTo, Asked, FramePart, Job, PlacedCommand, Waiting};
use crate::actor::shared::Shared;
use crate::actor::stock_actor::StockActor;
use crate::journal::group::GroupWriter;
use crate::planted::{Bug, is_awake};
use crate::store::save;
pub(super) use ahead::Ahead;
use ahead::Taken;
use standing::Standing;

/// A group is closed at this length, so that a record keeps to its 64 KiB.
const GROUP_BYTES: usize = 48 << 10;
/// Most holds past their deadline that a reserve expires to make room for itself.
const ROOM_HOLDS_MAX: usize = 1_024;

thread_local! {
    /// The group being written: one an arbiter, so that its buffer is kept.
    static WRITER: RefCell<GroupWriter> = RefCell::default();
}

/// What has to happen once the group is in the journal.
enum After {
    /// The idempotency key stands for the call now.
    Decided(Once, Option<ReservationId>),
    /// No reservation has the id any more, unless it was cart-lines that were withdrawn.
    Gone(ReservationId),
    /// Other keys have to answer or to carry out.
    Begin(Operation),
    /// An operation's step was taken.
    Step(oneshot::Sender<message::Step>, Event),
}

pub(in crate::actor) struct Turn<'a> {
    actor: &'a mut StockActor,
    shared: Arc<Shared>,
    terms: Terms,
    now: Timestamp,
    /// The code with which every change is refused, as the last group left it.
    refuses_changes: Option<RefusalCode>,
    writer: GroupWriter,
    after: Vec<After>,
    answers: Vec<Waiting>,
    /// The frame whose part is decided.
    frame: Option<Arc<Board>>,
    /// The id that the command gives, where it was taken ahead and no reservation has been made of it.
    taken: Option<Taken>,
    /// Ids claimed ahead of which none was made. Another command of the turn may make one, so they are let go of last.
    unused: Vec<ReservationId>,
    /// Whether a command of this turn may have brought a closed reservation back, whose id was not known when it was
    /// looked for.
    has_adopted: bool,
    /// The idempotency key that the command being decided has claimed.
    claiming: Option<Once>,
    /// What admitted the command being decided; goes with it where it waits.
    permit: Option<Permit>,
    /// The frame that `replies` are for.
    board: Option<Arc<Board>>,
    replies: Vec<(u32, FrameReply)>,
}

impl<'a> Turn<'a> {
    /// Decides the commands of a call, or such as have waited, in order. False where the journal did not take what was
    /// applied already: the ledger must be loaded anew.
    pub(in crate::actor) fn run(
        actor: &'a mut StockActor,
        jobs: impl ExactSizeIterator<Item = Job>,
    ) -> bool {
        let mut turn = Turn::begin(actor, None, 0);
        let mut is_taken = true;
        for Job { asked, answer, permit } in jobs {
            turn.permit = permit;
            is_taken = turn.take(is_taken, &asked, answer);
        }
        turn.end(is_taken)
    }

    /// As [`Turn::run`], for a frame's part.
    pub(in crate::actor) fn run_part(actor: &'a mut StockActor, part: FramePart) -> bool {
        let FramePart { board, commands } = part;
        actor.ahead = Ahead::look(&commands, &actor.ledger, &actor.shared.ids);
        let mut turn = Turn::begin(actor, Some(board), commands.len());
        let mut is_taken = true;
        for PlacedCommand { asked, place } in &commands {
            turn.taken = turn.actor.ahead.of(&asked.command);
            is_taken = turn.take(is_taken, asked, AnswerTo::Place(*place));
        }
        turn.end(is_taken)
    }

    fn begin(actor: &'a mut StockActor, frame: Option<Arc<Board>>, replies: usize) -> Self {
        let shared = Arc::clone(&actor.shared);
        // The time first: where this very reading notices an outage, its grace already counts.
        let now = shared.clock.now();
        Turn {
            terms: shared.terms(),
            now,
            refuses_changes: shared.refuses_changes(),
            writer: WRITER.take(),
            actor,
            shared,
            after: Vec::new(),
            answers: Vec::new(),
            replies: Vec::with_capacity(replies),
            board: frame.clone(),
            frame,
            taken: None,
            unused: Vec::new(),
            has_adopted: false,
            claiming: None,
            permit: None,
        }
    }

    /// Decides the next command, unless the journal took no more before it; whether it takes more.
    fn take(&mut self, is_taken: bool, asked: &Asked, answer: AnswerTo) -> bool {
        if !is_taken {
            self.lasting(answer).refuse(Refusal::plain(RefusalCode::Overloaded));
            return false;
        }
        self.consider(asked, answer);
        if let Some(Taken { id, claim: Claim::New, .. }) = self.taken {
            self.unused.push(id);
        }
        self.writer.bytes().len() < GROUP_BYTES || self.flush(false)
    }

    fn end(mut self, is_taken: bool) -> bool {
        let is_taken = is_taken && self.flush(true);
        if is_taken {
            for id in self.unused.drain(..) {
                ahead::release(id, &self.actor.ledger, &self.shared.ids);
            }
            self.actor.ahead = Ahead::default();
        }
        self.writer.clear();
        WRITER.set(std::mem::take(&mut self.writer));
        is_taken
    }

    fn consider(&mut self, asked: &Asked, answer: AnswerTo) {
        if self.must_wait(&asked.command) {
            return self.park(asked, answer);
        }
        if self.expire_before_adding(&asked.command) && self.must_wait(&asked.command) {
            return self.park(asked, answer);
        }
        self.answer(asked, answer);
    }

    /// Whether an operation over several keys is under way on the command's reservation.
    fn must_wait(&self, command: &Command) -> bool {
        !self.actor.under_way.is_empty()
            && !command.is_step()
            && command.reservation().is_some_and(|id| self.actor.under_way.contains_key(&id))
    }

    /// Has a command wait for the operation on its reservation.
    fn park(&mut self, asked: &Asked, answer: AnswerTo) {
        let job = self.kept(asked, answer);
        let id = asked.command.reservation();
        if let Some(waiting) = id.and_then(|id| self.actor.under_way.get_mut(&id)) {
            waiting.push_back(job);
        }
    }

    /// The command being decided, to be decided later.
    fn kept(&mut self, asked: &Asked, answer: AnswerTo) -> Job {
        let (asked, answer) = (asked.clone(), self.lasting(answer));
        Job { asked, answer, permit: self.permit.take() }
    }

    /// An answer that may outlive the turn.
    fn lasting(&self, answer: AnswerTo) -> AnswerTo {
        match (answer, &self.frame) {
            (AnswerTo::Place(place), Some(frame)) => {
                AnswerTo::Board { board: Arc::clone(frame), place }
            }
            (answer, _) => answer,
        }
    }

    /// Lines are added to what is left of a reservation: units past their deadline come back first. Whether some did.
    fn expire_before_adding(&mut self, command: &Command) -> bool {
        if let Command::Reserve(reserve) = command
            && reserve.adding
            && let Some(slot) = self.actor.ledger.slot(reserve.id)
            && slot.is_due(&self.terms, self.now)
            && self.refuses_changes.is_none()
        {
            return self.expire(reserve.id);
        }
        false
    }

    fn answer(&mut self, asked: &Asked, answer: AnswerTo) {
        let command = &asked.command;
        self.claiming = None;
        self.adopt(command);
        match self.standing(asked) {
            Standing::New => {}
            Standing::Repeat(reservation) => return self.repeat(command, answer, reservation),
            Standing::Refused(code) => {
                let code = self.refused_before(command, &answer).unwrap_or(code);
                return self.refuse(answer, code.into());
            }
            Standing::Wait(told) => return self.wait(asked, answer, told),
        }
        // A repeat comes first: the reservation may have had one line when the call had its effect.
        if self.is_basket_in_frame(command, &answer) {
            return self.give_back(asked, answer, RefusalCode::Malformed.into());
        }
        let decided = match self.refuses_changes {
            Some(code) => Err(code.into()),
            None => self.decide(command),
        };
        match decided {
            Ok(event) => {
                self.accept(asked, answer, event);
                if is_awake(Bug::ReleaseTwice) {
                    self.release_again(command);
                }
            }
            Err(refusal) => self.give_back(asked, answer, refusal),
        }
    }

    /// A planted bug.
    fn release_again(&mut self, command: &Command) {
        if let Command::Settle { verb: Verb::Release | Verb::Cancel, .. } = command
            && let Ok(event) = self.decide(command)
        {
            let again = Asked { command: command.clone(), once: None };
            self.accept(&again, AnswerTo::Nobody, event);
        }
    }

    /// What comes before the reuse of a key: a command that frames do not carry, and a limit that it would pass.
    fn refused_before(&self, command: &Command, answer: &AnswerTo) -> Option<RefusalCode> {
        if self.is_basket_in_frame(command, answer) {
            return Some(RefusalCode::Malformed);
        }
        let refused = self.actor.ledger.decide(command, &self.terms, self.now).err()?;
        (refused.code == RefusalCode::LimitExceeded).then_some(refused.code)
    }

    /// Commands of frames are about reservations of one line only.
    fn is_basket_in_frame(&self, command: &Command, answer: &AnswerTo) -> bool {
        matches!(answer, AnswerTo::Place(_) | AnswerTo::Board { .. })
            && !command.makes_reservation()
            && command
                .reservation()
                .and_then(|id| self.actor.ledger.slot(id))
                .is_some_and(|slot| !slot.others().is_empty())
    }

    /// Brings a closed reservation back from the store where the command may be about one. A read of
    /// some microseconds, on the arbiter: it is rare, and waiting for it would let later commands pass.
    fn adopt(&mut self, command: &Command) {
        let id = match command {
            Command::Settle { id, .. }
            | Command::Extend { id, .. }
            | Command::Return { id, .. } => *id,
            Command::Reserve(reserve) if reserve.adding => reserve.id,
            _ => return,
        };
        self.know(id);
    }

    /// Has the ledger know a closed reservation that the store may have.
    fn know(&mut self, id: ReservationId) {
        if !self.actor.ledger.knows(id) {
            save::adopt(&mut self.actor.ledger, id, &self.shared.store);
            self.has_adopted = true;
        }
    }

    /// Has a closed reservation that units came back to be read here: the store knows it as it was before, until
    /// this key's state is saved.
    fn read_here(&mut self, change: &Change, id: Option<ReservationId>) {
        let StockActor { ahead, ledger, .. } = &mut *self.actor;
        if let (Change::Returned { .. }, Some(id)) = (change, id)
            && ledger.knows(id)
            && ledger.slot(id).is_none()
        {
            ahead.take(id, ledger.key(), &self.shared.ids);
        }
    }

    /// Decides one command; due holds of the key make room for a reserve that would fall short.
    fn decide(&mut self, command: &Command) -> Result<Event, Refusal> {
        loop {
            let decided = self.actor.ledger.decide(command, &self.terms, self.time_of(command));
            match decided {
                Err(refusal) if refusal.code < RefusalCode::HoldLimit => return Err(refusal),
                decided => {
                    self.shared.customers.check(command, &self.actor.ledger)?;
                    let is_enough =
                        decided.as_ref().is_ok_and(|event| !falls_short(command, &event.change));
                    if is_enough || !self.make_room() {
                        return decided;
                    }
                }
            }
        }
    }

    /// The time that a command is decided at.
    fn time_of(&self, command: &Command) -> Timestamp {
        if is_awake(Bug::ExpiryOffByOne) && matches!(command, Command::Settle { .. }) {
            return Timestamp::from_micros(self.now.as_micros() - 1);
        }
        self.now
    }

    /// Expires holds of one line that are past their deadline; whether there were any.
    fn make_room(&mut self) -> bool {
        let due = self.actor.ledger.due(&self.terms, self.now, ROOM_HOLDS_MAX);
        let mut expired = false;
        for id in due {
            if self.actor.ledger.slot(id).is_some_and(|slot| slot.others().is_empty())
                && !self.actor.under_way.contains_key(&id)
            {
                expired |= self.expire(id);
            }
        }
        expired
    }

    fn expire(&mut self, id: ReservationId) -> bool {
        let Job { asked, answer, .. } = Job::expiry(id);
        let decided = self.actor.ledger.decide(&asked.command, &self.terms, self.now);
        decided.map(|event| self.accept(&asked, answer, event)).is_ok()
    }

    /// Journals and applies what was decided, and sees to its answer.
    fn accept(&mut self, asked: &Asked, answer: AnswerTo, mut event: Event) {
        let (command, once) = (&asked.command, asked.once.as_deref().copied());
        event.once = once
            .filter(|_| !matches!(event.change, Change::Planned { .. } | Change::Withdrawn { .. }));
        let held_before = self.shared.customers.held(&self.actor.ledger, command);
        let ledger = &mut self.actor.ledger;
        if self.writer.count() == 0 {
            self.writer.open(
                ledger.key(),
                ledger.place(),
                ledger.version(),
                ledger.balances(),
                self.now,
            );
        }
        self.writer.add(&event);
        let place = ledger.apply(&event);
        if command.makes_reservation() {
            self.taken = None;
        }
        self.shared.customers.changed(ledger, command, held_before);
        let id = command.reservation();
        let slot = place.and_then(|place| ledger.slot_at(place)).filter(|slot| slot.has_held());
        let (is_home, expires_at) =
            slot.map_or((false, None), |it| (it.is_home(), Some(it.deadline(&self.terms))));
        if let (true, Some(at)) = (is_home, expires_at) {
            self.actor.arm(at);
        }
        match (&event.change, once) {
            (Change::Withdrawn { .. }, Some(once)) => self.shared.once.forget(once),
            (Change::Planned { .. }, _) | (_, None) => {}
            // Its operation sees to it, once all has arrived.
            (Change::Returned { of_order: false, others, .. }, _) if !others.is_empty() => {}
            (_, Some(once)) => self.after.push(After::Decided(once, id)),
        }
        save::note_references(&event.change, &self.actor.ledger, &self.shared.store);
        self.read_here(&event.change, id);
        if let (Change::Withdrawn { .. }, Some(id)) = (&event.change, id) {
            self.after.push(After::Gone(id));
        }
        match answer {
            AnswerTo::Step(tell) => self.after.push(After::Step(tell, event)),
            AnswerTo::Place(place) if !Operation::follows(&event) => {
                self.reply(place, message::done(&self.actor.ledger, expires_at, false));
            }
            answer => {
                let answer = self.lasting(answer);
                match Operation::after(&event, command, once, answer, &self.actor.ledger) {
                    Ok(operation) => self.follow(operation),
                    Err(answer) => self.done(answer, id, false),
                }
            }
        }
    }

    /// Has other keys follow, once the group is in the journal.
    fn follow(&mut self, operation: Operation) {
        // Before its event can become durable: no checkpoint passes it.
        self.shared.operations.begin(operation.id(), self.shared.journal.next_sequence());
        self.actor.under_way.insert(operation.id(), VecDeque::new());
        self.after.push(After::Begin(operation));
    }
}

/// Whether a grant in part gives less than was asked of the key.
fn falls_short(command: &Command, change: &Change) -> bool {
    match (change, command) {
        (
            Change::Reserved { requested, quantity, .. }
            | Change::Added { requested, quantity, .. }
            | Change::Planned { requested, quantity, .. },
            _,
        ) => quantity < requested,
        (Change::Pended { quantity, .. }, Command::Pend { quantity: requested, .. }) => {
            quantity < requested
        }
        _ => false,
    }
}
