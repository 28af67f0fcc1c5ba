//! Attacks on what is written: at every operation every state that a crash can leave, every operation failing,
//! every bit flipped.

mod book;
mod broken;
mod check;
mod damage;
mod errors;
mod machine;
mod made_up;
mod medium;
mod pages;
mod rows;
mod run;
mod script;
mod states;
mod truth;

pub use broken::Broken;
pub use damage::{DamageFigures, damage_of};
pub use errors::{ErrorFigures, errors_of};
pub use script::{SCRIPT, Script, Scripts};
pub use states::{StateFigures, states_of};

/// Checks the crash states of the script: every one where `full`, otherwise those of long writes at places.
///
/// # Errors
/// [`Broken`] says which promise did not hold, and at which boundary.
pub fn states(full: bool) -> Result<StateFigures, Broken> {
    states_of(&Scripts::fixed()?.script, full, &mut |_, _| {})
}

/// Fails each operation of the script in turn: in every way where `full`, otherwise in one way each.
///
/// # Errors
/// [`Broken`] says which promise did not hold, and which operation had failed.
pub fn errors(full: bool) -> Result<ErrorFigures, Broken> {
    errors_of(&Scripts::fixed()?.script, full, &mut |_, _| {})
}

/// Damages what the script left behind: every bit where `full`, otherwise a sample of them.
///
/// # Errors
/// [`Broken`] says which promise did not hold, and what had been damaged.
pub fn damage(full: bool) -> Result<DamageFigures, Broken> {
    damage_of(&Scripts::fixed()?, full, &mut |_, _| {})
}
