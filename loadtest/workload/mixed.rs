//! `mixed`: reads, reserves, commits, releases, sales and receipts at once, over many keys.

use std::collections::VecDeque;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::Deserialize;

use crate::workload::draw::{KeyDraw, client_rng};
use crate::workload::goods::{Goods, quantity_and_hold, within};
use crate::workload::names::Ticket;
use crate::workload::op::{KeyIndex, Op, Verb};
use crate::workload::outcome::Outcome;
use crate::workload::prepared::{Prepared, Tickets};
use crate::workload::script::{Expected, Next, Script, Workload};
use crate::workload::settings_error::SettingsError;

/// Holds that a client keeps for its commits and releases; the oldest are left alone then.
const OPEN_MAX: usize = 4_096;

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixedSettings {
    /// SKUs.
    pub skus: u32,
    /// Locations of each.
    pub locations: u32,
    /// Zipf's exponent.
    pub exponent: f64,
    /// Units that each key opens with.
    pub stock: u32,
    /// Units of each reservation, sale and receipt.
    pub quantity: u32,
    /// How long a hold lasts; 0 is the engine's default.
    pub hold_seconds: u32,
    /// How often a level is read; only how the shares relate counts.
    pub read_share: f64,
    /// Reserves.
    pub reserve_share: f64,
    /// Commits of the oldest hold.
    pub commit_share: f64,
    /// Releases of the oldest hold.
    pub release_share: f64,
    /// Sales over the counter.
    pub sell_share: f64,
    /// Goods that come in.
    pub receive_share: f64,
}

impl MixedSettings {
    /// Verbs with their shares.
    const fn shares(&self) -> [(Verb, &'static str, f64); 6] {
        [
            (Verb::Read, "read_share", self.read_share),
            (Verb::Reserve, "reserve_share", self.reserve_share),
            (Verb::Commit, "commit_share", self.commit_share),
            (Verb::Release, "release_share", self.release_share),
            (Verb::Sell, "sell_share", self.sell_share),
            (Verb::Receive, "receive_share", self.receive_share),
        ]
    }

    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        self.goods().check()?;
        within("exponent", self.exponent, 0.0, 10.0)?;
        quantity_and_hold(self.quantity, self.hold_seconds)?;
        for (_, name, share) in self.shares() {
            within(name, share, 0.0, 1e6)?;
        }
        if self.shares().iter().map(|(.., share)| share).sum::<f64>() <= 0.0 {
            return Err(SettingsError::refused(
                "all shares of mixed are 0: set one of them to more, such as --set read_share=1",
            ));
        }
        let closing = self.commit_share + self.release_share;
        if closing > self.reserve_share + 1e-9 {
            return Err(SettingsError::refused(format!(
                "commit_share and release_share are {closing} together, and reserve_share is {}: \
                 set it to at least as much, for no hold is committed or released twice",
                self.reserve_share
            )));
        }
        Ok(())
    }

    const fn goods(&self) -> Goods {
        Goods { skus: self.skus, locations: self.locations, stock: self.stock }
    }

    /// Makes it ready.
    #[must_use]
    pub fn prepare(self, nonce: u64, seed: u64, operations: Option<u64>) -> Box<dyn Workload> {
        let draw = KeyDraw::new(self.goods().keys(), self.exponent);
        Box::new(Prepared {
            names: self.goods().names(nonce),
            opening: self.goods().opening(),
            operations,
            expected: Expected::default(),
            make: move |client| MixedScript {
                settings: self,
                draw,
                rng: client_rng(seed, client),
                tickets: Tickets::new(client),
                open: VecDeque::new(),
            },
        })
    }
}

struct MixedScript {
    settings: MixedSettings,
    draw: KeyDraw,
    rng: ChaCha8Rng,
    tickets: Tickets,
    /// Holds that were granted, oldest first.
    open: VecDeque<(Ticket, KeyIndex)>,
}

impl MixedScript {
    fn verb(&mut self) -> Verb {
        let shares = self.settings.shares();
        let sum: f64 = shares.iter().map(|(.., share)| share).sum();
        let mut left = self.rng.random::<f64>() * sum;
        for (verb, _, share) in shares {
            if left < share {
                return verb;
            }
            left -= share;
        }
        // Only rounding leads here.
        Verb::Reserve
    }
}

impl Script for MixedScript {
    fn next(&mut self, _now: Duration) -> Next {
        let MixedSettings { quantity, hold_seconds, .. } = self.settings;
        let verb = self.verb();
        let key = self.draw.sample(&mut self.rng);
        let name = self.tickets.take();
        let one = Op::reserve(name, key, quantity, 0);
        Next::Op(match verb {
            Verb::Read => Op { verb, quantity: 0, ..one },
            Verb::Sell | Verb::Receive => Op { verb, ..one },
            Verb::Commit | Verb::Release if !self.open.is_empty() => {
                let (reservation, key) = self.open.pop_front().unwrap_or((name, key));
                Op { verb, reservation, key, is_whole: true, ..one }
            }
            _ => Op { hold_seconds, ..one },
        })
    }

    fn answered(&mut self, op: &Op, outcome: &Outcome, _now: Duration) {
        if op.verb == Verb::Reserve && outcome.verdict.is_done() {
            if self.open.len() == OPEN_MAX {
                self.open.pop_front();
            }
            self.open.push_back((op.reservation, op.key));
        }
    }
}
