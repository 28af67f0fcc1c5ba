//! Finds the first state from a place on that has exactly, or fewer than, so many units available: in O(log n).

use std::collections::HashMap;

use crate::history::witness::{Observation, Seen};

/// States of a block, whose minimum alone stands in the tree: it takes a 32nd of the states' own memory.
const BLOCK: usize = 64;

/// An index of the states of a key.
pub(super) struct Lowest<'a> {
    available: &'a [i64],
    /// The places of each value that any observation tells, rising.
    places: HashMap<i64, Vec<usize>>,
    /// A complete binary tree of the blocks' minima: node `i` has the children `2i` and `2i + 1`, the leaves are its
    /// second half. Empty where nobody asks.
    minima: Vec<i64>,
}

impl<'a> Lowest<'a> {
    /// Makes what these observations need.
    pub(super) fn new(available: &'a [i64], observations: &[Observation]) -> Self {
        let mut places: HashMap<i64, Vec<usize>> = HashMap::new();
        let mut asks_below = false;
        for observation in observations {
            match observation.seen {
                Seen::State { version: None, available: Some(told) }
                | Seen::Short { available: Some(told), .. } => {
                    places.entry(told).or_default();
                }
                Seen::Short { available: None, .. } => asks_below = true,
                Seen::State { .. } => {}
            }
        }
        if !places.is_empty() {
            for (place, state) in available.iter().enumerate() {
                if let Some(places) = places.get_mut(state) {
                    places.push(place);
                }
            }
        }
        let minima = if asks_below { minima(available) } else { Vec::new() };
        Self { available, places, minima }
    }

    /// The first place from `from` on with exactly so many; only of values that an observation tells.
    pub(super) fn equal(&self, from: usize, told: i64) -> Option<usize> {
        let places = self.places.get(&told)?;
        places.get(places.partition_point(|&place| place < from)).copied()
    }

    /// The first place from `from` on with fewer than were asked for.
    pub(super) fn below(&self, from: usize, asked: i64) -> Option<usize> {
        let block = from / BLOCK;
        let end = (block + 1).saturating_mul(BLOCK);
        self.in_stretch(from, end, asked).or_else(|| {
            let block = self.block_below(block + 1, asked)?;
            self.in_stretch(block * BLOCK, (block + 1) * BLOCK, asked)
        })
    }

    fn in_stretch(&self, from: usize, end: usize, asked: i64) -> Option<usize> {
        let stretch = self.available.get(from..end.min(self.available.len()))?;
        stretch.iter().position(|&state| state < asked).map(|place| from + place)
    }

    /// The first block from this one on with a state below.
    fn block_below(&self, from: usize, asked: i64) -> Option<usize> {
        let leaves = self.minima.len() / 2;
        if from >= leaves {
            return None;
        }
        let mut node = leaves + from;
        // Up and to the right until a subtree has one.
        while self.minima[node] >= asked {
            while node % 2 == 1 {
                node /= 2;
            }
            if node == 0 {
                return None;
            }
            node += 1;
        }
        // Down to its first.
        while node < leaves {
            node = if self.minima[2 * node] < asked { 2 * node } else { 2 * node + 1 };
        }
        Some(node - leaves)
    }
}

fn minima(available: &[i64]) -> Vec<i64> {
    let leaves = available.len().div_ceil(BLOCK).next_power_of_two();
    let mut tree = vec![i64::MAX; 2 * leaves];
    for (leaf, block) in tree[leaves..].iter_mut().zip(available.chunks(BLOCK)) {
        *leaf = block.iter().copied().min().unwrap_or(i64::MAX);
    }
    for node in (1..leaves).rev() {
        tree[node] = tree[2 * node].min(tree[2 * node + 1]);
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::log::Span;

    #[test]
    fn finds_what_a_walk_finds() {
        let mut state = 7_u64;
        let mut draw = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            i64::try_from((state >> 33) % below).unwrap()
        };
        let span = Span { sent_ns: 0, answered_ns: 0 };
        for length in [1, 63, 64, 65, 1_000] {
            let available: Vec<i64> = (0..length).map(|_| 3 + draw(200)).collect();
            let mut observations: Vec<Observation> = (0..210)
                .map(|told| Seen::State { version: None, available: Some(told) })
                .map(|seen| Observation { span, seen, place: 0 })
                .collect();
            observations[0].seen = Seen::Short { asked: 1, available: None };
            let lowest = Lowest::new(&available, &observations);
            for from in 0..=available.len() {
                for told in 1..210 {
                    let walk = |fits: &dyn Fn(i64) -> bool| {
                        (from..available.len()).find(|&place| fits(available[place]))
                    };
                    assert_eq!(lowest.equal(from, told), walk(&|state| state == told));
                    assert_eq!(lowest.below(from, told), walk(&|state| state < told));
                }
            }
        }
    }
}
