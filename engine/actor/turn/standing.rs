//! Whether a call was made before: by its idempotency key, or by the reservation id that it gives.

use saldo_ledger::{Command, Once, RefusalCode, ReservationId};
use tokio::sync::oneshot;

use super::{Turn, ahead};
use crate::actor::fingerprint;
use crate::actor::ids::Claim;
use crate::actor::message::Asked;
use crate::actor::once::Known;
use crate::actor::stock_actor::StockActor;

/// Whether a call was made before.
pub(super) enum Standing {
    New,
    Repeat(Option<ReservationId>),
    Refused(RefusalCode),
    Wait(oneshot::Receiver<()>),
}

impl Turn<'_> {
    /// Finds out whether a call was made before, and claims its keys where it was not.
    pub(super) fn standing(&mut self, asked: &Asked) -> Standing {
        let Asked { command, once } = asked;
        let once = once.as_deref().copied();
        if command.is_step() {
            return Standing::New;
        }
        let made = match command {
            Command::ReserveOne { id, fingerprint, .. } => Some((*id, *fingerprint)),
            Command::Reserve(reserve) if !reserve.adding => Some((reserve.id, reserve.fingerprint)),
            _ => None,
        };
        if let Some((id, fingerprint)) = made
            && let Some(standing) = self.standing_of_id(id, fingerprint)
        {
            return standing;
        }
        if let Some(once) = once {
            match self.shared.once.claim(once, self.now) {
                Known::Fresh => self.claiming = Some(once),
                Known::Done(reservation) => return Standing::Repeat(reservation),
                Known::Reused => return Standing::Refused(RefusalCode::IdempotencyKeyReused),
                Known::UnderWay(told) => return Standing::Wait(told),
            }
        }
        if let Some((id, fingerprint)) = made
            && let Some(standing) = self.standing_behind_claim(id, fingerprint)
        {
            if let Some(once) = once {
                self.shared.once.forget(once);
            }
            return standing;
        }
        Standing::New
    }

    /// Claims the id, and finds out whether it was anyone's until then.
    fn standing_behind_claim(&mut self, id: ReservationId, fingerprint: u64) -> Option<Standing> {
        match self.claim_of(id) {
            Claim::Others => Some(Standing::Refused(RefusalCode::IdempotencyKeyReused)),
            // Its home may have closed it, and let go of it, since it was asked for above.
            Claim::New if self.taken.is_none() => {
                let standing = self.standing_of_id(id, fingerprint)?;
                ahead::release(id, &self.actor.ledger, &self.shared.ids);
                Some(standing)
            }
            Claim::New | Claim::Own => None,
        }
    }

    fn claim_of(&mut self, id: ReservationId) -> Claim {
        let StockActor { ahead, ledger, .. } = &mut *self.actor;
        let before = self.taken.map(|taken| taken.claim);
        before.unwrap_or_else(|| ahead.take(id, ledger.key(), &self.shared.ids))
    }

    /// A reservation id that a client gave is a key of its own kind, remembered while the
    /// reservation is open and for the window after it closed.
    fn standing_of_id(&self, id: ReservationId, fingerprint: u64) -> Option<Standing> {
        let same = |known: bool| {
            if known {
                Standing::Repeat(Some(id))
            } else {
                Standing::Refused(RefusalCode::IdempotencyKeyReused)
            }
        };
        let is_fresh = self.taken.is_some_and(|taken| taken.is_fresh()) && !self.has_adopted;
        if !is_fresh && let Some(known) = self.actor.ledger.fingerprint_of(id) {
            return Some(same(known == fingerprint && fingerprint != 0));
        }
        if fingerprint == 0 || !self.shared.once.has_reservations() {
            return None;
        }
        let once = Once { key: fingerprint::key_of_id(id), fingerprint };
        match self.shared.once.known(once, self.now) {
            Some(Known::Done(_)) => Some(same(true)),
            Some(_) => Some(same(false)),
            None => None,
        }
    }
}
