//! The groups of a record's payload: they are refused, or each event told is written and told again the same, with its
//! version, its place and the balances around it.

use saldo::journal::group::{GroupWriter, Tale, Told, tell};
use saldo::store::save::LoadError;
use saldo_ledger::{Balances, Event, StockKey};

use super::input::Input;

/// One event with all that is told beside it.
#[derive(Debug, PartialEq)]
struct Line {
    key: StockKey,
    sequence: u64,
    place_before: u64,
    version: u64,
    before: Balances,
    after: Balances,
    event: Event,
}

impl From<Told<'_>> for Line {
    fn from(told: Told<'_>) -> Self {
        Self {
            key: told.key.clone(),
            sequence: told.sequence,
            place_before: told.place_before,
            version: told.version,
            before: told.before,
            after: told.after(),
            event: told.event,
        }
    }
}

/// Tells what the bytes say, the first event with the sequence that they begin with.
///
/// # Panics
/// Where an event is not told again as it was written.
pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let first = input.number();
    let payload = input.0;
    // What is told before the payload turns out to be damaged was told all the same.
    let (lines, _) = told(payload, first);
    assert!(lines.len() <= payload.len(), "{} events in {}", lines.len(), payload.len());
    let mut writer = GroupWriter::default();
    for line in &lines {
        let version_before = line.version - 1;
        writer.open(&line.key, line.place_before, version_before, &line.before, line.event.at);
        writer.add(&line.event);
        let (again, error) = told(writer.bytes(), line.sequence);
        assert_eq!(error, None);
        assert_eq!(again.as_slice(), std::slice::from_ref(line));
    }
    chain(&lines);
}

/// Within a group each event begins where the one before it ended.
fn chain(lines: &[Line]) {
    for pair in lines.windows(2) {
        let [before, after] = pair else { continue };
        assert!(after.sequence > before.sequence);
        let follows = after.place_before == before.sequence && after.key == before.key;
        if follows && after.version == before.version + 1 && after.before != before.after {
            // A group of its own may say so; its opening names all three.
            assert!(after.sequence == before.sequence + 1);
        }
    }
}

fn told(payload: &[u8], first: u64) -> (Vec<Line>, Option<String>) {
    let mut lines = Vec::new();
    let outcome = tell(payload, first, |tale| {
        if let Tale::Event(event) = tale {
            lines.push(event.into());
        }
        Ok::<_, LoadError>(())
    });
    (lines, outcome.err().map(|error| error.to_string()))
}
