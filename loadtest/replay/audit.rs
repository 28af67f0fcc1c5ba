//! The audit at the end of a run: for every code the engine's level, all its movements and the model, three
//! accounts of the same stock, must agree. Only now is the engine read.

use saldo_protocol::{Code, Cursor, Level, Location, Movements, MovementsQuery, PageLimit, Sku};
use serde::Serialize;

use crate::replay::chain::{ChainAudit, Finding};
use crate::replay::disagreements::Disagreements;
use crate::replay::error::ReplayError;
use crate::replay::model::{KeyModel, Model};
use crate::replay::stock::{Stock, balances, split};
use crate::replay::transport::{Failure, Outcome, Transport};
use crate::replay::worker::cannot_send;

/// What the audit finds. A run is good when `oversold`, `drift` and `disagreements` are all 0.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Codes compared.
    pub codes: u64,
    /// Movements read.
    pub movements: u64,
    /// Units that grants took below what may be promised. Must be 0.
    pub oversold: u64,
    /// Units by which level, sum of movements and model differ. Must be 0.
    pub drift: u64,
    /// Lines of refused or unanswered attempts that were reserved and released again.
    pub withdrawn: u64,
    /// CRC-32C of every code with its balances, in order of code, as hexadecimal digits: two runs that end in the same
    /// stock, to the unit, have the same.
    pub stock_crc: String,
    /// Codes that an adjustment, a fact, took below zero at some time.
    pub negative_by_fact: u64,
    /// Answers and movements that contradict each other. Must be none.
    pub disagreements: Disagreements,
}

impl Verdict {
    /// Whether everything agrees.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.oversold == 0 && self.drift == 0 && self.disagreements.count == 0
    }
}

/// Compares the model with the engine. `disturbed`: attempts may have ended without an answer, and what they did
/// was withdrawn.
///
/// # Errors
/// [`ReplayError::NoAnswer`] where the engine does not answer; a refusal is a disagreement.
pub async fn audit<T: Transport>(
    transport: &T,
    location: &Location,
    model: Model,
    disturbed: bool,
) -> Result<Verdict, ReplayError> {
    let mut verdict = Verdict { disagreements: model.disagreements, ..Verdict::default() };
    let mut crc = 0;
    for (code, key) in &model.keys {
        // Of the model: where the engine has something else, that is drift.
        let Stock { on_hand, reserved, committed } = key.stock;
        let line = format!("{code} {on_hand} {reserved} {committed}\n");
        crc = crc32c::crc32c_append(crc, line.as_bytes());
        let finding = audit_key(transport, location, code, key, disturbed).await?;
        verdict.codes += 1;
        verdict.movements += finding.movements;
        verdict.oversold += finding.oversold;
        verdict.drift += finding.drift;
        verdict.withdrawn += finding.withdrawn;
        verdict.negative_by_fact += u64::from(finding.negative_by_fact);
        verdict.disagreements.append(finding.disagreements);
    }
    verdict.stock_crc = format!("{crc:08x}");
    Ok(verdict)
}

async fn audit_key<T: Transport>(
    transport: &T,
    location: &Location,
    code: &str,
    key: &KeyModel,
    disturbed: bool,
) -> Result<Finding, ReplayError> {
    let level = answered("level", transport.level(code, location.as_str()).await)?;
    let level = match level {
        Ok(level) => level,
        Err(Code::UnknownStock) if !key.exists => return Ok(Finding::default()),
        Err(refused) => return Ok(unreadable(code, key, "its level", refused)),
    };
    if !key.exists {
        return Ok(appeared(code, &level));
    }
    let mut chain = ChainAudit::new(code, &level, key, disturbed);
    let mut query = MovementsQuery {
        sku: Sku::new(code).map_err(cannot_send)?,
        location: location.clone(),
        cursor: None,
        limit: PageLimit::new(PageLimit::MAX).ok(),
    };
    // Each page ends at an older version, so this ends; a page that does not is a fault of the engine.
    let mut oldest = u64::MAX;
    loop {
        let page: Movements = match answered("movements", transport.movements(&query).await)? {
            Ok(page) => page,
            Err(refused) => return Ok(unreadable(code, key, "its movements", refused)),
        };
        for movement in &page.movements {
            chain.take(movement);
        }
        let reached = page.movements.last().map_or(oldest, |last| last.version);
        let next = page.next_cursor.and_then(|cursor| Cursor::new(cursor).ok());
        if next.is_none() || reached >= oldest {
            return Ok(chain.finish());
        }
        oldest = reached;
        query.cursor = next;
    }
}

fn answered<A>(call: &str, outcome: Outcome<A>) -> Result<Result<A, Code>, ReplayError> {
    match outcome {
        Ok(answer) => Ok(Ok(answer.value)),
        Err(Failure::Refused(problem)) => Ok(Err(problem.code)),
        Err(Failure::NoAnswer(reason)) => {
            Err(ReplayError::NoAnswer { call: call.to_owned(), reason })
        }
    }
}

/// All that was answered of this key is lost: its units count as drift.
fn unreadable(code: &str, key: &KeyModel, what: &str, refused: Code) -> Finding {
    let mut finding =
        Finding { drift: key.stock.difference(Stock::default()), ..Finding::default() };
    finding
        .disagreements
        .add(format!("{code}: changes of it were answered, but {what} cannot be read: {refused}"));
    finding
}

fn appeared(code: &str, level: &Level) -> Finding {
    let (stock, foreign) = split(&balances(level));
    let mut finding =
        Finding { drift: stock.difference(Stock::default()) + foreign, ..Finding::default() };
    finding.disagreements.add(format!(
        "{code}: no change of it was answered, but the engine has it at version {}",
        level.version
    ));
    finding
}
