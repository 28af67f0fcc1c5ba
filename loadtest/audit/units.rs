//! What operations and events do to the balances of a key: the audit's own arithmetic, from the rules of stock.

use saldo_protocol::binary::{BalancesRecord, KindRecord, MovementRecord};

use crate::workload::op::Verb;

/// The balances that a run moves, in whole units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Units {
    /// Physically there.
    pub(super) on_hand: i64,
    /// In open holds.
    pub(super) reserved: i64,
    /// Promised to orders.
    pub(super) committed: i64,
}

/// What moves units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// An operation.
    Verb(Verb),
    /// A hold that ran out of time: the engine's own.
    Expiry,
}

impl Units {
    /// The part of an event's balances that a run moves.
    pub(super) const fn of(balances: &BalancesRecord) -> Self {
        let BalancesRecord { on_hand, reserved, committed, .. } = *balances;
        Self { on_hand, reserved, committed }
    }

    /// After so many units were moved.
    pub(super) const fn after(mut self, cause: Cause, units: i64) -> Self {
        match cause {
            Cause::Verb(Verb::Receive | Verb::Return) => self.on_hand += units,
            Cause::Verb(Verb::Reserve) => self.reserved += units,
            Cause::Verb(Verb::Commit) => {
                self.reserved -= units;
                self.committed += units;
            }
            Cause::Verb(Verb::Fulfil) => {
                self.committed -= units;
                self.on_hand -= units;
            }
            Cause::Verb(Verb::Release) | Cause::Expiry => self.reserved -= units,
            Cause::Verb(Verb::Cancel) => self.committed -= units,
            Cause::Verb(Verb::Sell) => self.on_hand -= units,
            Cause::Verb(Verb::Extend | Verb::Read) => {}
        }
        self
    }

    /// Units by which the two differ, all balances together.
    pub(super) const fn difference(self, other: Self) -> u64 {
        self.on_hand.abs_diff(other.on_hand)
            + self.reserved.abs_diff(other.reserved)
            + self.committed.abs_diff(other.committed)
    }
}

/// Units by which two sets of balances differ, all balances but `available` together.
pub(super) const fn difference(one: &BalancesRecord, other: &BalancesRecord) -> u64 {
    Units::of(one).difference(Units::of(other))
        + one.damaged.abs_diff(other.damaged)
        + one.quality_control.abs_diff(other.quality_control)
        + one.safety_stock.abs_diff(other.safety_stock)
        + one.incoming.abs_diff(other.incoming)
}

/// What caused an event; none where no operation of a run causes such. A release is of held or of committed units,
/// which only its balances tell.
pub(super) const fn cause(event: &MovementRecord<'_>) -> Option<Cause> {
    let verb = match event.kind {
        KindRecord::Received => Verb::Receive,
        KindRecord::Reserved => Verb::Reserve,
        KindRecord::Extended => Verb::Extend,
        KindRecord::Committed => Verb::Commit,
        KindRecord::Fulfilled => Verb::Fulfil,
        KindRecord::Released if event.after.committed < event.before.committed => Verb::Cancel,
        KindRecord::Released => Verb::Release,
        KindRecord::Expired => return Some(Cause::Expiry),
        KindRecord::Returned => Verb::Return,
        KindRecord::Sold => Verb::Sell,
        KindRecord::Adjusted
        | KindRecord::Counted
        | KindRecord::PolicySet
        | KindRecord::Opening => return None,
    };
    Some(Cause::Verb(verb))
}

/// Whether `available` is what the other balances make it.
pub(super) const fn adds_up(balances: &BalancesRecord) -> bool {
    balances.available
        == balances.on_hand
            - balances.damaged
            - balances.quality_control
            - balances.safety_stock
            - balances.reserved
            - balances.committed
}
