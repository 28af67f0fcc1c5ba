//! The rules of stock: one [`StockLedger`] is one SKU at one location.
//!
//! A pure state machine in the manner of event sourcing: [`StockLedger::decide`] checks everything
//! and changes nothing, [`StockLedger::apply`] carries an event out and cannot fail. Time is an
//! argument, expiry is a command like any other, and replay applies events without deciding again.
#![no_std]
#![warn(missing_docs)]

extern crate alloc;

mod apply;
mod balances;
mod command;
mod deadlines;
mod decide;
mod event;
mod index;
mod key;
mod ledger;
mod parts;
mod refusal;
mod reservation;
mod slots;
pub mod tables;
mod terms;
mod time;
mod units;

pub use balances::{Balances, Bucket, Level, QUANTITY_MAX, WHOLE_MAX};
pub use command::{
    Arrivals, Command, Condition, Mode, Note, Once, PlanLine, Reserve, Selection, Take,
};
pub use event::{ArrivalAt, Change, Event, PlannedLine, ReturnedPart, SettledPart};
pub use key::{KeyError, LOCATION_BYTES_MAX, SKU_BYTES_MAX, StockKey, check_location, check_sku};
pub use ledger::StockLedger;
pub use parts::{Changes, Head, StoredSlot};
pub use refusal::{LineRefusal, Refusal, RefusalCode};
pub use reservation::{
    Basket, ClosedReservation, Line, Plan, References, ReservationView, Role, Status,
};
pub use slots::{PAGE_SLOTS, PageImage, Slot};
pub use terms::Terms;
pub use time::Timestamp;
pub use units::{ReservationId, Units, Verb};

#[cfg(test)]
mod tests;
