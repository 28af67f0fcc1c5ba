//! One turn of an actor: the commands of one message, decided in order and journalled together.
//!
//! Every command goes the same way: wait for an operation on its reservation, find out whether it is
//! a repeat, decide, journal, apply. Answers wait until everything that they rest on is durable:
//! refusals and repeats too, for they saw what may not be.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use saldo_ledger::{
    Change, Command, Event, LineRefusal, Mode, Once, PlanLine, Refusal, RefusalCode, ReservationId,
    Terms, Timestamp,
};
use tokio::sync::oneshot;

use super::basket::{Operation, Shortfall};
use super::board::{Board, FrameReply};
use super::call::Outcome;
use super::fingerprint;
use super::message::{self, AnswerTo, Done, Job, Notice, Waiting, Want};
use super::once::Known;
use super::shared::Shared;
use super::stock_actor::StockActor;
use crate::journal::JournalError;
use crate::journal::group::GroupWriter;
use crate::store::save;

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

/// Whether a call was made before.
enum Standing {
    New,
    Repeat(Option<ReservationId>),
    Refused(RefusalCode),
    Wait(oneshot::Receiver<()>),
}

pub(super) struct Turn<'a> {
    actor: &'a mut StockActor,
    shared: Arc<Shared>,
    terms: Terms,
    now: Timestamp,
    writer: GroupWriter,
    after: Vec<After>,
    answers: Vec<Waiting>,
    board: Option<Arc<Board>>,
    replies: Vec<(u32, FrameReply)>,
}

impl<'a> Turn<'a> {
    /// Decides `jobs` in order. False where the journal did not take what was applied already: the
    /// ledger must be loaded anew.
    pub(super) fn run(actor: &'a mut StockActor, jobs: impl ExactSizeIterator<Item = Job>) -> bool {
        let shared = Arc::clone(&actor.shared);
        let mut turn = Turn {
            terms: shared.terms(),
            now: shared.clock.now(),
            writer: WRITER.take(),
            actor,
            shared,
            after: Vec::new(),
            answers: Vec::new(),
            board: None,
            replies: Vec::new(),
        };
        let mut taken = true;
        for job in jobs {
            if taken {
                turn.consider(job);
                taken = turn.writer.bytes().len() < GROUP_BYTES || turn.flush(false);
            } else {
                job.answer.refuse(Refusal::plain(RefusalCode::Overloaded));
            }
        }
        taken = taken && turn.flush(true);
        turn.writer.clear();
        WRITER.set(std::mem::take(&mut turn.writer));
        taken
    }

    fn consider(&mut self, job: Job) {
        let id = job.command.reservation();
        if let Some(waiting) = id.and_then(|id| self.actor.under_way.get_mut(&id))
            && !job.command.is_step()
        {
            waiting.push_back(job);
            return;
        }
        self.adopt(&job.command);
        if self.is_basket_in_frame(&job) {
            return self.refuse(job.answer, RefusalCode::Malformed.into());
        }
        match self.standing(&job) {
            Standing::New => {}
            Standing::Repeat(reservation) => return self.repeat(job, reservation),
            Standing::Refused(code) => return self.refuse(job.answer, code.into()),
            Standing::Wait(told) => return self.wait(job, told),
        }
        let refused = match self.shared.refuses_changes() {
            Some(code) => Err(code.into()),
            None => self.decide(&job.command),
        };
        match refused {
            Ok(event) => self.accept(job, event),
            Err(refusal) => self.give_back(job, refusal),
        }
    }

    /// Commands of frames are about reservations of one line only.
    fn is_basket_in_frame(&self, job: &Job) -> bool {
        matches!(job.answer, AnswerTo::Board { .. })
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

    /// Finds out whether a call was made before, and claims its keys where it was not.
    fn standing(&mut self, job: &Job) -> Standing {
        if job.command.is_step() {
            return Standing::New;
        }
        let made = match &job.command {
            Command::ReserveOne { id, fingerprint, .. } => Some((*id, *fingerprint)),
            Command::Reserve(reserve) if !reserve.adding => Some((reserve.id, reserve.fingerprint)),
            _ => None,
        };
        if let Some((id, fingerprint)) = made
            && let Some(standing) = self.standing_of_id(id, fingerprint)
        {
            return standing;
        }
        if let Some(once) = job.once {
            match self.shared.once.claim(once, self.now) {
                Known::Fresh => {}
                Known::Done(reservation) => return Standing::Repeat(reservation),
                Known::Reused => return Standing::Refused(RefusalCode::IdempotencyKeyReused),
                Known::UnderWay(told) => return Standing::Wait(told),
            }
        }
        if let Some((id, _)) = made
            && !self.shared.ids.claim(id, self.actor.ledger.key())
        {
            if let Some(once) = job.once {
                self.shared.once.forget(once);
            }
            return Standing::Refused(RefusalCode::IdempotencyKeyReused);
        }
        Standing::New
    }

    /// A reservation id that a client gave is a key of its own kind, remembered while the
    /// reservation is open and for the window after it closed.
    fn standing_of_id(&self, id: ReservationId, fingerprint: u64) -> Option<Standing> {
        let same = |known: bool| {
            if known {
                Standing::Repeat(Some(id))
            } else {
                Standing::Refused(RefusalCode::IdempotencyKeyReused)
            }
        };
        if let Some(known) = self.actor.ledger.fingerprint_of(id) {
            return Some(same(known == fingerprint && fingerprint != 0));
        }
        if fingerprint == 0 || self.shared.once.is_empty() {
            return None;
        }
        let once = Once { key: fingerprint::key_of_id(id), fingerprint };
        match self.shared.once.known(once, self.now) {
            Some(Known::Done(_)) => Some(same(true)),
            Some(_) => Some(same(false)),
            None => None,
        }
    }

    /// Decides one command; due holds of the key make room for a reserve that would fall short.
    fn decide(&mut self, command: &Command) -> Result<Event, Refusal> {
        if let Command::Reserve(reserve) = command
            && reserve.adding
            && self
                .actor
                .ledger
                .slot(reserve.id)
                .is_some_and(|slot| slot.is_due(&self.terms, self.now))
        {
            self.expire(reserve.id);
        }
        self.shared.check_hold_limit(command, &self.actor.ledger)?;
        loop {
            let decided = self.actor.ledger.decide(command, &self.terms, self.now);
            match decided {
                Err(refusal)
                    if refusal.code == RefusalCode::InsufficientStock && self.make_room() => {}
                decided => return decided,
            }
        }
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
        let slot =
            id.and_then(|id| ledger.slot(id)).filter(|slot| slot.is_home() && slot.has_held());
        if let Some(at) = slot.map(|slot| slot.deadline(&self.terms)) {
            self.actor.arm(at);
        }
        match (&event.change, once) {
            (Change::Withdrawn { .. }, Some(once)) => self.shared.once.forget(once),
            (Change::Planned { .. }, _) | (_, None) => {}
            (_, Some(once)) => self.after.push(After::Decided(once, id)),
        }
        save::note_references(&event.change, &self.actor.ledger, &self.shared.store);
        if matches!(event.change, Change::Withdrawn { .. })
            && id.is_some_and(|id| !self.actor.ledger.knows(id))
        {
            self.shared.ids.forget(id);
        }
        match answer {
            AnswerTo::Step(tell) => self.after.push(After::Step(tell, event)),
            answer => match Operation::after(&event, command, once, answer, &self.actor.ledger) {
                Ok(operation) => {
                    // Before its event can become durable: no checkpoint passes it.
                    self.shared
                        .operations
                        .begin(operation.id(), self.shared.journal.next_sequence());
                    self.actor.under_way.insert(operation.id(), VecDeque::new());
                    self.after.push(After::Begin(operation));
                }
                Err(answer) => self.done(answer, id, false),
            },
        }
    }

    /// Refuses a command and lets go of the keys that it claimed: a retry is decided anew.
    fn give_back(&mut self, job: Job, refusal: Refusal) {
        if !job.command.is_step() {
            if let Some(once) = job.once {
                self.shared.once.forget(once);
            }
            let made = match &job.command {
                Command::ReserveOne { id, .. } => Some(*id),
                Command::Reserve(reserve) if !reserve.adding => Some(reserve.id),
                _ => None,
            };
            if let Some(id) = made
                && !self.actor.ledger.knows(id)
            {
                self.shared.ids.forget(Some(id));
            }
        }
        if let Command::Reserve(reserve) = job.command
            && !reserve.others.is_empty()
            && matches!(refusal.code, RefusalCode::InsufficientStock | RefusalCode::UnknownStock)
        {
            let own = (reserve.own > 0).then(|| LineRefusal {
                key: self.actor.ledger.key().clone(),
                code: refusal.code,
                requested: u64::from(reserve.own),
                available: refusal.available,
            });
            return self.name_all(own, reserve.others, job.answer);
        }
        self.refuse(job.answer, refusal);
    }

    /// The refusal of a basket names every line that falls short: the other keys are looked at.
    fn name_all(&mut self, own: Option<LineRefusal>, others: Vec<PlanLine>, answer: AnswerTo) {
        let shortfall = Shortfall { lines: own.into_iter().collect(), mode: Mode::AllOrNothing };
        actix::spawn(shortfall.look_and_refuse(Arc::clone(&self.shared), others, answer));
    }

    /// Answers a call that was made before with everything as it is now.
    fn repeat(&mut self, job: Job, reservation: Option<ReservationId>) {
        let id =
            job.command.reservation().filter(|_| !job.command.makes_reservation()).or(reservation);
        if let Some(id) = id
            && !self.actor.ledger.knows(id)
        {
            save::adopt(&mut self.actor.ledger, id, &self.shared.store);
        }
        self.done(job.answer, id, true);
    }

    fn done(&mut self, answer: AnswerTo, id: Option<ReservationId>, replayed: bool) {
        let ledger = &self.actor.ledger;
        match answer {
            AnswerTo::Caller { want, tell } => {
                let outcome = match want {
                    Want::Level => Some(Outcome::Level(ledger.level())),
                    Want::Reservation => {
                        id.and_then(|id| ledger.view(id, &self.terms)).map(Outcome::Reservation)
                    }
                };
                let reply = outcome
                    .map(|outcome| Done { outcome, replayed })
                    .ok_or_else(|| Refusal::plain(RefusalCode::UnknownReservation));
                self.answers.push(Waiting::Call(tell, reply));
            }
            AnswerTo::Board { board, place } => {
                let slot = id.and_then(|id| ledger.slot(id)).filter(|slot| slot.has_held());
                let expires_at = slot.map(|slot| slot.deadline(&self.terms));
                self.reply(board, place, message::done(ledger, expires_at, replayed));
            }
            AnswerTo::Step(_) | AnswerTo::Nobody => {}
        }
    }

    fn refuse(&mut self, answer: AnswerTo, refusal: Refusal) {
        self.shared.stats.refused.fetch_add(1, Ordering::Relaxed);
        match answer {
            AnswerTo::Caller { tell, .. } => self.answers.push(Waiting::Call(tell, Err(refusal))),
            AnswerTo::Board { board, place } => {
                self.reply(board, place, message::refused(&refusal))
            }
            AnswerTo::Step(tell) => drop(tell.send(Err(refusal))),
            AnswerTo::Nobody => {}
        }
    }

    /// Replies of one message are almost always of one frame, and are told together.
    fn reply(&mut self, board: Arc<Board>, place: u32, reply: FrameReply) {
        if self.board.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &board)) {
            self.close_board();
            self.board = Some(board);
        }
        self.replies.push((place, reply));
    }

    fn close_board(&mut self) {
        if let Some(board) = self.board.take() {
            self.answers.push(Waiting::Frame(board, std::mem::take(&mut self.replies)));
        }
    }

    /// A repeat of a call that is under way waits for its outcome, then asks again.
    fn wait(&mut self, job: Job, told: oneshot::Receiver<()>) {
        let (shared, key) = (Arc::clone(&self.shared), self.actor.ledger.key().clone());
        actix::spawn(async move {
            // An error is the message: the claim was let go of.
            let _ = told.await;
            shared.deliver_job(&key, job);
        });
    }

    /// Gives the group to the journal. The answers go with the turn's last group.
    fn flush(&mut self, last: bool) -> bool {
        if last {
            self.close_board();
        }
        if self.writer.count() == 0 {
            if !self.answers.is_empty() {
                let answers = std::mem::take(&mut self.answers);
                self.shared.tell_when_durable(self.actor.ledger.place(), answers);
            }
            return true;
        }
        // Before the events can become durable: the next checkpoint visits this key.
        self.actor.list();
        let level = (last && !self.shared.hub.is_idle()).then(|| self.actor.ledger.level());
        let count = self.writer.count();
        let answers = &mut self.answers;
        let appended = self.shared.journal.append_with(
            self.writer.bytes(),
            count,
            self.writer.last().as_micros(),
            |_| {
                let answers = if last { std::mem::take(answers) } else { Vec::new() };
                (level.is_some() || !answers.is_empty()).then_some(Notice { level, answers })
            },
        );
        self.writer.clear();
        match appended {
            Ok(first) => {
                let is_new = self.actor.ledger.version() == u64::from(count);
                self.actor.ledger.set_place(first + u64::from(count) - 1);
                self.shared.stats.events.fetch_add(u64::from(count), Ordering::Relaxed);
                if is_new {
                    // From its first event on a key is found by those who list keys.
                    save::save(&mut self.actor.ledger, &self.shared);
                }
                self.carry_on();
                true
            }
            Err(error) => {
                self.undo(&error);
                false
            }
        }
    }

    /// The group is in the journal, so what follows from it comes behind it.
    fn carry_on(&mut self) {
        for after in self.after.drain(..) {
            match after {
                After::Decided(once, id) => self.shared.once.decided(once, id, self.now),
                After::Begin(operation) => {
                    actix::spawn(operation.run(Arc::clone(&self.shared)));
                }
                After::Step(tell, event) => drop(tell.send(Ok(event))),
            }
        }
    }

    /// The journal took nothing: everything of this turn that it does not hold is refused.
    fn undo(&mut self, error: &JournalError) {
        let code = code_of(error);
        for after in self.after.drain(..) {
            match after {
                After::Decided(once, _) => self.shared.once.forget(once),
                After::Begin(operation) => operation.give_up(code),
                After::Step(tell, _) => drop(tell.send(Err(code.into()))),
            }
        }
        self.close_board();
        for answer in self.answers.drain(..) {
            answer.tell_refused(code);
        }
    }
}

/// What a caller is told where the journal does not take a group.
fn code_of(error: &JournalError) -> RefusalCode {
    match error {
        JournalError::ReadOnly => RefusalCode::ReadOnly,
        JournalError::Full { .. } => RefusalCode::Overloaded,
        JournalError::Closed => RefusalCode::NotReady,
        _ => RefusalCode::OutcomeUnknown,
    }
}
