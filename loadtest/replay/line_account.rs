//! What the events of one reservation come to on one key: the account that the answers give, the one that the
//! movements give, and when the two agree.
//!
//! A basket over several keys is planned at its home, the first key in key order, then asked of each other key in
//! that order, and closed at the home. So the home has events that move none of its own units, and a basket that
//! falls short at a key has been reserved and released again, whole, at every key before it and at none behind.

use std::fmt;

use saldo_protocol::MovementKind;

/// Units by kind of event, and the events that move none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineAccount {
    /// Units held.
    pub reserved: i64,
    /// Units promised.
    pub committed: i64,
    /// Units handed over.
    pub fulfilled: i64,
    /// Held units given up.
    pub released: i64,
    /// Held units that ran out of time.
    pub expired: i64,
    /// Units that came back.
    pub returned: i64,
    /// Events `reserved` of no unit: a home that closes a granted plan.
    pub closings: u64,
    /// Other events of no unit: steps that a home decided for other keys only.
    pub steps_elsewhere: u64,
}

impl LineAccount {
    /// Counts an event. False for kinds that no reservation causes here.
    #[must_use]
    pub const fn take(&mut self, kind: MovementKind, units: i64) -> bool {
        let sum = match kind {
            MovementKind::Reserved => &mut self.reserved,
            MovementKind::Committed => &mut self.committed,
            MovementKind::Fulfilled => &mut self.fulfilled,
            MovementKind::Released => &mut self.released,
            MovementKind::Expired => &mut self.expired,
            MovementKind::Returned => &mut self.returned,
            MovementKind::Received
            | MovementKind::Adjusted
            | MovementKind::Counted
            | MovementKind::PolicySet
            | MovementKind::Extended
            | MovementKind::Sold
            | MovementKind::Opening => return false,
        };
        *sum += units;
        match (units, kind) {
            (0, MovementKind::Reserved) => self.closings += 1,
            (0, _) => self.steps_elsewhere += 1,
            _ => {}
        }
        true
    }
}

impl fmt::Display for LineAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "reserved {}, committed {}, fulfilled {}, released {}, expired {}, returned {} (closed {} times, {} steps \
             of other keys)",
            self.reserved,
            self.committed,
            self.fulfilled,
            self.released,
            self.expired,
            self.returned,
            self.closings,
            self.steps_elsewhere
        )
    }
}

/// What the answers say of one reservation on one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineModel {
    /// Units that each attempt asks for, at least 1.
    pub asked: i64,
    /// What became of those that were granted.
    pub account: LineAccount,
    /// How many attempts, by their refusals, reserved the units here and released them again.
    pub withdrawn: u64,
}

impl LineModel {
    /// How many attempts the movements show as withdrawn, where they agree with the answers; otherwise None.
    /// `disturbed`: attempts may have ended without an answer, so there may be more than the answers tell.
    #[must_use]
    pub fn withdrawn_in(&self, found: &LineAccount, disturbed: bool) -> Option<u64> {
        let units = found.released - self.account.released;
        let whole = self.asked > 0 && units >= 0 && units % self.asked == 0;
        let attempts = whole.then(|| units.unsigned_abs() / self.asked.unsigned_abs())?;
        let explained = LineAccount {
            reserved: self.account.reserved + units,
            released: found.released,
            ..self.account
        };
        let counted =
            if disturbed { attempts >= self.withdrawn } else { attempts == self.withdrawn };
        (counted && explained == *found).then_some(attempts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESERVED: MovementKind = MovementKind::Reserved;
    const RELEASED: MovementKind = MovementKind::Released;

    fn account(events: &[(MovementKind, i64)]) -> LineAccount {
        let mut account = LineAccount::default();
        for &(kind, units) in events {
            assert!(account.take(kind, units));
        }
        account
    }

    fn granted() -> LineModel {
        let steps = [(RESERVED, 3), (RESERVED, 0), (MovementKind::Committed, 3)];
        LineModel { asked: 3, account: account(&steps), withdrawn: 0 }
    }

    #[test]
    fn a_grant_agrees_with_exactly_its_own_events() {
        let mut found = granted().account;
        assert_eq!(granted().withdrawn_in(&found, false), Some(0));
        for (kind, units) in [
            (RESERVED, 1),
            (RESERVED, 0),
            (RELEASED, 3),
            (MovementKind::Committed, 0),
            (MovementKind::Returned, 3),
        ] {
            let mut other = found;
            assert!(other.take(kind, units));
            assert_eq!(granted().withdrawn_in(&other, true), None, "{kind:?} {units}");
        }
        assert!(!found.take(MovementKind::Sold, 1));
    }

    #[test]
    fn a_refusal_agrees_with_the_whole_line_reserved_and_released_as_often_as_was_told() {
        let model = LineModel { asked: 3, withdrawn: 1, ..LineModel::default() };
        let pair = |units| account(&[(RESERVED, units), (RELEASED, units)]);
        assert_eq!(model.withdrawn_in(&pair(3), false), Some(1));
        for found in [pair(2), pair(6), LineAccount::default(), account(&[(RESERVED, 3)])] {
            assert_eq!(model.withdrawn_in(&found, false), None, "{found}");
        }
    }

    #[test]
    fn an_attempt_without_an_answer_may_have_been_withdrawn_too() {
        let mut found = granted().account;
        assert!(found.take(RESERVED, 3) && found.take(RELEASED, 3));
        assert_eq!(granted().withdrawn_in(&found, true), Some(1));
        assert_eq!(granted().withdrawn_in(&found, false), None);
        // Part of a line is no attempt.
        assert!(found.take(RESERVED, 1) && found.take(RELEASED, 1));
        assert_eq!(granted().withdrawn_in(&found, true), None);
    }
}
