//! Sets two reports beside each other.

use crate::cli::CompareArgs;
use crate::report::{compare, json};
use crate::run::error::RunError;
use crate::run::say::say;

/// Prints what differs. Always true.
///
/// # Errors
/// [`RunError::Json`]: one of them cannot be read.
pub fn run(arguments: &CompareArgs) -> Result<bool, RunError> {
    let before = json::read(&arguments.before)?;
    let after = json::read(&arguments.after)?;
    say(compare::compare_all(&before, &after));
    Ok(true)
}
