//! Whole engines on one thread, with a simulated clock, scheduler and disk, all decided by a seed.
//!
//! [`run`] tells the story of a seed: a random world (settings, keys), clients that ask all kinds of things, and a
//! scheduler that picks at every step who goes on, down to the steps of the journal's thread; with crashes, losses of
//! power, failing and full disks, and clocks that jump. What was told is held against the journal, which is folded
//! independently of the engine. The same seed tells the same story: its digest is the same.

mod asked;
mod asks;
mod book;
mod broken;
mod client;
mod dice;
mod disk;
mod ends;
mod figures;
mod hearing;
mod judge;
mod life;
mod matches;
mod plan;
mod refusals;
mod story;

pub use broken::Broken;
pub use figures::Figures;
pub use story::{Failure, Options, Told, run};

/// Seeds that once broke a promise, each with a word why; they are run first.
pub const KEPT_SEEDS: &str = include_str!("kept_seeds.txt");

/// The kept seeds.
pub fn kept_seeds() -> impl Iterator<Item = u64> {
    let seeds = KEPT_SEEDS.lines().filter(|line| !line.starts_with('#'));
    seeds.filter_map(|line| line.split_whitespace().next()?.parse().ok())
}
