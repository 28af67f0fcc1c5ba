//! Targets and what looks at them, against a real engine within the process and against the echo.

mod echo;
mod fleet;
mod inproc;
mod support;
