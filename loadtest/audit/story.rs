//! Operations and events in words, and the operations around a moment: the history that a fault is told with.

use std::fmt::Write;

use saldo_protocol::binary::MovementRecord;

use crate::audit::index::Place;
use crate::history::log::{ClientLog, Entry, Span};
use crate::history::witness::{Observation, Seen};
use crate::workload::names::{Names, Stock};
use crate::workload::op::KeyIndex;
use crate::workload::outcome::{NOT_TOLD, Verdict};

/// Operations that a history tells.
const AROUND_MAX: usize = 8;

/// `SKU at LOCATION`.
pub(super) fn key(names: &Names, key: KeyIndex) -> String {
    let Stock { sku, location } = names.stock(key);
    format!("{sku} at {location}")
}

/// An event of the books.
pub(super) fn event(names: &Names, event: &MovementRecord<'_>) -> String {
    let mut text = format!(
        "version {} ({:?} of {}, available {} → {}",
        event.version, event.kind, event.quantity, event.before.available, event.after.available
    );
    if let Some(id) = event.reservation_id.map(uuid::Uuid::from_bytes) {
        let _ = write!(text, ", reservation {id}");
        if let Some(ticket) = names.ticket(id) {
            let _ = write!(text, ": operation {} of client {}", ticket.number(), ticket.client());
        }
    }
    text + ")"
}

/// An operation and its answer.
pub(super) fn operation(logs: &[ClientLog], place: Place) -> String {
    let log = &logs[place.client as usize];
    let entry = &log.entries[place.entry as usize];
    let number = entry.name.number() + u64::from(place.i);
    let mut text = format!("client {} ", place.client);
    text += &match entry.count {
        1 => format!("operation {number}"),
        count => format!("operation {number}, {} of {count} alike", place.i + 1),
    };
    let _ = write!(text, ", {}: {} {}", span(log.span(entry)), entry.verb.name(), entry.quantity);
    text + " → " + &answer(entry, place.i)
}

/// From when to when.
pub(super) fn span(span: Span) -> String {
    let sent = seconds(span.sent_ns);
    match span.answered_ns {
        u64::MAX => format!("sent at {sent} and never answered"),
        answered => format!("sent at {sent}, answered at {}", seconds(answered)),
    }
}

/// What an observation saw.
pub(super) fn observation(logs: &[ClientLog], observation: &Observation) -> String {
    let (client, entry) = (observation.place >> 32, observation.place & u64::from(u32::MAX));
    let place = Place { client: narrow(client), entry: narrow(entry), i: 0 };
    match observation.seen {
        Seen::State { .. } => operation(logs, place),
        Seen::Short { asked, .. } => {
            format!("{}, which needs a version with fewer than {asked}", operation(logs, place))
        }
    }
}

/// The operations on a key that were under way nearest to a time, in the order in which they were sent.
pub(super) fn around(logs: &[ClientLog], key: KeyIndex, times: Span) -> String {
    let distance = |span: Span| {
        if span.answered_ns < times.sent_ns {
            times.sent_ns - span.answered_ns
        } else {
            span.sent_ns.saturating_sub(times.answered_ns)
        }
    };
    let mut near: Vec<(u64, u64, Place)> = Vec::with_capacity(2 * AROUND_MAX);
    for (client, log) in (0..).zip(logs) {
        for (entry, place) in (0..).zip(&log.entries).filter(|(_, entry)| entry.key == key) {
            let span = log.span(place);
            near.push((distance(span), span.sent_ns, Place { client, entry, i: 0 }));
            if near.len() == 2 * AROUND_MAX {
                near.sort_unstable_by_key(|&(distance, sent, _)| (distance, sent));
                near.truncate(AROUND_MAX);
            }
        }
    }
    near.sort_unstable_by_key(|&(distance, sent, _)| (distance, sent));
    near.truncate(AROUND_MAX);
    near.sort_unstable_by_key(|&(_, sent, _)| sent);
    let mut text = String::from(". Around it:");
    for (_, _, place) in near {
        let _ = write!(text, "\n    {}", operation(logs, place));
    }
    text
}

fn answer(entry: &Entry, i: u32) -> String {
    let mut text = match entry.verdict {
        Verdict::Done => "done".to_owned(),
        Verdict::Replayed => "done before".to_owned(),
        Verdict::Refused(code) => format!("refused: {code}"),
        Verdict::Unknown => "outcome unknown".to_owned(),
    };
    let (version, available) = (entry.version_of(i), entry.available_of(i));
    if version > 0 {
        let _ = write!(text, ", version {version}");
    }
    if available != NOT_TOLD {
        let _ = write!(text, ", available {available}");
    }
    text
}

/// Since the run's start, to the microsecond: finer than any answer's time is true.
fn seconds(ns: u64) -> String {
    format!("{}.{:06} s", ns / 1_000_000_000, ns / 1_000 % 1_000_000)
}

fn narrow(half: u64) -> u32 {
    u32::try_from(half).unwrap_or(u32::MAX)
}
