//! Looking ahead in a frame's part: what its commands will ask of large tables is asked at once, before the first of
//! them is decided, so that the waits for memory overlap instead of adding up.

use saldo_ledger::{Command, ReservationId, StockKey, StockLedger};

use crate::actor::ids::{Claim, Ids};
use crate::actor::message::PlacedCommand;

/// With fewer commands there is nothing to overlap.
const COMMANDS_MIN: usize = 8;

/// The ids that a turn took for its key: those of a frame's part before it begins, others one by one.
#[derive(Debug, Default)]
pub struct Ahead {
    taken: Vec<Taken>,
    /// Place of the next in `taken`.
    next: usize,
    /// New ones that were taken one by one.
    singly: Vec<ReservationId>,
}

/// An id that was taken.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub id: ReservationId,
    /// What became of its claim.
    pub claim: Claim,
    /// Whether the ledger knew it then.
    known: bool,
}

impl Taken {
    /// Whether nobody can know a reservation of this id: the ledger did not, and no command of the same part made one, as
    /// that would have had the claim before.
    pub fn is_fresh(&self) -> bool {
        self.claim == Claim::New && !self.known
    }
}

impl Ahead {
    /// Looks ahead, and takes the ids of the reservations that a part makes.
    pub fn look(commands: &[PlacedCommand], ledger: &StockLedger, ids: &Ids) -> Self {
        if commands.len() < COMMANDS_MIN {
            return Self::default();
        }
        let named = || commands.iter().map(|it| &it.asked.command);
        let known = ledger.look_ahead(named().filter_map(Command::reservation));
        let known = named().filter(|command| command.reservation().is_some()).zip(known);
        let (made, known): (Vec<ReservationId>, Vec<bool>) =
            known.filter_map(|(command, known)| Some((made_by(command)?, known))).unzip();
        let claims = ids.claim_all(&made, ledger.key());
        let taken = made.into_iter().zip(claims).zip(known);
        let taken = taken.map(|((id, claim), known)| Taken { id, claim, known });
        Self { taken: taken.collect(), next: 0, singly: Vec::new() }
    }

    /// The id of this command, which is the part's next; none where nothing was taken for it.
    pub fn of(&mut self, command: &Command) -> Option<Taken> {
        let taken = *self.taken.get(self.next)?;
        if made_by(command) != Some(taken.id) {
            return None;
        }
        self.next += 1;
        Some(taken)
    }

    /// Takes one id.
    pub fn take(&mut self, id: ReservationId, home: &StockKey, ids: &Ids) -> Claim {
        let claim = ids.claim(id, home);
        if claim == Claim::New {
            self.singly.push(id);
        }
        claim
    }

    /// Lets go of all ids that no reservation was made of: of a turn that came to nothing nobody knows which.
    pub fn release(self, ledger: &StockLedger, ids: &Ids) {
        let ahead = self.taken.into_iter().filter(|taken| taken.claim == Claim::New);
        for id in ahead.map(|taken| taken.id).chain(self.singly) {
            release(id, ledger, ids);
        }
    }
}

/// Lets go of an id, unless it is a reservation's.
pub fn release(id: ReservationId, ledger: &StockLedger, ids: &Ids) {
    if !ledger.knows(id) {
        ids.release(id, ledger.key());
    }
}

/// The reservation that a frame's command makes.
fn made_by(command: &Command) -> Option<ReservationId> {
    match command {
        Command::ReserveOne { id, .. } => Some(*id),
        _ => None,
    }
}
