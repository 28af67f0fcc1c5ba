//! `hot`: everybody wants the same SKU, until it is gone and beyond.

use std::time::Duration;

use serde::Deserialize;

use crate::measure::numbers::float;
use crate::workload::draw::rounded;
use crate::workload::goods::{Goods, UNITS_MAX, quantity_and_hold, within};
use crate::workload::op::Op;
use crate::workload::outcome::Outcome;
use crate::workload::prepared::{Prepared, Tickets};
use crate::workload::script::{Expected, Next, Script, Workload};
use crate::workload::settings_error::SettingsError;

/// Its settings.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotSettings {
    /// Units that the SKU opens with.
    pub stock: u32,
    /// Units of each reservation.
    pub quantity: u32,
    /// Demand beyond the stock, as a share of it.
    pub beyond: f64,
    /// How long a hold lasts; 0 is the engine's default.
    pub hold_seconds: u32,
}

impl HotSettings {
    /// Holds the figures against their bounds.
    ///
    /// # Errors
    /// [`SettingsError`].
    pub fn check(&self) -> Result<(), SettingsError> {
        within("stock", self.stock, 1, UNITS_MAX)?;
        quantity_and_hold(self.quantity, self.hold_seconds)?;
        within("beyond", self.beyond, 0.0, 1_000.0)?;
        within("quantity", self.quantity, 1, self.stock)
    }

    const fn goods(&self) -> Goods {
        Goods { skus: 1, locations: 1, stock: self.stock }
    }

    /// Reservations that the stock has room for.
    fn granted_max(&self) -> u64 {
        u64::from(self.stock / self.quantity)
    }

    /// Operations after which it is gone, and beyond.
    fn demand(&self) -> u64 {
        let granted = self.granted_max();
        granted + rounded(float(granted) * self.beyond)
    }

    /// Makes it ready. With `operations` of the caller's choice or a bound in time it may end before all is sold.
    #[must_use]
    pub fn prepare(
        self,
        nonce: u64,
        operations: Option<u64>,
        ends_in_time: bool,
    ) -> Box<dyn Workload> {
        let operations = operations.or_else(|| (!ends_in_time).then(|| self.demand()));
        let sells_out = !ends_in_time
            && self.stock.is_multiple_of(self.quantity)
            && operations.is_some_and(|operations| operations >= self.granted_max());
        Box::new(Prepared {
            names: self.goods().names(nonce),
            opening: self.goods().opening(),
            operations,
            expected: Expected { sells_out },
            make: move |client| HotScript { settings: self, tickets: Tickets::new(client) },
        })
    }
}

struct HotScript {
    settings: HotSettings,
    tickets: Tickets,
}

impl Script for HotScript {
    fn next(&mut self, _now: Duration) -> Next {
        let HotSettings { quantity, hold_seconds, .. } = self.settings;
        Next::Op(Op::reserve(self.tickets.take(), 0, quantity, hold_seconds))
    }

    fn answered(&mut self, _op: &Op, _outcome: &Outcome, _now: Duration) {}
}
