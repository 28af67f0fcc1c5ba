//! `flash-sale`: a burst of demand many times the stock, with short holds. A share of what is granted is committed
//! after a think time, the rest runs out, and a second wave takes what came back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use serde::Deserialize;

use crate::measure::numbers::float;
use crate::workload::burst::Burst;
use crate::workload::draw::{Course, client_rng, part_of, rounded};
use crate::workload::goods::{Goods, UNITS_MAX, shares, within};
use crate::workload::op::{KeyIndex, Op, Verb};
use crate::workload::outcome::{Outcome, Verdict};
use crate::workload::prepared::{FOLLOW_UPS_MAX, Prepared, Tickets};
use crate::workload::script::{Expected, Next, Script, Workload};
use crate::workload::settings_error::SettingsError;
use crate::workload::values::Length;

/// How often a client that has nothing to do looks whether the others have finished the burst.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlashSaleSettings {
    /// SKUs on sale.
    pub skus: u32,
    /// Units that each opens with.
    pub stock: u32,
    /// Demand of the burst, as a multiple of all stock.
    pub demand: f64,
    /// Demand of the second wave, likewise.
    pub second_demand: f64,
    /// How long a hold of the burst lasts.
    pub hold_seconds: u32,
    /// Of what is granted, how much is committed.
    pub commit_share: f64,
    /// Mean time between a grant and its commit.
    pub think: Length,
}

impl FlashSaleSettings {
    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        within("skus", self.skus, 1, 100_000)?;
        within("stock", self.stock, 1, UNITS_MAX)?;
        self.goods().check()?;
        within("demand", self.demand, 1.0, 10_000.0)?;
        within("second_demand", self.second_demand, 1.0, 10_000.0)?;
        within("hold_seconds", self.hold_seconds, 1, 3_600)?;
        shares([("commit_share", self.commit_share)])?;
        let hold = Duration::from_secs(u64::from(self.hold_seconds));
        if self.think.0 * 2 >= hold {
            return Err(SettingsError::refused(format!(
                "with a mean think time of {:?} commits come up to {:?} after the grant, and a hold of \
                 {hold:?} has run out by then: set think to less or hold_seconds to more",
                self.think.0,
                self.think.0 * 2
            )));
        }
        Ok(())
    }

    const fn goods(&self) -> Goods {
        Goods { skus: self.skus, locations: 1, stock: self.stock }
    }

    /// Reserves of a wave, all clients together.
    fn asked(&self, demand: f64) -> u64 {
        rounded(float(u64::from(self.skus) * u64::from(self.stock)) * demand)
    }

    /// Makes it ready for so many clients, each of which must act its script out for the second wave to come. Where
    /// operations or time end it early, not all may be sold.
    #[must_use]
    pub fn prepare(
        self,
        nonce: u64,
        seed: u64,
        clients: u32,
        operations: Option<u64>,
        ends_in_time: bool,
    ) -> Box<dyn Workload> {
        let hold = Duration::from_secs(u64::from(self.hold_seconds));
        let burst = Arc::new(Burst::new(clients, hold));
        Box::new(Prepared {
            names: self.goods().names(nonce),
            opening: self.goods().opening(),
            operations,
            expected: Expected { sells_out: operations.is_none() && !ends_in_time },
            make: move |client| self.script(seed, client, clients, &burst),
        })
    }

    fn script(self, seed: u64, client: u32, clients: u32, burst: &Arc<Burst>) -> FlashSaleScript {
        let mut rng = client_rng(seed, client);
        let think = self.think.0.mul_f64(2.0 * rng.random::<f64>());
        FlashSaleScript {
            settings: self,
            seed,
            second: part_of(self.asked(self.second_demand), client, clients),
            left: part_of(self.asked(self.demand), client, clients),
            next_key: client % self.skus,
            clients,
            think,
            wave: Wave::Burst,
            rng,
            tickets: Tickets::new(client),
            commits: VecDeque::new(),
            in_flight: 0,
            last_grant: Duration::ZERO,
            burst: Arc::clone(burst),
        }
    }
}

/// Where a client stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wave {
    Burst,
    Between,
    Second,
}

struct FlashSaleScript {
    settings: FlashSaleSettings,
    seed: u64,
    /// Reserves of the second wave.
    second: u64,
    /// Reserves that are left of this wave.
    left: u64,
    /// In the second wave the clients take turns through the SKUs, so that none is left out.
    next_key: KeyIndex,
    clients: u32,
    think: Duration,
    wave: Wave,
    rng: ChaCha8Rng,
    tickets: Tickets,
    /// Commits with the time when they are due, in its order: the think time is the same for all.
    commits: VecDeque<(Duration, Op)>,
    in_flight: u64,
    /// When this client was last granted a hold, at the latest.
    last_grant: Duration,
    burst: Arc<Burst>,
}

impl FlashSaleScript {
    fn reserve(&mut self) -> Op {
        self.left -= 1;
        let skus = self.settings.skus;
        let (key, hold_seconds) = if self.wave == Wave::Second {
            let key = self.next_key;
            self.next_key = (key + self.clients % skus) % skus;
            (key, 0)
        } else {
            (self.rng.random_range(0..skus), self.settings.hold_seconds)
        };
        Op::reserve(self.tickets.take(), key, 1, hold_seconds)
    }

    /// Nothing is left of this wave, and nothing is in flight or due.
    fn between(&mut self, now: Duration) -> Next {
        if self.wave == Wave::Second {
            return Next::Done;
        }
        if self.wave == Wave::Burst {
            self.wave = Wave::Between;
            self.burst.leave(self.last_grant);
        }
        match self.burst.over_at() {
            None => Next::Until(now + LOOK_AGAIN),
            Some(over) if now < over => Next::Until(over),
            Some(_) => {
                self.wave = Wave::Second;
                self.left = self.second;
                if self.left == 0 { Next::Done } else { self.next(now) }
            }
        }
    }
}

impl Script for FlashSaleScript {
    fn next(&mut self, now: Duration) -> Next {
        let due = self.commits.front().map(|(due, _)| *due);
        let op = match due {
            Some(due) if due <= now => {
                let commit = self.commits.pop_front();
                commit.map(|(_, commit)| Op { name: self.tickets.take(), ..commit })
            }
            _ if self.left > 0 => Some(self.reserve()),
            _ => None,
        };
        match (op, due) {
            (Some(op), _) => {
                self.in_flight += 1;
                Next::Op(op)
            }
            (None, Some(due)) => Next::Until(due),
            (None, None) if self.in_flight > 0 => Next::Answer,
            (None, None) => self.between(now),
        }
    }

    fn answered(&mut self, op: &Op, outcome: &Outcome, now: Duration) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if op.verb != Verb::Reserve {
            return;
        }
        if outcome.verdict.is_done() || outcome.verdict == Verdict::Unknown {
            self.last_grant = now;
        }
        let commits = Course::of(self.seed, op.reservation).chance(self.settings.commit_share);
        if outcome.verdict.is_done() && commits && self.commits.len() < FOLLOW_UPS_MAX {
            let commit = Op { verb: Verb::Commit, is_whole: true, hold_seconds: 0, ..op.clone() };
            self.commits.push_back((now + self.think, commit));
        }
    }
}

impl Drop for FlashSaleScript {
    /// The others must not wait for a client that gave up.
    fn drop(&mut self) {
        if self.wave == Wave::Burst {
            self.burst.leave(self.last_grant);
        }
    }
}
