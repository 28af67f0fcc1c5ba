//! What the engine tells, in the words of the wire.

use saldo_ledger::{Balances, Level, Line, ReservationView, Status, Timestamp};
use saldo_protocol as wire;
use uuid::Uuid;

use crate::actor::call::{Movement, MovementKind};
use crate::feed::{Band, View};

/// A level.
pub(crate) fn level(level: &Level) -> wire::Level {
    let balances = &level.balances;
    wire::Level {
        sku: level.key.sku().to_owned(),
        location: level.key.location().to_owned(),
        on_hand: balances.on_hand,
        reserved: balances.reserved,
        committed: balances.committed,
        damaged: balances.damaged,
        quality_control: balances.quality_control,
        safety_stock: balances.safety_stock,
        incoming: balances.incoming,
        available: balances.available(),
        oversell_limit: balances.oversell_limit,
        version: level.version,
        as_of: time(level.as_of),
    }
}

/// A level as a view tells it.
pub(crate) fn level_view(told: &Level, band: Band, view: View) -> wire::LevelView {
    let (sku, location) = (told.key.sku().to_owned(), told.key.location().to_owned());
    let (version, as_of) = (told.version, time(told.as_of));
    match view {
        View::Exact => wire::LevelView::Exact(level(told)),
        View::Banded => {
            let availability = match band {
                Band::OutOfStock => wire::StockBand::OutOfStock,
                Band::LowStock => wire::StockBand::LowStock,
                Band::InStock => wire::StockBand::InStock,
            };
            let banded = wire::BandedLevel { sku, location, availability, version, as_of };
            wire::LevelView::Banded(banded)
        }
        View::Boolean => {
            let is_available = band > Band::OutOfStock;
            let boolean = wire::BooleanLevel { sku, location, is_available, version, as_of };
            wire::LevelView::Boolean(boolean)
        }
    }
}

/// Levels, in the order given.
pub(crate) fn levels(levels: &[Level]) -> Vec<wire::Level> {
    levels.iter().map(level).collect()
}

/// A reservation.
pub(crate) fn reservation(view: ReservationView) -> wire::Reservation {
    wire::Reservation {
        id: Uuid::from_u128(view.id.bits()),
        status: status(view.status()),
        lines: view.lines.iter().map(line).collect(),
        expires_at: view.expires_at.map(time),
        created_at: time(view.created_at),
        order_reference: view.references.order.map(String::from),
        customer_reference: view.references.customer.map(String::from),
        channel: view.references.channel.map(String::from),
    }
}

/// A movement; `cursor` is its place in the journal.
pub(crate) fn movement(movement: Movement, cursor: String) -> wire::Movement {
    wire::Movement {
        cursor,
        sku: movement.key.sku().to_owned(),
        location: movement.key.location().to_owned(),
        version: movement.version,
        kind: kind(movement.kind),
        quantity: movement.quantity,
        before: balances(&movement.before),
        after: balances(&movement.after),
        reservation_id: movement.reservation.map(|id| Uuid::from_u128(id.bits())),
        reason: movement.reason.map(String::from),
        reference: movement.reference.map(String::from),
        at: time(movement.at),
    }
}

fn line(line: &Line) -> wire::ReservationLine {
    let units = &line.units;
    wire::ReservationLine {
        sku: line.key.sku().to_owned(),
        location: line.key.location().to_owned(),
        requested: u64::from(units.requested),
        quantity: units.granted(),
        held: u64::from(units.held),
        committed: u64::from(units.committed),
        fulfilled: u64::from(units.fulfilled),
        released: u64::from(units.released),
        expired: u64::from(units.expired),
        returned: u64::from(units.returned),
    }
}

const fn status(status: Status) -> wire::ReservationStatus {
    match status {
        Status::Held => wire::ReservationStatus::Held,
        Status::Committed => wire::ReservationStatus::Committed,
        Status::Fulfilled => wire::ReservationStatus::Fulfilled,
        Status::Released => wire::ReservationStatus::Released,
        Status::Expired => wire::ReservationStatus::Expired,
        Status::Mixed => wire::ReservationStatus::Mixed,
    }
}

const fn kind(kind: MovementKind) -> wire::MovementKind {
    match kind {
        MovementKind::Received => wire::MovementKind::Received,
        MovementKind::Adjusted => wire::MovementKind::Adjusted,
        MovementKind::Counted => wire::MovementKind::Counted,
        MovementKind::PolicySet => wire::MovementKind::PolicySet,
        MovementKind::Reserved => wire::MovementKind::Reserved,
        MovementKind::Extended => wire::MovementKind::Extended,
        MovementKind::Committed => wire::MovementKind::Committed,
        MovementKind::Fulfilled => wire::MovementKind::Fulfilled,
        MovementKind::Released => wire::MovementKind::Released,
        MovementKind::Expired => wire::MovementKind::Expired,
        MovementKind::Returned => wire::MovementKind::Returned,
        MovementKind::Sold => wire::MovementKind::Sold,
        MovementKind::Opening => wire::MovementKind::Opening,
    }
}

fn balances(balances: &Balances) -> wire::Balances {
    wire::Balances {
        on_hand: balances.on_hand,
        reserved: balances.reserved,
        committed: balances.committed,
        damaged: balances.damaged,
        quality_control: balances.quality_control,
        safety_stock: balances.safety_stock,
        incoming: balances.incoming,
        available: balances.available(),
    }
}

/// A time.
pub(crate) const fn time(time: Timestamp) -> wire::Timestamp {
    wire::Timestamp::from_micros_clamped(time.as_micros())
}
