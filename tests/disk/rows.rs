//! A journal read without the engine's recovery: record by record from the files' beginnings, by headers, checksums and
//! the chain, down to events.

use saldo::feed::CatchUpFault;
use saldo::journal::group::{Tale, tell};
use saldo::journal::{HEADER_BYTES, Header, Kind, PAGE_BYTES};
use saldo_ledger::{Balances, Event, StockKey};

use super::broken::{Broken, Held};
use super::medium::PagedMedium;
use super::pages::Pages;

/// An event as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its sequence.
    pub sequence: u64,
    /// What happened to a key; none where the engine resumed.
    pub told: Option<Told>,
}

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub key: StockKey,
    pub version: u64,
    pub before: Balances,
    pub event: Event,
}

/// A record of a segment.
#[derive(Clone, Debug)]
pub struct Record {
    pub header: Header,
    pub checksum: u32,
    /// Where it begins, in bytes.
    pub offset: usize,
    pub payload: Vec<u8>,
}

/// Where segments end in their names.
const SUFFIX: &str = ".segment";

/// The names of a journal's segments, oldest first.
pub fn segments(journal: &PagedMedium) -> Vec<String> {
    journal.names().into_iter().filter(|name| name.ends_with(SUFFIX)).collect()
}

/// A file's records from its beginning, as far as each is whole and names the one before it.
pub fn records(pages: &Pages) -> Vec<Record> {
    let (mut found, mut offset): (Vec<Record>, usize) = (Vec::new(), 0);
    loop {
        let mut bytes = [0; HEADER_BYTES];
        if pages.read(&mut bytes, offset) < HEADER_BYTES {
            return found;
        }
        let Ok((header, checksum)) = Header::decode(&bytes) else { return found };
        if found.last().is_some_and(|last| last.checksum != header.previous_checksum) {
            return found;
        }
        let Ok(length) = usize::try_from(header.length) else { return found };
        let mut payload = vec![0; length.min(pages.len())];
        let read = pages.read(&mut payload, offset + HEADER_BYTES);
        if read < length || crc32c::crc32c(&payload) != header.payload_checksum {
            return found;
        }
        found.push(Record { header, checksum, offset, payload });
        offset += (HEADER_BYTES + length).next_multiple_of(PAGE_BYTES);
    }
}

/// The events of a payload.
pub fn rows_of(payload: &[u8], first_sequence: u64) -> Held<Vec<Row>> {
    let mut rows = Vec::new();
    let mut next = first_sequence;
    let told = tell(payload, first_sequence, |tale| {
        rows.push(Row {
            sequence: next,
            told: match tale {
                Tale::Resumed(_) => None,
                Tale::Event(told) => Some(Told {
                    key: told.key.clone(),
                    version: told.version,
                    before: told.before,
                    event: told.event,
                }),
            },
        });
        next += 1;
        Ok::<_, CatchUpFault>(())
    });
    told.map_err(|error| Broken::new("P2", format!("event {next} is no event: {error}")))?;
    Ok(rows)
}

/// The last run that wrote a whole record.
pub fn last_run(journal: &PagedMedium) -> u64 {
    let pages = segments(journal).into_iter().filter_map(|name| journal.pages(&name));
    pages.filter_map(|pages| records(&pages).first().map(|it| it.header.run)).max().unwrap_or(0)
}

/// All events of a journal, each with the run that wrote it. Where a later segment begins anew behind an earlier
/// place, what the earlier one has from there on is dead.
pub fn rows(journal: &PagedMedium) -> Held<Vec<(u64, Row)>> {
    let mut all: Vec<(u64, Row)> = Vec::new();
    for name in segments(journal) {
        let Some(pages) = journal.pages(&name) else { continue };
        for record in records(&pages) {
            let first = record.header.first_sequence;
            if record.header.kind == Kind::Opening {
                all.truncate(all.partition_point(|(_, row)| row.sequence < first));
            }
            let rows = rows_of(record.payload_of_events(), first)?;
            all.extend(rows.into_iter().map(|row| (record.header.run, row)));
        }
    }
    Ok(all)
}

impl Record {
    /// The groups; nothing of an opening or closing record.
    fn payload_of_events(&self) -> &[u8] {
        if self.header.kind == Kind::Events { &self.payload } else { &[] }
    }
}
