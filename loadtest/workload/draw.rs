//! How the workloads draw: everything follows from the seed, the client, and the ticket of an operation.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, Zipf};

use crate::measure::numbers::float;
use crate::workload::names::Ticket;
use crate::workload::op::KeyIndex;

/// 2^53: a draw has as many steps as a floating number tells apart below 1.
const UNIT_STEPS: u64 = 1 << 53;

/// The generator of a client.
#[must_use]
pub fn client_rng(seed: u64, client: u32) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&client.to_le_bytes());
    ChaCha8Rng::from_seed(bytes)
}

/// Draws that follow from the seed and a ticket alone, so that nothing need be kept for a reservation to know its
/// course. `SplitMix64` (Steele, Lea, Flood 2014).
#[derive(Clone, Debug)]
pub struct Course(u64);

impl Course {
    /// The draws of a ticket.
    #[must_use]
    pub const fn of(seed: u64, ticket: Ticket) -> Self {
        Self(scrambled(seed).wrapping_add(scrambled(ticket.as_u64())))
    }

    const fn step(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scrambled(self.0)
    }

    /// From 0 to below 1.
    #[must_use]
    pub fn unit(&mut self) -> f64 {
        float(self.step() % UNIT_STEPS) / float(UNIT_STEPS)
    }

    /// Whether it falls into a share.
    #[must_use]
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// From 1 to `most`, each as likely; 1 where `most` is 0.
    #[must_use]
    pub fn one_to(&mut self, most: u32) -> u32 {
        // The remainder of 64 bits by 32 is as good as even.
        let drawn = self.step() % u64::from(most.max(1));
        1 + u32::try_from(drawn).unwrap_or_default()
    }
}

const fn scrambled(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// How keys are drawn.
#[derive(Clone, Copy, Debug)]
pub enum KeyDraw {
    /// Each of so many as likely.
    Uniform(u32),
    /// Key 0 most often, in proportion to 1 / rank^exponent.
    Zipf(Zipf<f64>),
}

impl KeyDraw {
    /// Of so many keys, at least 1. The exponent 0 is uniform, and so is one that the settings do not allow.
    #[must_use]
    pub fn new(keys: u32, exponent: f64) -> Self {
        if exponent <= 0.0 {
            return Self::Uniform(keys);
        }
        Zipf::new(f64::from(keys), exponent).map_or(Self::Uniform(keys), Self::Zipf)
    }

    /// A key.
    pub fn sample(&self, rng: &mut ChaCha8Rng) -> KeyIndex {
        match self {
            Self::Uniform(keys) => rng.random_range(0..*keys),
            Self::Zipf(zipf) => whole(zipf.sample(rng)) - 1,
        }
    }
}

/// A number of 1 or more without its fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the fraction is meant to go, and `as` keeps within the bounds of the type"
)]
#[must_use]
pub const fn whole(number: f64) -> u32 {
    let whole = number as u32;
    if whole == 0 { 1 } else { whole }
}

/// The whole number that is nearest; 0 below 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` keeps within the bounds of the type"
)]
#[must_use]
pub const fn rounded(number: f64) -> u64 {
    number.round() as u64
}

/// Which part of a whole that all clients share is this client's; the first ones take what is left over.
#[must_use]
pub const fn part_of(total: u64, client: u32, clients: u32) -> u64 {
    let (client, clients) = (client as u64, clients as u64);
    total / clients + if client < total % clients { 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        for (total, clients) in [(0, 3), (10, 3), (100_000, 64), (5, 64)] {
            let sum: u64 = (0..clients).map(|client| part_of(total, client, clients)).sum();
            assert_eq!(sum, total);
        }
    }

    #[test]
    fn keys_are_within_bounds_and_as_often_as_they_should() {
        let mut rng = client_rng(7, 3);
        for exponent in [0.0, 0.5, 1.0, 2.0] {
            let draw = KeyDraw::new(100, exponent);
            let mut counts = [0_u32; 100];
            for _ in 0..100_000 {
                counts[draw.sample(&mut rng) as usize] += 1;
            }
            let sum: f64 = (1..=100).map(|rank| f64::from(rank).powf(-exponent)).sum();
            for rank in [1_u32, 2, 10, 100] {
                let expected = 100_000.0 * f64::from(rank).powf(-exponent) / sum;
                let found = f64::from(counts[rank as usize - 1]);
                // Five standard deviations of a count.
                assert!(
                    (found - expected).abs() < 5.0 * expected.sqrt() + 1.0,
                    "{exponent} {rank}"
                );
            }
        }
    }

    #[test]
    fn a_course_is_even_and_its_own() {
        let shares = (0..10_000).map(|number| Course::of(1, Ticket::new(0, number)).unit());
        let mean = shares.sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        let [mut one, mut other] =
            [Course::of(1, Ticket::new(0, 1)), Course::of(2, Ticket::new(0, 1))];
        assert_ne!(one.unit().to_bits(), other.unit().to_bits());
        assert!(
            (0..100).all(|number| {
                (1..=5).contains(&Course::of(1, Ticket::new(0, number)).one_to(5))
            })
        );
    }
}
