//! Chance from one seed: a stream for each purpose, so that a change in one does not move the others.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// All streams of a seed.
pub struct Dice {
    /// Settings, keys and clients of the world.
    pub world: Die,
    /// What happens next.
    pub schedule: Die,
    /// What clients ask.
    pub calls: Die,
    /// Clocks.
    pub time: Die,
    /// What fails, and what survives a crash.
    pub disk: Die,
}

impl Dice {
    /// The streams of a seed.
    pub fn new(seed: u64) -> Self {
        let stream = |number: u64| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(number);
            Die(random)
        };
        Self {
            world: stream(1),
            schedule: stream(2),
            calls: stream(3),
            time: stream(4),
            disk: stream(5),
        }
    }
}

/// One stream.
pub struct Die(ChaCha8Rng);

impl Die {
    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end)
    }

    /// A number from `from` to `to`.
    pub fn within(&mut self, from: u64, to: u64) -> u64 {
        self.0.random_range(from..=to)
    }

    /// A quantity from `from` to `to`.
    pub fn units(&mut self, from: u32, to: u32) -> u32 {
        self.0.random_range(from..=to)
    }

    /// Whether it is this one in so many.
    pub fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of them; there is at least one.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.0.random_range(0..of.len())]
    }

    /// A place below `end`, which is at least 1.
    pub fn place(&mut self, end: usize) -> usize {
        self.0.random_range(0..end)
    }

    /// One of them, by their weights, whose sum is not 0.
    pub fn weighted<T: Copy>(&mut self, of: &[(T, u32)]) -> T {
        let mut left = self.0.random_range(0..of.iter().map(|(_, weight)| weight).sum::<u32>());
        for (item, weight) in of {
            match left.checked_sub(*weight) {
                None => return *item,
                Some(rest) => left = rest,
            }
        }
        unreachable!("the number drawn is below the sum of the weights")
    }
}
