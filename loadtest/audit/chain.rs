//! The books of one key, event after event: versions without a gap, balances that lead into each other, each kind's
//! effect, and no promise of what is not there.

use saldo_protocol::Level;
use saldo_protocol::binary::{BalancesRecord, KindRecord, MovementRecord};

use crate::audit::findings::Fault;
use crate::audit::units::{Cause, Units, adds_up, cause, difference};
use crate::history::witness::KeyHistory;
use crate::workload::op::Verb;

/// Versions that may be missing before a key's history is given up: more is no lost event but a number gone wild.
const MISSING_MAX: u64 = 1_000_000;

/// A fault of the books, in words.
pub(super) type Wrong = (Fault, u64, String);

/// The books of one key.
#[derive(Debug)]
pub(super) struct Chain {
    /// Versions and balances where the books end.
    level: Option<Level>,
    /// The last event's version; 0 before the first.
    pub(super) version: u64,
    /// The balances that it left.
    pub(super) balances: BalancesRecord,
    /// The balances before the first event.
    pub(super) begin: BalancesRecord,
    /// For the witness check; none before the first event, or where the versions make no history.
    pub(super) history: Option<KeyHistory>,
    is_broken: bool,
    /// Units that promises took below what may be promised.
    pub(super) oversold: u64,
    /// Units that holds gave back or that came in: what may be promised a second time.
    pub(super) came_back: i64,
    /// Held units that ran out of time.
    pub(super) expired: i64,
}

impl Chain {
    pub(super) fn new(level: Option<Level>) -> Self {
        Self {
            level,
            version: 0,
            balances: BalancesRecord::default(),
            begin: BalancesRecord::default(),
            history: None,
            is_broken: false,
            oversold: 0,
            came_back: 0,
            expired: 0,
        }
    }

    /// The version up to which the books are read.
    pub(super) fn end(&self) -> u64 {
        self.level.as_ref().map_or(0, |level| level.version)
    }

    pub(super) const fn level(&self) -> Option<&Level> {
        self.level.as_ref()
    }

    /// Takes the next event. Those behind the end count for nothing: the engine's holds go on running out.
    pub(super) fn take(&mut self, event: &MovementRecord<'_>, mut say: impl FnMut(Wrong)) {
        if self.version == 0 {
            self.begin = event.before;
            let history = KeyHistory::new(event.version.saturating_sub(1), event.before.available);
            self.history = Some(history);
        } else {
            self.link(event, &mut say);
        }
        self.step(event, &mut say);
        self.promise(event, &mut say);
        if event.version > self.version {
            self.version = event.version;
            if let Some(history) = &mut self.history {
                history.push(event.after.available);
            }
        }
        self.balances = event.after;
    }

    /// The event must follow the one before.
    fn link(&mut self, event: &MovementRecord<'_>, say: &mut impl FnMut(Wrong)) {
        let due = self.version + 1;
        if event.version != due {
            let sentence = format!("follows version {}: {due} was due", self.version);
            say((Fault::Disagreement, event.version.abs_diff(due).min(MISSING_MAX), sentence));
            let missing = event.version.saturating_sub(due);
            match &mut self.history {
                Some(history) if missing <= MISSING_MAX => {
                    for _ in 0..missing {
                        history.push(event.before.available);
                    }
                }
                _ => self.history = None,
            }
            self.is_broken = true;
        }
        if event.before != self.balances {
            let units = difference(&event.before, &self.balances).max(1);
            let sentence = format!(
                "begins with other balances than version {} left: {:?} instead of {:?}",
                self.version, event.before, self.balances
            );
            say((Fault::Drift, units, sentence));
        }
    }

    /// Kind and quantity must lead from the balances before to those after.
    fn step(&mut self, event: &MovementRecord<'_>, say: &mut impl FnMut(Wrong)) {
        let (before, after) = (Units::of(&event.before), Units::of(&event.after));
        if !adds_up(&event.after) {
            let sentence = "has an available that its other balances do not make".to_owned();
            say((Fault::Drift, 1, sentence));
        }
        let Some(cause) = cause(event) else { return };
        let expected = before.after(cause, event.quantity);
        if expected != after {
            let sentence = format!("left {after:?}: {expected:?} was due");
            say((Fault::Drift, expected.difference(after), sentence));
        }
        match cause {
            Cause::Expiry => {
                self.came_back += event.quantity;
                self.expired += event.quantity;
            }
            Cause::Verb(Verb::Receive | Verb::Return | Verb::Release | Verb::Cancel) => {
                self.came_back += event.quantity;
            }
            Cause::Verb(_) => {}
        }
    }

    /// A promise never leaves less than the oversell limit allows.
    fn promise(&mut self, event: &MovementRecord<'_>, say: &mut impl FnMut(Wrong)) {
        let is_promise = matches!(event.kind, KindRecord::Reserved | KindRecord::Sold);
        let floor = self.level.as_ref().map_or(0, |level| -level.oversell_limit);
        let below = floor - event.after.available;
        if is_promise && event.quantity > 0 && below > 0 {
            let units = below.min(event.quantity).unsigned_abs();
            self.oversold += units;
            say((Fault::Oversold, units, "promised what was not there".to_owned()));
        }
    }

    /// What the books end with must be the level.
    pub(super) fn finish(&self, mut say: impl FnMut(Wrong)) {
        let Some(level) = &self.level else { return };
        if self.version != level.version {
            let sentence = format!(
                "the books end with version {}, the level has version {}",
                self.version, level.version
            );
            say((Fault::Disagreement, level.version.abs_diff(self.version), sentence));
        }
        let told = BalancesRecord {
            on_hand: level.on_hand,
            reserved: level.reserved,
            committed: level.committed,
            damaged: level.damaged,
            quality_control: level.quality_control,
            safety_stock: level.safety_stock,
            incoming: level.incoming,
            available: level.available,
        };
        if told != self.balances {
            let units = difference(&told, &self.balances).max(1);
            let sentence =
                format!("the level tells {told:?}, the books end with {:?}", self.balances);
            say((Fault::Drift, units, sentence));
        }
    }
}
