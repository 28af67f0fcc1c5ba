//! `lifecycle`: everything that can become of a reservation, in stated shares, part quantities too.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use serde::Deserialize;

use crate::workload::draw::{KeyDraw, client_rng};
use crate::workload::goods::{Goods, quantity_and_hold, shares, within};
use crate::workload::lifecycle_course::{first_step, step_after};
use crate::workload::names::Ticket;
use crate::workload::op::Op;
use crate::workload::outcome::Outcome;
use crate::workload::prepared::{FollowUps, Prepared, Tickets};
use crate::workload::script::{Expected, Next, Script, Workload};
use crate::workload::settings_error::SettingsError;

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifecycleSettings {
    /// SKUs.
    pub skus: u32,
    /// Locations of each.
    pub locations: u32,
    /// Zipf's exponent.
    pub exponent: f64,
    /// Units that each key opens with.
    pub stock: u32,
    /// Units of a reservation at most.
    pub quantity_max: u32,
    /// How long a hold lasts; 0 is the engine's default.
    pub hold_seconds: u32,
    /// How long the hold of a reservation lasts that is left to expire.
    pub expire_seconds: u32,
    /// Of all reservations, how many are committed.
    pub commit_share: f64,
    /// Of all reservations, how many are released.
    pub release_share: f64,
    /// Of those that are committed or released, how many are extended before.
    pub extend_share: f64,
    /// Of the committed ones, how many are fulfilled.
    pub fulfil_share: f64,
    /// Of the committed ones, how many are cancelled.
    pub cancel_share: f64,
    /// Of the fulfilled ones, how many come back.
    pub return_share: f64,
    /// Of the steps of 2 units or more, how many take a part first.
    pub part_share: f64,
}

impl LifecycleSettings {
    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        self.goods().check()?;
        within("exponent", self.exponent, 0.0, 10.0)?;
        within("quantity_max", self.quantity_max, 1, 1_000)?;
        within("expire_seconds", self.expire_seconds, 1, 604_800)?;
        quantity_and_hold(1, self.hold_seconds)?;
        shares([("commit_share", self.commit_share), ("release_share", self.release_share)])?;
        shares([("fulfil_share", self.fulfil_share), ("cancel_share", self.cancel_share)])?;
        for alone in [
            ("extend_share", self.extend_share),
            ("return_share", self.return_share),
            ("part_share", self.part_share),
        ] {
            shares([alone])?;
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
            make: move |client| LifecycleScript {
                settings: self,
                seed,
                draw,
                rng: client_rng(seed, client),
                tickets: Tickets::new(client),
                follow_ups: FollowUps::default(),
            },
        })
    }
}

struct LifecycleScript {
    settings: LifecycleSettings,
    seed: u64,
    draw: KeyDraw,
    rng: ChaCha8Rng,
    tickets: Tickets,
    follow_ups: FollowUps,
}

impl LifecycleScript {
    fn reserve(&mut self, name: Ticket) -> Op {
        let key = self.draw.sample(&mut self.rng);
        let (quantity, hold_seconds) = first_step(&self.settings, self.seed, name);
        Op::reserve(name, key, quantity, hold_seconds)
    }
}

impl Script for LifecycleScript {
    fn next(&mut self, _now: Duration) -> Next {
        if let Some(op) = self.follow_ups.pop(&mut self.tickets) {
            return Next::Op(op);
        }
        let name = self.tickets.take();
        Next::Op(self.reserve(name))
    }

    fn answered(&mut self, op: &Op, outcome: &Outcome, _now: Duration) {
        // After a refusal or without an answer nobody knows where the reservation stands: it is left alone.
        if outcome.verdict.is_done()
            && let Some(step) = step_after(&self.settings, self.seed, op)
        {
            self.follow_ups.push(step);
        }
    }
}
