//! What a client meets at the gateway: every call answered, every mistake told apart, limits that hold.

mod bad_input;
mod calls;
mod document;
mod harness;
mod limits_hold;
mod page;
mod refusals;
mod wire;
