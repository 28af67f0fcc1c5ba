//! What a table of steps expects.

use saldo::actor::call::CallResult;
use saldo_ledger::{Level, RefusalCode, ReservationId, ReservationView, Status, StockKey};

use super::compare::figures_of;
use super::{Figures, Subject};

/// Something that must be so at this point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// A balance of a key, or its version.
    Figure(StockKey, Figure, i64),
    /// A key does not exist.
    NoStock(StockKey),
    /// The state of a reservation.
    Status(ReservationId, Status),
    /// Units of a reservation in one state, over all its lines.
    Units(ReservationId, State, u64),
    /// Nobody knows the reservation.
    NoReservation(ReservationId),
    /// What the last call was refused with.
    Refused(RefusalCode),
    /// The last call was accepted.
    Accepted,
    /// The last call was told to be a repeat.
    Replayed,
    /// Of the last calls, made together, so many were accepted.
    AcceptedOfAll(usize),
}

/// Which figure of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    OnHand,
    Reserved,
    Committed,
    Damaged,
    QualityControl,
    SafetyStock,
    Incoming,
    Available,
    Version,
}

/// Which units of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Held,
    Committed,
    Fulfilled,
    Released,
    Expired,
    Returned,
}

impl Expect {
    /// Looks whether it is so.
    ///
    /// # Errors
    /// What is so instead, as a sentence.
    pub async fn check(
        &self,
        subject: &mut impl Subject,
        last: &[CallResult],
    ) -> Result<(), String> {
        let unless = |is_so: bool, told: String| if is_so { Ok(()) } else { Err(told) };
        match self {
            Self::Figure(key, figure, expected) => match subject.level(key).await {
                None => Err(format!("{key:?} does not exist")),
                Some(level) => {
                    let told = figure.of(&level);
                    unless(told == *expected, format!("it is {told}"))
                }
            },
            Self::NoStock(key) => {
                unless(subject.level(key).await.is_none(), "it exists".to_owned())
            }
            Self::Status(id, expected) => {
                let view = found(subject, *id).await?;
                unless(view.status() == *expected, format!("it is {:?}", view.status()))
            }
            Self::Units(id, state, expected) => {
                let view = found(subject, *id).await?;
                let told: u64 = view.lines.iter().map(|line| state.of(&line.units)).sum();
                unless(told == *expected, format!("there are {told}"))
            }
            Self::NoReservation(id) => {
                unless(subject.order(*id).await.is_none(), "it is found".to_owned())
            }
            Self::Refused(code) => match last.last() {
                Some(Err(refusal)) => {
                    unless(refusal.code == *code, format!("it was refused with {:?}", refusal.code))
                }
                _ => Err("it was accepted".to_owned()),
            },
            Self::Accepted => last_answer(last).map(|_| ()),
            Self::Replayed => {
                let replayed = last_answer(last)?;
                unless(replayed, "it was carried out".to_owned())
            }
            Self::AcceptedOfAll(expected) => {
                let told = last.iter().filter(|result| result.is_ok()).count();
                unless(told == *expected, format!("{told} of {} were accepted", last.len()))
            }
        }
    }
}

fn last_answer(last: &[CallResult]) -> Result<bool, String> {
    match last.last() {
        Some(Ok(answer)) => Ok(answer.replayed),
        Some(Err(refusal)) => Err(format!("it was refused with {:?}", refusal.code)),
        None => Err("nothing was asked yet".to_owned()),
    }
}

async fn found(subject: &mut impl Subject, id: ReservationId) -> Result<ReservationView, String> {
    subject.order(id).await.ok_or_else(|| "it is not found".to_owned())
}

impl Figure {
    fn of(self, level: &Level) -> i64 {
        let figures: Figures = figures_of(level);
        match self {
            Self::OnHand => figures.on_hand,
            Self::Reserved => figures.reserved,
            Self::Committed => figures.committed,
            Self::Damaged => figures.damaged,
            Self::QualityControl => figures.quality_control,
            Self::SafetyStock => figures.safety_stock,
            Self::Incoming => figures.incoming,
            Self::Available => figures.available(),
            Self::Version => i64::try_from(level.version).unwrap_or(i64::MAX),
        }
    }
}

impl State {
    fn of(self, units: &saldo_ledger::Units) -> u64 {
        u64::from(match self {
            Self::Held => units.held,
            Self::Committed => units.committed,
            Self::Fulfilled => units.fulfilled,
            Self::Released => units.released,
            Self::Expired => units.expired,
            Self::Returned => units.returned,
        })
    }
}
