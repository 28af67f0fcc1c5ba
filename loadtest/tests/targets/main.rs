//! Targets and what looks at them, against a real engine within the process and against the echo.

#![expect(clippy::unwrap_used, reason = "a fault ends the test")]

mod echo;
mod echo_process;
mod fleet;
mod inproc;
mod support;
