//! Balances folded from events, written without the engine's own arithmetic.

use saldo_ledger::{Arrivals, Balances, Bucket, Change, Verb};

/// Balances after a change.
pub fn after(before: &Balances, change: &Change) -> Balances {
    let mut it = *before;
    match change {
        Change::Received { quantity, from_incoming, .. } => {
            it.on_hand += i64::from(*quantity);
            it.incoming -= if *from_incoming { i64::from(*quantity) } else { 0 };
        }
        Change::Adjusted { delta, bucket, .. } => match bucket {
            Bucket::OnHand => it.on_hand += delta,
            Bucket::Damaged => it.damaged += delta,
            Bucket::QualityControl => it.quality_control += delta,
            Bucket::Incoming => it.incoming += delta,
        },
        Change::Counted { delta, .. } => it.on_hand += delta,
        Change::PolicySet { safety_stock, oversell_limit } => {
            (it.safety_stock, it.oversell_limit) = (*safety_stock, *oversell_limit);
        }
        Change::Sold { quantity, .. } => it.on_hand -= i64::from(*quantity),
        Change::Reserved { quantity, .. }
        | Change::Added { quantity, .. }
        | Change::Planned { quantity, .. }
        | Change::Pended { quantity, .. } => it.reserved += i64::from(*quantity),
        Change::Withdrawn { quantity, .. } | Change::Unpended { quantity, .. } => {
            it.reserved -= i64::from(*quantity);
        }
        Change::Granted { .. } | Change::Extended { .. } => {}
        Change::Settled { verb, own, .. } => step(&mut it, *verb, i64::from(*own)),
        Change::Carried { verb, quantity, .. } => step(&mut it, *verb, i64::from(*quantity)),
        Change::Returned { here, .. } => {
            let Arrivals { sellable, damaged, quality_control } = *here;
            let [sellable, damaged, inspected] =
                [sellable, damaged, quality_control].map(i64::from);
            it.on_hand += sellable + damaged + inspected;
            it.damaged += damaged;
            it.quality_control += inspected;
        }
    }
    it
}

fn step(it: &mut Balances, verb: Verb, units: i64) {
    match verb {
        Verb::Commit => {
            it.reserved -= units;
            it.committed += units;
        }
        Verb::Fulfil => {
            it.committed -= units;
            it.on_hand -= units;
        }
        Verb::Cancel => it.committed -= units,
        Verb::Release | Verb::Expire => it.reserved -= units,
    }
}

/// What may still be promised, before the policy's limit.
pub fn available(it: &Balances) -> i64 {
    it.on_hand - it.damaged - it.quality_control - it.safety_stock - it.reserved - it.committed
}

/// Units that a change promises: those must be there.
pub fn promised(change: &Change) -> u32 {
    match change {
        Change::Reserved { quantity, .. }
        | Change::Added { quantity, .. }
        | Change::Planned { quantity, .. }
        | Change::Pended { quantity, .. }
        | Change::Sold { quantity, handed_over: false, .. } => *quantity,
        _ => 0,
    }
}
