//! What is wrong: counts of everything, and sentences on the first faults.

use crate::measure::figures::AuditFigures;

/// Sentences that are kept; further faults are counted only.
pub const SHOWN_MAX: usize = 20;

/// The figures while they come together.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The counts.
    pub(super) figures: AuditFigures,
}

/// Which count a fault belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Units granted that were not there.
    Oversold,
    /// Units left over although demand was larger.
    Undersold,
    /// Units by which books, balances and answers differ.
    Drift,
    /// Granted reservations that are not found, or not as answered.
    Lost,
    /// Answers that no order of the operations explains.
    NotLinearizable,
    /// Anything else that contradicts.
    Disagreement,
}

impl Findings {
    /// Counts a fault; the sentence is made only where there is room for it.
    pub(super) fn add(&mut self, fault: Fault, count: u64, sentence: impl FnOnce() -> String) {
        let figures = &mut self.figures;
        let counted = match fault {
            Fault::Oversold => &mut figures.oversold,
            Fault::Undersold => &mut figures.undersold,
            Fault::Drift => &mut figures.drift,
            Fault::Lost => &mut figures.lost,
            Fault::NotLinearizable => &mut figures.not_linearizable,
            Fault::Disagreement => &mut figures.disagreements,
        };
        *counted += count;
        if count > 0 && figures.shown.len() < SHOWN_MAX {
            figures.shown.push(sentence());
        }
    }
}
