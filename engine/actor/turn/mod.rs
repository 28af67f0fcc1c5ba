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

use crate::actor::basket::Operation;
use crate::actor::board::{Board, FrameReply};
use crate::actor::message::{self, AnswerTo, FramePart, Job, PlacedCommand, Waiting};
use crate::actor::shared::Shared;
use crate::actor::stock_actor::StockActor;
use crate::journal::group::GroupWriter;
use crate::planted::{Bug, is_awake};
use crate::store::save;
use ahead::Ahead;
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
    /// What became of the claim of the command's id, where it was claimed ahead.
    claimed: Option<bool>,
    /// The idempotency key that the command being decided has claimed.
    claiming: Option<Once>,
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
        let is_taken = turn.take_all(jobs, &mut Ahead::default());
        turn.end(is_taken)
    }

    /// As [`Turn::run`], for a frame's part.
    pub(in crate::actor) fn run_part(actor: &'a mut StockActor, part: FramePart) -> bool {
        let FramePart { board, commands } = part;
        let mut ahead = Ahead::look(&commands, &actor.ledger, &actor.shared.ids);
        let mut turn = Turn::begin(actor, Some(board), commands.len());
        let is_taken = turn.take_all(commands.into_iter().map(PlacedCommand::into_job), &mut ahead);
        ahead.release(&turn.actor.ledger, &turn.shared.ids);
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
            claimed: None,
            claiming: None,
        }
    }

    /// Decides in order; false where the journal took no more.
    fn take_all(&mut self, jobs: impl Iterator<Item = Job>, ahead: &mut Ahead) -> bool {
        let mut is_taken = true;
        for job in jobs {
            if is_taken {
                self.claimed = ahead.of(&job.command);
                self.consider(job);
                is_taken = self.writer.bytes().len() < GROUP_BYTES || self.flush(false);
            } else {
                self.lasting(job.answer).refuse(Refusal::plain(RefusalCode::Overloaded));
            }
        }
        is_taken
    }

    fn end(mut self, is_taken: bool) -> bool {
        let is_taken = is_taken && self.flush(true);
        self.writer.clear();
        WRITER.set(std::mem::take(&mut self.writer));
        is_taken
    }

    fn consider(&mut self, job: Job) {
        if self.must_wait(&job.command) {
            return self.park(job);
        }
        if self.expire_before_adding(&job.command) && self.must_wait(&job.command) {
            return self.park(job);
        }
        self.answer(job);
    }

    /// Whether an operation over several keys is under way on the command's reservation.
    fn must_wait(&self, command: &Command) -> bool {
        !self.actor.under_way.is_empty()
            && !command.is_step()
            && command.reservation().is_some_and(|id| self.actor.under_way.contains_key(&id))
    }

    /// Has a command wait for the operation on its reservation.
    fn park(&mut self, mut job: Job) {
        job.answer = self.lasting(job.answer);
        let id = job.command.reservation();
        if let Some(waiting) = id.and_then(|id| self.actor.under_way.get_mut(&id)) {
            waiting.push_back(job);
        }
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

    fn answer(&mut self, job: Job) {
        self.claiming = None;
        self.adopt(&job.command);
        match self.standing(&job) {
            Standing::New => {}
            Standing::Repeat(reservation) => return self.repeat(job, reservation),
            Standing::Refused(code) => {
                let code = self.refused_before(&job).unwrap_or(code);
                return self.refuse(job.answer, code.into());
            }
            Standing::Wait(told) => return self.wait(job, told),
        }
        // A repeat comes first: the reservation may have had one line when the call had its effect.
        if self.is_basket_in_frame(&job) {
            return self.give_back(job, RefusalCode::Malformed.into());
        }
        let decided = match self.refuses_changes {
            Some(code) => Err(code.into()),
            None => self.decide(&job.command),
        };
        match decided {
            Ok(event) => {
                let again = is_awake(Bug::ReleaseTwice).then(|| job.command.clone());
                self.accept(job, event);
                self.release_again(again);
            }
            Err(refusal) => self.give_back(job, refusal),
        }
    }

    /// A planted bug; does nothing where none is awake.
    fn release_again(&mut self, command: Option<Command>) {
        if let Some(command @ Command::Settle { verb: Verb::Release | Verb::Cancel, .. }) = command
            && let Ok(event) = self.decide(&command)
        {
            self.accept(Job { command, once: None, answer: AnswerTo::Nobody, permit: None }, event);
        }
    }

    /// What comes before the reuse of a key: a command that frames do not carry, and a limit that it would pass.
    fn refused_before(&self, job: &Job) -> Option<RefusalCode> {
        if self.is_basket_in_frame(job) {
            return Some(RefusalCode::Malformed);
        }
        let refused = self.actor.ledger.decide(&job.command, &self.terms, self.now).err()?;
        (refused.code == RefusalCode::LimitExceeded).then_some(refused.code)
    }

    /// Commands of frames are about reservations of one line only.
    fn is_basket_in_frame(&self, job: &Job) -> bool {
        matches!(job.answer, AnswerTo::Place(_) | AnswerTo::Board { .. })
            && !job.command.makes_reservation()
            && job
                .command
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
        if !self.actor.ledger.knows(id) {
            save::adopt(&mut self.actor.ledger, id, &self.shared.store);
        }
    }

    /// Has a closed reservation that units came back to be read here: the store knows it as it was before, until
    /// this key's state is saved.
    fn read_here(&self, change: &Change, id: Option<ReservationId>) {
        let ledger = &self.actor.ledger;
        if let (Change::Returned { .. }, Some(id)) = (change, id)
            && ledger.knows(id)
            && ledger.slot(id).is_none()
        {
            self.shared.ids.claim(id, ledger.key());
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
        let job = Job::expiry(id);
        let decided = self.actor.ledger.decide(&job.command, &self.terms, self.now);
        decided.map(|event| self.accept(job, event)).is_ok()
    }

    /// Journals and applies what was decided, and sees to its answer.
    fn accept(&mut self, job: Job, mut event: Event) {
        let Job { command, once, answer, permit: _ } = job;
        event.once = once
            .filter(|_| !matches!(event.change, Change::Planned { .. } | Change::Withdrawn { .. }));
        let held_before = self.shared.customers.held(&self.actor.ledger, &command);
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
        ledger.apply(&event);
        self.shared.customers.changed(ledger, &command, held_before);
        let id = command.reservation();
        let slot = id.and_then(|id| ledger.slot(id)).filter(|slot| slot.has_held());
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
        if matches!(event.change, Change::Withdrawn { .. })
            && id.is_some_and(|id| !self.actor.ledger.knows(id))
        {
            self.shared.ids.forget(id);
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
