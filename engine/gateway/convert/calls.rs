//! Requests as calls of the engine. Their values are in range already: what is left to refuse are lists and
//! holds past configured limits, and keys and ids that a type of the wire cannot rule out.

use saldo_ledger::{Bucket, Condition, Mode, Note, References, ReservationId, StockKey, Verb};
use saldo_protocol as wire;

use crate::actor::call::{Call, ReturnLine};
use crate::config::Settings;
use crate::gateway::failure::Failure;
use crate::gateway::path::{given_id, key};

/// `receive`.
pub(crate) fn receive(key: StockKey, request: wire::ReceiveRequest) -> Call {
    Call::Receive {
        key,
        quantity: request.quantity.get(),
        from_incoming: request.from_incoming,
        note: note(request.reason, request.reference),
    }
}

/// `adjust`.
pub(crate) fn adjust(key: StockKey, request: wire::AdjustRequest) -> Call {
    Call::Adjust {
        key,
        delta: request.delta.get(),
        bucket: match request.bucket {
            wire::Bucket::OnHand => Bucket::OnHand,
            wire::Bucket::Damaged => Bucket::Damaged,
            wire::Bucket::QualityControl => Bucket::QualityControl,
            wire::Bucket::Incoming => Bucket::Incoming,
        },
        note: note(Some(request.reason), request.reference),
    }
}

/// `count`.
pub(crate) fn count(key: StockKey, request: wire::CountRequest) -> Call {
    Call::Count {
        key,
        counted: request.counted.get(),
        at_version: request.at_version.map(wire::AtVersion::get),
        note: note(None, request.reference),
    }
}

/// `policy`.
pub(crate) fn policy(key: StockKey, request: wire::PolicyRequest) -> Call {
    Call::SetPolicy {
        key,
        safety_stock: request.safety_stock.map(wire::SafetyStock::get),
        oversell_limit: request.oversell_limit.map(wire::OversellLimit::get),
    }
}

/// `sell`.
pub(crate) fn sell(key: StockKey, request: wire::SellRequest) -> Call {
    Call::Sell {
        key,
        quantity: request.quantity.get(),
        handed_over: request.handed_over,
        note: note(None, request.reference),
    }
}

/// A new reservation.
pub(crate) fn reserve(request: wire::ReserveRequest, settings: &Settings) -> Result<Call, Failure> {
    Ok(Call::Reserve {
        id: request.id.map(given_id).transpose()?,
        lines: lines(&request.lines, settings)?,
        hold_seconds: hold_seconds(request.hold_seconds, settings)?,
        mode: mode(request.mode),
        references: References {
            order: request.order_reference.map(wire::OrderReference::into_boxed_str),
            customer: request.customer_reference.map(wire::CustomerReference::into_boxed_str),
            channel: request.channel.map(wire::Channel::into_boxed_str),
        },
    })
}

/// A cart-add.
pub(crate) fn add_lines(
    id: ReservationId,
    request: &wire::AddLinesRequest,
    settings: &Settings,
) -> Result<Call, Failure> {
    Ok(Call::AddLines {
        id,
        lines: lines(&request.lines, settings)?,
        hold_seconds: hold_seconds(request.hold_seconds, settings)?,
        mode: mode(request.mode),
    })
}

/// A new deadline.
pub(crate) fn extend(
    id: ReservationId,
    request: wire::ExtendRequest,
    settings: &Settings,
) -> Result<Call, Failure> {
    let hold_seconds = checked_hold_seconds(request.hold_seconds, settings)?;
    Ok(Call::Extend { id, hold_seconds })
}

/// `commit`, `fulfil`, `release`.
pub(crate) fn settle(
    id: ReservationId,
    verb: Verb,
    given: Option<&[wire::Line]>,
    settings: &Settings,
) -> Result<Call, Failure> {
    let lines = given.map(|given| lines(given, settings)).transpose()?;
    Ok(Call::Settle { id, verb, lines })
}

/// Units of an order come back.
pub(crate) fn return_lines(
    id: ReservationId,
    request: &wire::ReturnLinesRequest,
    settings: &Settings,
) -> Result<Call, Failure> {
    check_lines(request.lines.len(), settings)?;
    let line = |line: &wire::ReturnLine| {
        let from = key(line.sku.as_str(), line.location.as_str())?;
        let to = match &line.to_location {
            Some(location) => key(line.sku.as_str(), location.as_str())?,
            None => from.clone(),
        };
        Ok(ReturnLine {
            key: from,
            quantity: line.quantity.get(),
            to,
            condition: condition(line.condition),
        })
    };
    let lines: Result<_, Failure> = request.lines.iter().map(line).collect();
    Ok(Call::Return { id, lines: lines? })
}

/// Units come back without an order.
pub(crate) fn return_without_order(
    request: wire::ReturnWithoutOrderRequest,
    settings: &Settings,
) -> Result<Call, Failure> {
    check_lines(request.lines.len(), settings)?;
    let line = |line: &wire::ReturnWithoutOrderLine| {
        let key = key(line.sku.as_str(), line.location.as_str())?;
        Ok((key, line.quantity.get(), condition(line.condition)))
    };
    let lines: Result<_, Failure> = request.lines.iter().map(line).collect();
    Ok(Call::ReturnWithoutOrder {
        lines: lines?,
        reason: request.reason.into_boxed_str().into_string(),
    })
}

fn lines(given: &[wire::Line], settings: &Settings) -> Result<Vec<(StockKey, u32)>, Failure> {
    check_lines(given.len(), settings)?;
    let mut lines = Vec::with_capacity(given.len());
    for line in given {
        let key = key(line.sku.as_str(), line.location.as_str())?;
        lines.push((key, line.quantity.get()));
    }
    Ok(lines)
}

fn check_lines(lines: usize, settings: &Settings) -> Result<(), Failure> {
    if u64::try_from(lines).unwrap_or(u64::MAX) > settings.reservation_lines_max {
        return Err(Failure::limit_exceeded(format!(
            "`lines` has {lines} entries, at most {} are allowed (setting reservation_lines_max): split the call",
            settings.reservation_lines_max
        )));
    }
    Ok(())
}

fn hold_seconds(
    asked: Option<wire::HoldSeconds>,
    settings: &Settings,
) -> Result<Option<u32>, Failure> {
    asked.map(|asked| checked_hold_seconds(asked, settings)).transpose()
}

fn checked_hold_seconds(asked: wire::HoldSeconds, settings: &Settings) -> Result<u32, Failure> {
    let seconds = asked.get();
    if u64::from(seconds) > settings.hold_seconds_max {
        return Err(Failure::limit_exceeded(format!(
            "`hold_seconds` is {seconds}, at most {} are allowed (setting hold_seconds_max): hold for less and extend",
            settings.hold_seconds_max
        )));
    }
    Ok(seconds)
}

fn note(reason: Option<wire::Reason>, reference: Option<wire::Reference>) -> Note {
    Note {
        reason: reason.map(wire::Reason::into_boxed_str),
        reference: reference.map(wire::Reference::into_boxed_str),
    }
}

const fn mode(mode: wire::Mode) -> Mode {
    match mode {
        wire::Mode::AllOrNothing => Mode::AllOrNothing,
        wire::Mode::Partial => Mode::Partial,
    }
}

const fn condition(condition: wire::Condition) -> Condition {
    match condition {
        wire::Condition::Sellable => Condition::Sellable,
        wire::Condition::Damaged => Condition::Damaged,
        wire::Condition::QualityControl => Condition::QualityControl,
    }
}
