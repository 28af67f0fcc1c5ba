//! Looking ahead in a frame's part: what its commands will ask of large tables is asked at once, before the first of
//! them is decided, so that the waits for memory overlap instead of adding up.

use saldo_ledger::{Command, ReservationId, StockLedger};

use crate::actor::ids::{Claim, Ids};
use crate::actor::message::PlacedCommand;

/// With fewer commands there is nothing to overlap.
const COMMANDS_MIN: usize = 8;

/// The ids of the reservations that a part makes, taken for its key.
#[derive(Default)]
pub struct Ahead {
    taken: Vec<(ReservationId, Claim)>,
    /// Place of the next in `taken`.
    next: usize,
}

impl Ahead {
    /// Looks ahead, and takes the ids.
    pub fn look(commands: &[PlacedCommand], ledger: &StockLedger, ids: &Ids) -> Self {
        if commands.len() < COMMANDS_MIN {
            return Self::default();
        }
        let named: Vec<ReservationId> =
            commands.iter().filter_map(|it| it.command.reservation()).collect();
        // The count is of no use; the tables' memory is in the cache now.
        std::hint::black_box(ledger.look_ahead(&named));
        let made: Vec<ReservationId> =
            commands.iter().filter_map(|it| made_by(&it.command)).collect();
        let claims = ids.claim_all(&made, ledger.key());
        Self { taken: made.into_iter().zip(claims).collect(), next: 0 }
    }

    /// What became of the claim of this command, which is the part's next; none where nothing was claimed for it.
    pub fn of(&mut self, command: &Command) -> Option<bool> {
        let (id, claim) = *self.taken.get(self.next)?;
        if made_by(command) != Some(id) {
            return None;
        }
        self.next += 1;
        Some(claim != Claim::Others)
    }

    /// Lets go of ids that no reservation was made of.
    pub fn release(&self, ledger: &StockLedger, ids: &Ids) {
        for (id, _) in self.taken.iter().filter(|(_, claim)| *claim == Claim::New) {
            if !ledger.knows(*id) {
                ids.release(*id, ledger.key());
            }
        }
    }
}

/// The reservation that a frame's command makes.
fn made_by(command: &Command) -> Option<ReservationId> {
    match command {
        Command::ReserveOne { id, .. } => Some(*id),
        _ => None,
    }
}
