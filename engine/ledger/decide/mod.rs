//! Deciding: everything is checked and nothing changed. Each file decides one kind of message.

mod reserve;
mod settle;
mod stock;

pub(crate) use settle::lines_by_key;

use crate::command::Command;
use crate::event::{Change, Event};
use crate::ledger::StockLedger;
use crate::refusal::{Refusal, RefusalCode};
use crate::terms::Terms;
use crate::time::Timestamp;

impl StockLedger {
    /// Decides a command at the logged time `now`.
    ///
    /// # Errors
    /// The [`Refusal`] whose code comes first in the order of precedence. A refused command leaves
    /// no trace.
    pub fn decide(
        &self,
        command: &Command,
        terms: &Terms,
        now: Timestamp,
    ) -> Result<Event, Refusal> {
        if self.version == 0 && !command.creates() {
            return Err(Refusal::plain(RefusalCode::UnknownStock));
        }
        let change = match command {
            Command::Receive { quantity, from_incoming, note } => Change::Received {
                quantity: *quantity,
                from_incoming: *from_incoming,
                note: note.clone(),
            },
            Command::Adjust { delta, bucket, note } => {
                Change::Adjusted { delta: *delta, bucket: *bucket, note: note.clone() }
            }
            Command::Count { counted, on_hand_then, note } => {
                self.count(*counted, *on_hand_then, note.clone())?
            }
            Command::SetPolicy { safety_stock, oversell_limit } => Change::PolicySet {
                safety_stock: safety_stock.unwrap_or(self.balances.safety_stock),
                oversell_limit: oversell_limit.unwrap_or(self.balances.oversell_limit),
            },
            Command::Sell { quantity, handed_over, note } => {
                self.sell(*quantity, *handed_over, note.clone())?
            }
            Command::Reserve(reserve) => self.reserve(reserve, terms, now)?,
            Command::ReserveOne { id, fingerprint, quantity, hold_seconds, mode } => {
                Change::Reserved {
                    id: *id,
                    fingerprint: *fingerprint,
                    requested: *quantity,
                    quantity: self.promise(*quantity, *mode)?,
                    hold_seconds: *hold_seconds,
                    references: None,
                }
            }
            Command::Close { id, grants } => self.close_plan(*id, grants.as_deref())?,
            Command::Pend { id, home, quantity, mode } => {
                self.pend_units(*id, home, *quantity, *mode)?
            }
            Command::Unpend { id, quantity } => Change::Unpended { id: *id, quantity: *quantity },
            Command::Extend { id, hold_seconds } => self.extend(*id, *hold_seconds, terms, now)?,
            Command::Settle { id, verb, selection } => {
                self.settle(*id, *verb, selection, terms, now)?
            }
            Command::Carry { id, verb, quantity } => {
                Change::Carried { id: *id, verb: *verb, quantity: *quantity }
            }
            Command::Return { id, lines, arrivals } => {
                self.take_back_units(*id, lines, arrivals)?
            }
            Command::Arrive { id, of_order, here, others, note } => Change::Returned {
                id: *id,
                of_order: *of_order,
                here: *here,
                lines: alloc::vec::Vec::new(),
                others: others.clone(),
                note: note.clone(),
            },
        };
        self.check_balances(&change)?;
        Ok(Event { at: now, once: None, change })
    }

    /// Refuses a change that would take a balance out of its range.
    fn check_balances(&self, change: &Change) -> Result<(), Refusal> {
        let mut after = self.balances;
        after.apply(change);
        if after.in_range() { Ok(()) } else { Err(Refusal::plain(RefusalCode::LimitExceeded)) }
    }
}
