//! `basket`: orders of several lines, which overlap, then commits and releases. All or nothing, over HTTP.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::Deserialize;

use crate::workload::draw::{Course, KeyDraw, client_rng, whole};
use crate::workload::goods::{Goods, quantity_and_hold, shares, within};
use crate::workload::op::{Line, Op, Verb};
use crate::workload::outcome::Outcome;
use crate::workload::prepared::{FollowUps, Prepared, Tickets};
use crate::workload::script::{Expected, Next, Script, Workload};
use crate::workload::settings_error::SettingsError;

/// Lines of a reservation at most, as the protocol has it.
const LINES_MAX: u32 = 1_000;

/// Its settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasketSettings {
    /// SKUs.
    pub skus: u32,
    /// Locations of each.
    pub locations: u32,
    /// Zipf's exponent by which lines are drawn.
    pub exponent: f64,
    /// Units that each key opens with.
    pub stock: u32,
    /// Units of each line.
    pub quantity: u32,
    /// How long a hold lasts; 0 is the engine's default.
    pub hold_seconds: u32,
    /// Lines of an order by quantile.
    pub sizes: Vec<(f64, u32)>,
    /// Of the granted orders, how many are committed.
    pub commit_share: f64,
    /// Of the granted orders, how many are released.
    pub release_share: f64,
}

impl BasketSettings {
    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        self.goods().check()?;
        within("exponent", self.exponent, 0.0, 10.0)?;
        quantity_and_hold(self.quantity, self.hold_seconds)?;
        shares([("commit_share", self.commit_share), ("release_share", self.release_share)])?;
        for (quantile, lines) in self.sizes.iter().copied() {
            within("a quantile of sizes", quantile, 0.0, 1.0)?;
            within("the lines of sizes", lines, 1, LINES_MAX)?;
        }
        let [(first, _), .., (last, most)] = self.sizes[..] else {
            return Err(SettingsError::refused(
                "sizes needs at least two pairs of quantile and lines, such as [[0.0, 1], [1.0, 9]]",
            ));
        };
        let rises = |pair: &[(f64, u32)]| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1;
        if first > 0.0 || last < 1.0 || !self.sizes.windows(2).all(rises) {
            return Err(SettingsError::refused(
                "sizes must rise from quantile 0.0 to quantile 1.0, and its lines with it",
            ));
        }
        if most > self.goods().keys() {
            return Err(SettingsError::refused(format!(
                "an order of {most} lines needs as many keys, and there are {}: set skus to more, \
                 or sizes to less",
                self.goods().keys()
            )));
        }
        let units = u64::from(most) * u64::from(self.quantity);
        within("quantity times the lines of an order", units, 1, u64::from(u32::MAX))
    }

    const fn goods(&self) -> Goods {
        Goods { skus: self.skus, locations: self.locations, stock: self.stock }
    }

    /// Makes it ready.
    #[must_use]
    pub fn prepare(self, nonce: u64, seed: u64, operations: Option<u64>) -> Box<dyn Workload> {
        let keys = self.goods().keys();
        let draw = KeyDraw::new(keys, self.exponent);
        Box::new(Prepared {
            names: self.goods().names(nonce),
            opening: self.goods().opening(),
            operations,
            expected: Expected::default(),
            make: move |client| BasketScript {
                settings: self.clone(),
                seed,
                keys,
                draw,
                rng: client_rng(seed, client),
                tickets: Tickets::new(client),
                follow_ups: FollowUps::default(),
                taken: std::collections::HashSet::new(),
            },
        })
    }
}

struct BasketScript {
    settings: BasketSettings,
    seed: u64,
    keys: u32,
    draw: KeyDraw,
    rng: ChaCha8Rng,
    tickets: Tickets,
    follow_ups: FollowUps,
    /// The keys of the basket that is being filled; kept for its memory.
    taken: std::collections::HashSet<u32>,
}

impl BasketScript {
    /// How many lines: a draw from the quantiles.
    fn size(&mut self) -> u32 {
        let drawn: f64 = self.rng.random();
        let sizes = &self.settings.sizes;
        let above = sizes.partition_point(|(quantile, _)| *quantile <= drawn);
        let (Some(&(from, few)), Some(&(to, many))) =
            (sizes.get(above.saturating_sub(1)), sizes.get(above))
        else {
            return sizes.last().map_or(1, |(_, lines)| *lines);
        };
        whole((drawn - from) / (to - from) * f64::from(many - few) + f64::from(few) + 0.5)
    }

    fn lines(&mut self) -> Arc<[Line]> {
        let size = self.size();
        self.taken.clear();
        let quantity = self.settings.quantity;
        (0..size)
            .map(|_| {
                let mut key = self.draw.sample(&mut self.rng);
                // A key that is in already gives way to its neighbour: there are more keys than lines.
                while !self.taken.insert(key) {
                    key = (key + 1) % self.keys;
                }
                Line { key, quantity }
            })
            .collect()
    }
}

impl Script for BasketScript {
    fn next(&mut self, _now: Duration) -> Next {
        if let Some(op) = self.follow_ups.pop(&mut self.tickets) {
            return Next::Op(op);
        }
        let lines = self.lines();
        let key = lines.first().map_or(0, |line| line.key);
        let quantity = lines.iter().map(|line| line.quantity).sum();
        let op = Op::reserve(self.tickets.take(), key, quantity, self.settings.hold_seconds);
        Next::Op(Op { lines: Some(lines), ..op })
    }

    fn answered(&mut self, op: &Op, outcome: &Outcome, _now: Duration) {
        if op.verb != Verb::Reserve || !outcome.verdict.is_done() {
            return;
        }
        let drawn = Course::of(self.seed, op.reservation).unit();
        let (commit, release) = (self.settings.commit_share, self.settings.release_share);
        let verb = match drawn {
            drawn if drawn < commit => Verb::Commit,
            drawn if drawn < commit + release => Verb::Release,
            _ => return,
        };
        self.follow_ups.push(Op { verb, is_whole: true, hold_seconds: 0, ..op.clone() });
    }
}
