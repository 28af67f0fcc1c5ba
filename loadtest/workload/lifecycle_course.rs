//! What becomes of one reservation of `lifecycle`. Its course follows from the seed and its ticket, and where it stands
//! from the step that was answered: a verb occurs at most twice in a course, first with a part, then with the rest.

use crate::workload::draw::Course;
use crate::workload::lifecycle::LifecycleSettings;
use crate::workload::names::Ticket;
use crate::workload::op::{Op, Verb};

/// The extension of a hold whose own time is the engine's default, in seconds.
const EXTEND_SECONDS: u32 = 900;

/// How a hold ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Commit,
    Release,
    Expire,
}

/// Where a commitment ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closing {
    Fulfil,
    Cancel,
    Stay,
}

/// A course, drawn as a whole. Parts are the units of a verb's first step; 0 where all are taken at once.
#[derive(Clone, Copy, Debug)]
struct Plan {
    quantity: u32,
    ending: Ending,
    is_extended: bool,
    ending_part: u32,
    closing: Closing,
    closing_part: u32,
    is_returned: bool,
    return_part: u32,
}

impl Plan {
    /// The draws' order is part of what a seed means.
    fn of(settings: &LifecycleSettings, seed: u64, reservation: Ticket) -> Self {
        let mut course = Course::of(seed, reservation);
        let quantity = course.one_to(settings.quantity_max);
        let (commit, release) = (settings.commit_share, settings.release_share);
        let ending = match course.unit() {
            drawn if drawn < commit => Ending::Commit,
            drawn if drawn < commit + release => Ending::Release,
            _ => Ending::Expire,
        };
        let (fulfil, cancel) = (settings.fulfil_share, settings.cancel_share);
        let closing = match course.unit() {
            drawn if drawn < fulfil => Closing::Fulfil,
            drawn if drawn < fulfil + cancel => Closing::Cancel,
            _ => Closing::Stay,
        };
        let is_extended = course.chance(settings.extend_share);
        let is_returned = course.chance(settings.return_share);
        let mut part = || {
            let units = course.one_to(quantity.saturating_sub(1));
            if course.chance(settings.part_share) && quantity > 1 { units } else { 0 }
        };
        let [ending_part, closing_part, return_part] = [part(), part(), part()];
        Self {
            quantity,
            ending,
            is_extended,
            ending_part,
            closing,
            closing_part,
            is_returned,
            return_part,
        }
    }

    /// What comes behind the reserve or the extension: the hold's end.
    const fn end(self) -> Option<(Verb, u32)> {
        match self.ending {
            Ending::Commit => Some((Verb::Commit, self.ending_part)),
            Ending::Release => Some((Verb::Release, self.ending_part)),
            Ending::Expire => None,
        }
    }

    /// What comes behind the last commit.
    const fn close(self) -> Option<(Verb, u32)> {
        match self.closing {
            Closing::Fulfil => Some((Verb::Fulfil, self.closing_part)),
            Closing::Cancel => Some((Verb::Cancel, self.closing_part)),
            Closing::Stay => None,
        }
    }
}

/// Units and hold of a reservation.
pub fn first_step(settings: &LifecycleSettings, seed: u64, reservation: Ticket) -> (u32, u32) {
    let plan = Plan::of(settings, seed, reservation);
    let is_left = plan.ending == Ending::Expire;
    (plan.quantity, if is_left { settings.expire_seconds } else { settings.hold_seconds })
}

/// What comes behind a step that was carried out; none where the course is at its end. The name is still the answered
/// step's.
pub fn step_after(settings: &LifecycleSettings, seed: u64, op: &Op) -> Option<Op> {
    let plan = Plan::of(settings, seed, op.reservation);
    let step = |verb, quantity, is_whole| {
        Some(Op { verb, quantity, is_whole, hold_seconds: 0, ..op.clone() })
    };
    // The first step of a verb: the part, or all at once.
    let first = |(verb, part): (Verb, u32)| match part {
        0 => step(verb, plan.quantity, true),
        part => step(verb, part, false),
    };
    match op.verb {
        Verb::Reserve if plan.is_extended && plan.ending != Ending::Expire => {
            let hold_seconds = match settings.hold_seconds {
                0 => EXTEND_SECONDS,
                seconds => seconds,
            };
            Some(Op { verb: Verb::Extend, quantity: 0, hold_seconds, ..op.clone() })
        }
        Verb::Reserve | Verb::Extend => plan.end().and_then(first),
        Verb::Commit | Verb::Release | Verb::Fulfil | Verb::Cancel if !op.is_whole => {
            step(op.verb, plan.quantity.saturating_sub(op.quantity), true)
        }
        Verb::Commit => plan.close().and_then(first),
        Verb::Fulfil if plan.is_returned => first((Verb::Return, plan.return_part)),
        _ => None,
    }
}

#[cfg(test)]
#[path = "lifecycle_course_tests.rs"]
mod tests;
