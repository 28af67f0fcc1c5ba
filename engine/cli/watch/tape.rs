//! The newest events as rows of a table, newest first. Pure: no clock.

use std::collections::VecDeque;

use saldo_protocol::{Movement, MovementKind};

use super::table::{Align, printable};

/// Events that are kept: more than any terminal has lines.
const EVENTS_KEPT_MAX: usize = 1_000;

/// The newest events.
#[derive(Debug, Default)]
pub struct Tape {
    events: VecDeque<Movement>,
    /// All that were heard.
    pub heard: u64,
}

impl Tape {
    /// Takes an event in.
    pub fn take(&mut self, event: Movement) {
        self.heard += 1;
        self.events.truncate(EVENTS_KEPT_MAX - 1);
        self.events.push_front(event);
    }

    /// At most so many rows, newest first.
    pub fn shown(&self, rows_max: usize) -> Vec<Vec<String>> {
        self.events.iter().take(rows_max).map(cells).collect()
    }
}

/// The heads of the columns.
pub const HEADS: &[(&str, Align)] = &[
    ("SKU", Align::Left),
    ("LOCATION", Align::Left),
    ("EVENT", Align::Left),
    ("QUANTITY", Align::Right),
    ("AVAILABLE", Align::Right),
    ("ON HAND", Align::Right),
    ("VERSION", Align::Right),
    ("AT (UTC)", Align::Left),
    ("CAUSE", Align::Left),
];

fn cells(event: &Movement) -> Vec<String> {
    // The day is seldom of interest in a live table, and the microseconds never.
    let at = event.at.to_string().get(11..19).unwrap_or_default().to_owned();
    vec![
        printable(&event.sku),
        printable(&event.location),
        kind_name(event.kind).to_owned(),
        event.quantity.to_string(),
        format!("{} → {}", event.before.available, event.after.available),
        format!("{} → {}", event.before.on_hand, event.after.on_hand),
        event.version.to_string(),
        at,
        cause_of(event),
    ]
}

/// What an event belongs to, as far as it says.
pub fn cause_of(event: &Movement) -> String {
    let reservation = event.reservation_id.map(|id| format!("reservation={id}"));
    let reason = event.reason.as_ref().map(|text| format!("reason={}", printable(text)));
    let reference = event.reference.as_ref().map(|text| format!("reference={}", printable(text)));
    let parts: Vec<String> = [reservation, reason, reference].into_iter().flatten().collect();
    parts.join(" ")
}

/// A kind as JSON has it.
pub const fn kind_name(kind: MovementKind) -> &'static str {
    match kind {
        MovementKind::Received => "received",
        MovementKind::Adjusted => "adjusted",
        MovementKind::Counted => "counted",
        MovementKind::PolicySet => "policy_set",
        MovementKind::Reserved => "reserved",
        MovementKind::Extended => "extended",
        MovementKind::Committed => "committed",
        MovementKind::Fulfilled => "fulfilled",
        MovementKind::Released => "released",
        MovementKind::Expired => "expired",
        MovementKind::Returned => "returned",
        MovementKind::Sold => "sold",
        MovementKind::Opening => "opening",
    }
}
