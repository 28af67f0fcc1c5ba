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
    assert!(lines.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    let mut writer = GroupWriter::default();
    for line in &lines {
        written_and_told(&mut writer, std::slice::from_ref(line));
    }
    for run in lines.chunk_by(follows) {
        written_and_told(&mut writer, run);
    }
}

/// Whether two events may stand in one group: the second begins where the first ended.
fn follows(before: &Line, after: &Line) -> bool {
    (&after.key, after.sequence, after.place_before, after.version, &after.before)
        == (&before.key, before.sequence + 1, before.sequence, before.version + 1, &before.after)
        && after.event.at >= before.event.at
}

fn written_and_told(writer: &mut GroupWriter, run: &[Line]) {
    let first = &run[0];
    writer.open(&first.key, first.place_before, first.version - 1, &first.before, first.event.at);
    run.iter().for_each(|line| writer.add(&line.event));
    let (again, error) = told(writer.bytes(), first.sequence);
    assert_eq!(error, None);
    assert_eq!(again.as_slice(), run);
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
