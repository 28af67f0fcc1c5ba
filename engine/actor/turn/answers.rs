//! Answers of a turn: they are kept until everything that they rest on is durable.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use saldo_ledger::{Command, LineRefusal, Mode, PlanLine, Refusal, RefusalCode, ReservationId};
use tokio::sync::oneshot;

use super::{Turn, ahead};
use crate::actor::basket::Shortfall;
use crate::actor::board::{Board, FrameReply};
use crate::actor::call::Outcome;
use crate::actor::message::{self, AnswerTo, Asked, Done, Waiting, Want};

impl Turn<'_> {
    /// Refuses a command and lets go of the keys that it claimed: a retry is decided anew.
    pub(super) fn give_back(&mut self, asked: &Asked, answer: AnswerTo, refusal: Refusal) {
        if !asked.command.is_step() {
            if let Some(once) = &asked.once {
                self.shared.once.forget(**once);
            }
            let made = match &asked.command {
                Command::ReserveOne { id, .. } => Some(*id),
                Command::Reserve(reserve) if !reserve.adding => Some(reserve.id),
                _ => None,
            };
            // What was claimed ahead is let go of at the turn's end: another command may make it a reservation.
            if let Some(id) = made
                && self.taken.is_none()
            {
                ahead::release(id, &self.actor.ledger, &self.shared.ids);
            }
        }
        if let Command::Reserve(reserve) = &asked.command
            && !reserve.others.is_empty()
            && matches!(
                refusal.code,
                RefusalCode::InsufficientStock | RefusalCode::UnknownStock | RefusalCode::HoldLimit
            )
        {
            if refusal.code == RefusalCode::HoldLimit {
                return self.limit_unless_unknown(reserve.others.clone(), answer);
            }
            let own = (reserve.own > 0).then(|| LineRefusal {
                key: self.actor.ledger.key().clone(),
                code: refusal.code,
                requested: u64::from(reserve.own),
                available: refusal.available,
            });
            return self.name_all(own, reserve.others.clone(), answer);
        }
        self.refuse(answer, refusal);
    }

    /// The refusal of a basket names every line that falls short: the other keys are looked at.
    fn name_all(&mut self, own: Option<LineRefusal>, others: Vec<PlanLine>, answer: AnswerTo) {
        let shortfall = Shortfall { lines: own.into_iter().collect(), mode: Mode::AllOrNothing };
        actix::spawn(shortfall.look_and_refuse(Arc::clone(&self.shared), others, answer));
    }

    /// A customer's limit refuses a basket, unless a key of it does not exist: that comes first.
    fn limit_unless_unknown(&mut self, others: Vec<PlanLine>, answer: AnswerTo) {
        let shortfall = Shortfall { lines: Vec::new(), mode: Mode::AllOrNothing };
        actix::spawn(shortfall.look_and_limit(Arc::clone(&self.shared), others, answer));
    }

    /// Answers a call that was made before with everything as it is now.
    pub(super) fn repeat(
        &mut self,
        command: &Command,
        answer: AnswerTo,
        reservation: Option<ReservationId>,
    ) {
        let id = command.reservation().filter(|_| !command.makes_reservation()).or(reservation);
        if let Some(id) = id {
            self.know(id);
        }
        self.done(answer, id, true);
    }

    pub(super) fn done(&mut self, answer: AnswerTo, id: Option<ReservationId>, replayed: bool) {
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
            AnswerTo::Place(place) => self.reply(place, self.told(id, replayed)),
            AnswerTo::Board { board, place } => {
                self.reply_on(board, place, self.told(id, replayed));
            }
            AnswerTo::Step(_) | AnswerTo::Nobody => {}
        }
    }

    /// A frame's reply to a command that was done.
    fn told(&self, id: Option<ReservationId>, replayed: bool) -> FrameReply {
        let ledger = &self.actor.ledger;
        let slot = id.and_then(|id| ledger.slot(id)).filter(|slot| slot.has_held());
        message::done(ledger, slot.map(|slot| slot.deadline(&self.terms)), replayed)
    }

    pub(super) fn refuse(&mut self, answer: AnswerTo, refusal: Refusal) {
        self.shared.stats.refused.fetch_add(1, Ordering::Relaxed);
        match answer {
            AnswerTo::Caller { tell, .. } => self.answers.push(Waiting::Call(tell, Err(refusal))),
            AnswerTo::Place(place) => self.reply(place, message::refused(&refusal)),
            AnswerTo::Board { board, place } => {
                self.reply_on(board, place, message::refused(&refusal))
            }
            AnswerTo::Step(tell) => drop(tell.send(Err(refusal))),
            AnswerTo::Nobody => {}
        }
    }

    /// Replies to the frame whose part is decided.
    pub(super) fn reply(&mut self, place: u32, reply: FrameReply) {
        self.replies.push((place, reply));
    }

    /// Replies to a frame whose command has waited. Those of one message are often of one frame, and are told together.
    fn reply_on(&mut self, board: Arc<Board>, place: u32, reply: FrameReply) {
        if self.board.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &board)) {
            self.close_board();
            self.board = Some(board);
        }
        self.replies.push((place, reply));
    }

    pub(super) fn close_board(&mut self) {
        if let Some(board) = self.board.take() {
            let replies = std::mem::take(&mut self.replies);
            if !replies.is_empty() {
                self.answers.push(Waiting::Frame(board, replies));
            }
        }
    }

    /// A repeat of a call that is under way waits for its outcome, then asks again.
    pub(super) fn wait(&mut self, asked: &Asked, answer: AnswerTo, told: oneshot::Receiver<()>) {
        let job = self.kept(asked, answer);
        let (shared, key) = (Arc::clone(&self.shared), self.actor.ledger.key().clone());
        actix::spawn(async move {
            // An error is the message: the claim was let go of.
            let _ = told.await;
            shared.deliver_job(&key, job);
        });
    }
}
