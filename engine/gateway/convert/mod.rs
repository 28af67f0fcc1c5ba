//! Between what is said on the wire and what the engine speaks: the one place where both meet.

mod answers;
mod calls;

pub(crate) use answers::{level, level_view, levels, movement, reservation, time};
pub(crate) use calls::{
    add_lines, adjust, count, extend, policy, receive, reserve, return_lines, return_without_order,
    sell, settle,
};
