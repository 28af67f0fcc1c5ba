//! Open holds by customer, where policy limits them. Without a limit nothing is counted.

use dashmap::DashMap;
use saldo_ledger::{Command, Refusal, RefusalCode, ReservationId, Slot, StockLedger};

/// Counts of held lines by `customer_reference`.
#[derive(Debug)]
pub struct Customers {
    /// Most open holds of one customer; 0 for no limit.
    limit: u64,
    held: DashMap<Box<str>, u64>,
}

impl Customers {
    /// Counts against `open_holds_per_customer_max`.
    #[must_use]
    pub fn new(limit: u64) -> Self {
        Self { limit, held: DashMap::new() }
    }

    /// Held lines of the command's reservation, if they are counted.
    pub fn held(&self, ledger: &StockLedger, command: &Command) -> u64 {
        if self.limit == 0 {
            return 0;
        }
        command.reservation().and_then(|id| of(ledger, id)).map_or(0, |(_, lines)| lines)
    }

    /// Takes in that the command's reservation changed; `before` is what [`Customers::held`] told.
    pub fn changed(&self, ledger: &StockLedger, command: &Command, before: u64) {
        if self.limit == 0 {
            return;
        }
        let Some(id) = command.reservation() else { return };
        match of(ledger, id) {
            Some((customer, lines)) => self.add(&customer, before, lines),
            None if before > 0 => {
                let customer = ledger.view(id, &saldo_ledger::Terms::default());
                if let Some(customer) = customer.and_then(|view| view.references.customer) {
                    self.add(&customer, before, 0);
                }
            }
            None => {}
        }
    }

    /// Counts a reservation that was open before the engine started.
    pub fn restore(&self, slot: &Slot) {
        if self.limit > 0
            && let Some((customer, lines)) = of_slot(slot)
        {
            self.add(&customer, 0, lines);
        }
    }

    fn add(&self, customer: &str, before: u64, after: u64) {
        if before == after {
            return;
        }
        let mut held = self.held.entry(customer.into()).or_default();
        *held = (*held + after).saturating_sub(before);
        let empty = *held == 0;
        drop(held);
        if empty {
            self.held.remove_if(customer, |_, held| *held == 0);
        }
    }

    /// Refuses a reserve or cart-add that would give its customer more open holds than allowed.
    ///
    /// # Errors
    /// `hold_limit`.
    pub fn check(&self, command: &Command, ledger: &StockLedger) -> Result<(), Refusal> {
        let Command::Reserve(reserve) = command else { return Ok(()) };
        if self.limit == 0 {
            return Ok(());
        }
        let customer = if reserve.adding {
            ledger.slot(reserve.id).and_then(of_slot).map(|(customer, _)| customer)
        } else {
            reserve.references.as_ref().and_then(|references| references.customer.clone())
        };
        let Some(customer) = customer else { return Ok(()) };
        let lines = u64::from(reserve.own > 0) + reserve.others.len() as u64;
        let held = self.held.get(&customer).map_or(0, |held| *held);
        if held + lines > self.limit {
            return Err(Refusal::plain(RefusalCode::HoldLimit));
        }
        Ok(())
    }
}

fn of(ledger: &StockLedger, id: ReservationId) -> Option<(Box<str>, u64)> {
    of_slot(ledger.slot(id)?)
}

fn of_slot(slot: &Slot) -> Option<(Box<str>, u64)> {
    let customer = slot.basket()?.references.customer.clone()?;
    let others = slot.others().iter().filter(|line| line.units.held > 0).count() as u64;
    Some((customer, u64::from(slot.units.held > 0) + others))
}
