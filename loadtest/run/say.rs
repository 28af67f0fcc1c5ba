//! What is said on standard output. Whoever listens may have heard enough: a pipe that was closed is no fault.

use std::fmt::Display;
use std::io::{Write as _, stdout};

/// Says it, with an end of line.
pub fn say(text: impl Display) {
    // Nobody is left to be told that nobody is left.
    writeln!(stdout(), "{text}").unwrap_or_default();
}
