//! The stores that Saldo is set beside keep the same promises: each rule is asked of a server of our own.

#![expect(clippy::unwrap_used, reason = "what a test builds on and does not find ends the test")]

mod keeps_books;
mod repeats_itself;
mod settles;
mod support;
mod takes_batches;
