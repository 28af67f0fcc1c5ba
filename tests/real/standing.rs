//! How a reservation must stand after all that its client was told.

use saldo_protocol::Reservation;
use uuid::Uuid;

use super::call::{Deed, KeyNumber, Keys, Units, Verb};

/// A line's units, by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Of which key.
    pub key: KeyNumber,
    /// In the cart.
    pub held: i64,
    /// Promised.
    pub committed: i64,
    /// Handed over.
    pub fulfilled: i64,
    /// Given back before that.
    pub released: i64,
    /// Come back after that.
    pub returned: i64,
}

/// A reservation that was granted.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its id.
    pub id: Uuid,
    /// Its lines, in no order.
    pub lines: Vec<Line>,
    /// Whether its holds are so short that they may have run out at any moment.
    pub may_expire: bool,
}

impl Standing {
    /// What a granted reserve makes.
    #[must_use]
    pub fn granted(id: Uuid, lines: &[Units], may_expire: bool) -> Self {
        let held = |units: &Units| Line { key: units.key, held: units.quantity, ..Line::default() };
        Self { id, lines: lines.iter().map(held).collect(), may_expire }
    }

    /// Carries out what was acknowledged.
    pub fn apply(&mut self, deed: &Deed) {
        match deed {
            Deed::Step { verb, lines, .. } => {
                for units in lines {
                    let quantity = units.quantity;
                    let line = self.line(units.key);
                    let (from, to) = match verb {
                        Verb::Commit => (&mut line.held, &mut line.committed),
                        Verb::Fulfil => (&mut line.committed, &mut line.fulfilled),
                        Verb::Release => (&mut line.held, &mut line.released),
                        Verb::Cancel => (&mut line.committed, &mut line.released),
                    };
                    *from -= quantity;
                    *to += quantity;
                }
            }
            Deed::Return { units, .. } => {
                let line = self.line(units.key);
                line.fulfilled -= units.quantity;
                line.returned += units.quantity;
            }
            Deed::Read(_) | Deed::Change(..) | Deed::Reserve { .. } => {}
        }
    }

    fn line(&mut self, key: KeyNumber) -> &mut Line {
        let line = self.lines.iter_mut().find(|line| line.key == key);
        line.expect("a step moves units of the reservation's own lines")
    }

    /// Whether nothing more can become of it, as this client goes about it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.lines.iter().all(|line| line.held + line.committed + line.fulfilled == 0)
    }

    /// What is wrong with what the engine tells of it; nothing where all is well.
    #[must_use]
    pub fn differs(&self, told: &Reservation) -> Option<String> {
        for line in &self.lines {
            let is_this = |told: &&saldo_protocol::ReservationLine| {
                Keys::number(&told.sku, &told.location) == Some(line.key)
            };
            let found = told.lines.iter().find(is_this);
            let fits = found.is_some_and(|told| {
                let [held, committed, fulfilled, released, expired, returned] = [
                    told.held,
                    told.committed,
                    told.fulfilled,
                    told.released,
                    told.expired,
                    told.returned,
                ]
                .map(u64::cast_signed);
                let kept = (committed, fulfilled, released, returned)
                    == (line.committed, line.fulfilled, line.released, line.returned);
                let holds = (held, expired) == (line.held, 0)
                    || self.may_expire && (held, expired) == (0, line.held);
                kept && holds
            });
            if !fits {
                return Some(format!("it must be {line:?}, and is told as {found:?}"));
            }
        }
        let (ours, theirs) = (self.lines.len(), told.lines.len());
        (ours != theirs).then(|| format!("it has {ours} lines, and {theirs} are told"))
    }
}
