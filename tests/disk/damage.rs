//! Damage to what lies still: every bit of what is written turned, every file cut at every page and sector, and records
//! of another history put behind valid ones. It is refused with where and how to go on, cut as a torn tail, rebuilt, or
//! does no harm; what was acknowledged is never lost in silence but where the format says so.

mod bases;
mod hits;
mod judge;

use saldo::store::TreeDamage;

use super::broken::Held;
use super::machine::Machine;
use super::script::{Script, Scripts};
use bases::{Base, bases};
use hits::Place;
use judge::{Told, judge};

/// What was tried, and what came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct DamageFigures {
    /// Bits turned.
    pub flips: u64,
    /// Files cut.
    pub cuts: u64,
    /// Records of another history put behind valid ones.
    pub splices: u64,
    /// Refused to start, with the file and how to go on.
    pub refused: u64,
    /// Cut as a torn tail, with nothing lost that was acknowledged.
    pub torn: u64,
    /// No start needs it; whoever reads it is told where it is damaged.
    pub unread: u64,
    /// No harm done: rebuilt from elsewhere, or not part of anything.
    pub harmless: u64,
    /// The last batch of a journal that was not closed: not told apart from a torn tail, as the format says.
    pub last_batch: u64,
    /// A journal cut short, and reported as that.
    pub cut_short: u64,
    /// A journal cut where its records end, which a start that was cut short leaves too.
    pub cut_at_end: u64,
}

impl DamageFigures {
    fn count(&mut self, told: Told) {
        match told {
            Told::Refused => self.refused += 1,
            Told::Torn => self.torn += 1,
            Told::Unread => self.unread += 1,
            Told::Harmless => self.harmless += 1,
            Told::LastBatch => self.last_batch += 1,
            Told::CutShort => self.cut_short += 1,
            Told::CutAtEnd => self.cut_at_end += 1,
        }
    }
}

/// Damages what the script left behind: every bit where `full`, otherwise a sample of them.
///
/// # Errors
/// [`super::Broken`] names the file and the place.
pub fn damage_of(
    scripts: &Scripts,
    full: bool,
    progress: &mut dyn FnMut(u64, u64),
) -> Held<DamageFigures> {
    let mut figures = DamageFigures::default();
    let bases = bases(&scripts.script)?;
    for (number, base) in (0..).zip(&bases) {
        progress(number, bases.len() as u64);
        of_files(base, full, &mut figures).map_err(|broken| broken.at(base.name))?;
        of_tree(base, full, &mut figures).map_err(|broken| broken.at(base.name))?;
    }
    if let (Some(base), Some(other)) = (bases.first(), &scripts.other) {
        of_other_history(base, other, &mut figures)?;
    }
    Ok(figures)
}

fn of_files(base: &Base<'_>, full: bool, figures: &mut DamageFigures) -> Held {
    for place in hits::flips(base, full) {
        let machine = base.of(&place);
        if hits::flip(&machine, &place) {
            figures.flips += 1;
            one(base, &machine, &place, figures)?;
        }
    }
    for place in hits::cuts(base, full) {
        let machine = base.of(&place);
        if hits::cut(&machine, &place) {
            figures.cuts += 1;
            one(base, &machine, &place, figures)?;
        }
    }
    Ok(())
}

fn one(base: &Base<'_>, machine: &Machine, place: &Place, figures: &mut DamageFigures) -> Held {
    let told = judge(machine, base, place).map_err(|broken| broken.at(format!("{place:?}")))?;
    figures.count(told);
    Ok(())
}

fn of_tree(base: &Base<'_>, full: bool, figures: &mut DamageFigures) -> Held {
    let step = if full { 1 } else { 97 };
    let flips = (0..base.machine.tree.len())
        .flat_map(|entry| (entry % step..512).step_by(step).map(move |bit| (entry, bit)))
        .map(|(entry, bit)| TreeDamage::Flip { entry, bit });
    let lost = (1..=base.machine.tree.len()).map(|entries| TreeDamage::DropLast { entries });
    for damage in flips.chain(lost).chain([TreeDamage::Cut]) {
        let machine = base.machine.process_crash();
        if machine.tree.damage(damage) {
            figures.flips += 1;
            let place = Place::of_tree();
            let told =
                judge(&machine, base, &place).map_err(|broken| broken.at(format!("{damage:?}")))?;
            figures.count(told);
        }
    }
    Ok(())
}

/// A record that is valid in itself, with the right sequence and run, is not believed where another came before it.
fn of_other_history(base: &Base<'_>, other: &Script, figures: &mut DamageFigures) -> Held {
    let stranger = bases::left_by(other)?;
    for (machine, place, known) in hits::splices(base, &stranger.machine) {
        figures.splices += 1;
        let is_whole = known == base.known_durable;
        let base = Base { known_durable: known, is_whole, ..base.clone_of() };
        one(&base, &machine, &place, figures)?;
    }
    Ok(())
}
