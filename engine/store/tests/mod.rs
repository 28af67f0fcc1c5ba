//! Tests of the store as a whole, in a real directory and on a simulated disk.

mod checkpoints;
mod cut_short;
mod damage;
mod harness;
mod power;
mod reading;
mod rebuilt;
mod redo_log;
mod simulated;
