//! The end of a turn: its group goes to the journal, and what follows from it comes behind it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use saldo_ledger::RefusalCode;

use super::{After, Turn, ahead};
use crate::actor::message::Notice;
use crate::journal::JournalError;
use crate::planted::{Bug, is_awake};
use crate::store::save;

impl Turn<'_> {
    /// Gives the group to the journal. The answers go with the turn's last group.
    pub(super) fn flush(&mut self, last: bool) -> bool {
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
                self.refuses_changes = self.shared.refuses_changes();
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
                After::Decided(once, _) if is_awake(Bug::DropIdempotencyEntry) => {
                    self.shared.once.forget(once);
                }
                After::Decided(once, id) => self.shared.once.decided(once, id, self.now),
                After::Gone(id) => ahead::release(id, &self.actor.ledger, &self.shared.ids),
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
        self.let_go(code);
        self.close_board();
        for answer in self.answers.drain(..) {
            answer.tell_refused(code);
        }
    }

    /// Nothing follows from what the journal does not hold.
    fn let_go(&mut self, code: RefusalCode) {
        for after in self.after.drain(..) {
            match after {
                After::Decided(once, _) => self.shared.once.forget(once),
                After::Gone(_) => {}
                After::Begin(operation) => {
                    let id = operation.id();
                    if let Some(once) = operation.give_up(code) {
                        self.shared.once.forget(once);
                    }
                    // It never began: nothing waits for its end, commands parked behind it and checkpoints neither.
                    self.shared.operations.end(id);
                    for job in self.actor.under_way.remove(&id).unwrap_or_default() {
                        job.answer.refuse(code.into());
                    }
                }
                After::Step(tell, _) => drop(tell.send(Err(code.into()))),
            }
        }
    }
}

/// A panic undoes what the journal does not hold: a repeat under the same key is decided anew, once the key is rebuilt.
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if let Some(once) = self.claiming.take() {
                self.shared.once.forget(once);
            }
            self.let_go(RefusalCode::OutcomeUnknown);
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
