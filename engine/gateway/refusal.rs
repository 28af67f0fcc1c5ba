//! From the engine's refusals to problems: the code, a sentence with the figures and what to do, and the lines.

use saldo_ledger::{LineRefusal, Refusal, RefusalCode};
use saldo_protocol::{Code, ProblemLine};

use super::failure::Failure;

/// Keys that a sentence names before it only counts; `lines` names them all.
const KEYS_IN_SENTENCE_MAX: usize = 3;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let detail = sentence(&refusal);
        Self::new(code(refusal.code), detail)
            .with_lines(refusal.lines.into_iter().map(line).collect())
    }
}

/// The engine's code as callers know it.
#[must_use]
pub const fn code(code: RefusalCode) -> Code {
    match code {
        RefusalCode::Malformed => Code::Malformed,
        RefusalCode::LimitExceeded => Code::LimitExceeded,
        RefusalCode::IdempotencyKeyReused => Code::IdempotencyKeyReused,
        RefusalCode::UnknownStock => Code::UnknownStock,
        RefusalCode::UnknownReservation => Code::UnknownReservation,
        RefusalCode::VersionMismatch => Code::VersionMismatch,
        RefusalCode::ReservationExpired => Code::ReservationExpired,
        RefusalCode::ReservationClosed => Code::ReservationClosed,
        RefusalCode::QuantityExceedsHeld => Code::QuantityExceedsHeld,
        RefusalCode::QuantityExceedsCommitted => Code::QuantityExceedsCommitted,
        RefusalCode::QuantityExceedsFulfilled => Code::QuantityExceedsFulfilled,
        RefusalCode::HoldLimit => Code::HoldLimit,
        RefusalCode::InsufficientStock => Code::InsufficientStock,
        RefusalCode::Overloaded => Code::Overloaded,
        RefusalCode::ReadOnly => Code::ReadOnly,
        RefusalCode::NotReady => Code::NotReady,
        RefusalCode::OutcomeUnknown => Code::OutcomeUnknown,
    }
}

fn line(refused: LineRefusal) -> ProblemLine {
    ProblemLine {
        sku: refused.key.sku().to_owned(),
        location: refused.key.location().to_owned(),
        code: code(refused.code),
        requested: refused.requested,
        available: refused.available,
    }
}

fn sentence(refusal: &Refusal) -> String {
    let what = what_and_what_to_do(refusal.code);
    if !refusal.lines.is_empty() {
        let figures: Vec<String> = refusal
            .lines
            .iter()
            .take(KEYS_IN_SENTENCE_MAX)
            .map(|line| {
                format!(
                    "{} ({}): {} asked for, {} there",
                    line.key,
                    code(line.code),
                    line.requested,
                    line.available
                )
            })
            .collect();
        let more = refusal.lines.len() - figures.len();
        let rest = match more {
            0 => String::new(),
            _ => format!(", and {more} more in `lines`"),
        };
        return format!("{what} It failed for {}{rest}.", figures.join(", "));
    }
    if refusal.requested > 0 {
        return format!("{what} {} asked for, {} there.", refusal.requested, refusal.available);
    }
    what.to_owned()
}

const fn what_and_what_to_do(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::Malformed => {
            "A value of the request is outside its range: see /openapi.json for what the call takes."
        }
        RefusalCode::LimitExceeded => {
            "The call would take a list, a hold or a balance past its limit: ask for less, or raise the limit in the settings."
        }
        RefusalCode::IdempotencyKeyReused => {
            "The idempotency key or reservation id already stands for another request: send this one under a new key or id."
        }
        RefusalCode::UnknownStock => {
            "There is no stock record of this SKU at this location: receive, adjust, count, policy or a return makes one."
        }
        RefusalCode::UnknownReservation => {
            "There is no reservation of this id, or it closed too long ago and is no longer kept."
        }
        RefusalCode::VersionMismatch => {
            "`at_version` lies in the future, or further back than the journal reaches: read the level and count again."
        }
        RefusalCode::ReservationExpired => {
            "The hold's deadline has passed and its units went back: reserve again."
        }
        RefusalCode::ReservationClosed => {
            "Nothing of the reservation is held or committed any more: make a new one."
        }
        RefusalCode::QuantityExceedsHeld => {
            "The call asks for more units than are held: read the reservation and ask for at most what is held."
        }
        RefusalCode::QuantityExceedsCommitted => {
            "The call asks for more units than are committed: read the reservation and ask for at most what is committed."
        }
        RefusalCode::QuantityExceedsFulfilled => {
            "The call asks for more units than were fulfilled and not yet returned: read the reservation and return at most those."
        }
        RefusalCode::HoldLimit => {
            "The customer has as many open holds as one may have: commit or release one first."
        }
        RefusalCode::InsufficientStock => {
            "Fewer units can be promised than were asked for: ask for fewer, or use the mode `partial`."
        }
        RefusalCode::Overloaded => {
            "More is in flight than the engine admits and nothing happened: try again after the time in Retry-After."
        }
        RefusalCode::ReadOnly => {
            "The engine takes no changes until there is disk space again and nothing happened: try again after the time in Retry-After."
        }
        RefusalCode::NotReady => {
            "The engine, or this key, cannot serve at present and nothing happened: try again after the time in Retry-After, and see /readyz."
        }
        RefusalCode::OutcomeUnknown => {
            "The change may or may not have happened: send it again with the same Idempotency-Key, then it happens once."
        }
    }
}
