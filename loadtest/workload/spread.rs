//! `uniform` and `zipf`: reservations of one key each, over many keys.

use std::time::Duration;

use rand::rngs::ChaCha8Rng;
use serde::Deserialize;

use crate::workload::draw::{KeyDraw, client_rng};
use crate::workload::goods::{Goods, quantity_and_hold, within};
use crate::workload::op::Op;
use crate::workload::outcome::Outcome;
use crate::workload::prepared::{Prepared, Tickets};
use crate::workload::script::{Expected, Next, Script, Workload};
use crate::workload::settings_error::SettingsError;

/// The settings of both; `uniform` has no exponent.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpreadSettings {
    /// SKUs.
    pub skus: u32,
    /// Locations of each.
    pub locations: u32,
    /// Zipf's exponent; 0 is uniform.
    #[serde(default)]
    pub exponent: f64,
    /// Units that each key opens with.
    pub stock: u32,
    /// Units of each reservation.
    pub quantity: u32,
    /// How long a hold lasts; 0 is the engine's default.
    pub hold_seconds: u32,
}

impl SpreadSettings {
    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        self.goods().check()?;
        within("exponent", self.exponent, 0.0, 10.0)?;
        quantity_and_hold(self.quantity, self.hold_seconds)
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
            make: move |client| SpreadScript {
                settings: self,
                draw,
                rng: client_rng(seed, client),
                tickets: Tickets::new(client),
            },
        })
    }
}

struct SpreadScript {
    settings: SpreadSettings,
    draw: KeyDraw,
    rng: ChaCha8Rng,
    tickets: Tickets,
}

impl Script for SpreadScript {
    fn next(&mut self, _now: Duration) -> Next {
        let SpreadSettings { quantity, hold_seconds, .. } = self.settings;
        let key = self.draw.sample(&mut self.rng);
        Next::Op(Op::reserve(self.tickets.take(), key, quantity, hold_seconds))
    }

    fn answered(&mut self, _op: &Op, _outcome: &Outcome, _now: Duration) {}
}
