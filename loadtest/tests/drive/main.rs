//! The driver against sessions of the test's own: what is counted, and from when.

mod counts;
mod open_loop;
mod support;
