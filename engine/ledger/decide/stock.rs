//! Decides what concerns the shelf: counts and sales. Receipts and adjustments are facts.

use alloc::boxed::Box;

use crate::command::{Mode, Note};
use crate::event::Change;
use crate::ledger::StockLedger;
use crate::refusal::{Refusal, RefusalCode};

impl StockLedger {
    /// On hand becomes what was counted plus what moved since the shelf was counted.
    pub(super) fn count(
        &self,
        counted: i64,
        on_hand_then: Option<i64>,
        note: Option<Box<Note>>,
    ) -> Result<Change, Refusal> {
        let then = on_hand_then.unwrap_or(self.balances.on_hand);
        let delta =
            counted.checked_sub(then).ok_or_else(|| Refusal::plain(RefusalCode::LimitExceeded))?;
        Ok(Change::Counted { counted, delta, note })
    }

    pub(super) fn sell(
        &self,
        quantity: u32,
        handed_over: bool,
        note: Option<Box<Note>>,
    ) -> Result<Change, Refusal> {
        if !handed_over {
            self.promise(quantity, Mode::AllOrNothing)?;
        }
        Ok(Change::Sold { quantity, handed_over, note })
    }

    /// Units that may be promised of `quantity`: never more than leaves
    /// `available ≥ −oversell_limit`.
    pub(super) fn promise(&self, quantity: u32, mode: Mode) -> Result<u32, Refusal> {
        let promisable = self.balances.promisable();
        if i64::from(quantity) <= promisable {
            return Ok(quantity);
        }
        match (mode, u32::try_from(promisable)) {
            (Mode::Partial, Ok(some)) if some > 0 => Ok(some),
            _ => Err(self.short(quantity)),
        }
    }

    pub(super) fn short(&self, quantity: u32) -> Refusal {
        Refusal::short(
            RefusalCode::InsufficientStock,
            u64::from(quantity),
            self.balances.available(),
        )
    }
}
