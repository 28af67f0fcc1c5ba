//! A journal of one segment, recovered: edited, cut, or forged with checksums that hold.
//!
//! Edits may lose what nobody was told of and must never invent: whatever is accepted is a front of what was written, and
//! reaches as far as any surviving record says that it was acknowledged. Forgeries may say anything and must neither
//! panic nor take memory for what is not there. The first byte chooses.

use std::convert::Infallible;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, LazyLock};

use saldo::journal::group::{GroupWriter, tell};
use saldo::journal::medium::{Medium, MemoryMedium};
use saldo::journal::{
    HEADER_BYTES, Header, JournalError, Kind, Options, Origin, PAGE_BYTES, Recovery, RecoveryError,
    SEGMENT_BYTES_MIN, Sink,
};
use saldo_ledger::{Balances, Change, Event, StockKey, Timestamp};

use super::input::Input;

/// The segment that is attacked, and the one behind it that some forgeries have.
const NAMES: [&str; 2] = ["0000000000000001.segment", "0000000000000002.segment"];
const JOURNAL_ID: u128 = 0x5a1d0;
/// Edits of one input.
const EDITS_MAX: usize = 64;
/// Records of one forgery.
const RECORDS_MAX: usize = 16;

/// A record's payload and the sequence of its first event.
type Told = (u64, Vec<u8>);

/// A journal as it was written.
struct Template {
    bytes: Vec<u8>,
    records: Vec<Told>,
    /// Headers that hold, each with its `durable_to`.
    headers: Vec<([u8; HEADER_BYTES], u64)>,
}

/// Recovers what the input makes.
///
/// # Panics
/// Where an event is invented or an acknowledged one is lost in silence.
pub fn run(bytes: &[u8]) {
    static OPEN: LazyLock<Template> = LazyLock::new(|| write(false));
    static CLOSED: LazyLock<Template> = LazyLock::new(|| write(true));
    let mut input = Input(bytes);
    match input.byte() % 4 {
        0 | 1 => edited(&OPEN, &mut input),
        2 => edited(&CLOSED, &mut input),
        _ => forged(&mut input),
    }
}

fn options() -> Options {
    let origin = Origin { journal_id: JOURNAL_ID, last_sequence: 0, last_logged_time_us: 0 };
    Options {
        segment_bytes: SEGMENT_BYTES_MIN,
        disk_free_bytes_min: 0,
        space_check_ms: 3_600_000,
        ..Options::new(origin, || 0)
    }
}

/// Hears what is durable.
struct Ear(Sender<u64>);

impl Sink<()> for Ear {
    fn durable(&mut self, up_to: u64, _: &mut Vec<()>) {
        // Whoever no longer listens needs no word.
        let _ = self.0.send(up_to);
    }

    fn failed(&mut self, error: &JournalError, _: &mut Vec<()>) {
        panic!("a journal in memory failed: {error}");
    }
}

/// Six records, each acknowledged before the next, one of them of two pages; closed or not.
fn write(is_closed: bool) -> Template {
    let medium = MemoryMedium::new();
    let (tell, told) = channel();
    let recovery = scan(&medium).expect("an empty journal");
    let journal = recovery.start(Ear(tell)).expect("a journal in memory");
    let key = StockKey::new("TEE-BLUE-M", "OSLO").expect("a key");
    let mut writer = GroupWriter::default();
    for at in 1..=6_u64 {
        let time = Timestamp::from_micros(at);
        writer.open(&key, at - 1, at - 1, &Balances::default(), time);
        let events = if at == 3 { 400 } else { 1 };
        for quantity in 1..=events {
            let change = Change::Received { quantity, from_incoming: false, note: None };
            writer.add(&Event { at: time, once: None, change });
        }
        let first = journal.append(writer.bytes(), writer.count(), at, None).expect("room");
        let last = first + u64::from(writer.count()) - 1;
        while told.recv().expect("an acknowledgement") < last {}
    }
    if is_closed {
        journal.close();
    }
    let mut bytes = medium.bytes(NAMES[0]).expect("a segment");
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(used.next_multiple_of(PAGE_BYTES) + 2 * PAGE_BYTES);
    drop(journal);
    let pages = bytes.chunks_exact(PAGE_BYTES).filter_map(|page| page.first_chunk());
    let headers =
        pages.filter_map(|page| Some((*page, Header::decode(page).ok()?.0.durable_to))).collect();
    let medium = MemoryMedium::new();
    medium.put(NAMES[0], bytes.clone());
    let records = replayed(&scan(&medium).expect("a journal")).expect("what was written");
    assert_eq!(records.len(), 6, "the template's records");
    Template { bytes, records, headers }
}

fn scan(medium: &MemoryMedium) -> Result<Recovery, RecoveryError> {
    let medium: Arc<dyn Medium> = Arc::new(medium.clone());
    Recovery::scan(medium, &options())
}

fn replayed(recovery: &Recovery) -> Result<Vec<Told>, String> {
    let mut records = Vec::new();
    let mut next = recovery.first_sequence();
    let told = recovery.replay(next, |record| {
        assert_eq!(record.first_sequence, next, "records without a gap");
        next += u64::from(record.count);
        records.push((record.first_sequence, record.payload.to_vec()));
        Ok::<_, Infallible>(())
    });
    told.map_err(|error| error.to_string())?;
    assert_eq!(next, recovery.last_sequence() + 1, "records up to the end");
    Ok(records)
}

fn edited(template: &Template, input: &mut Input<'_>) {
    let mut bytes = template.bytes.clone();
    for _ in 0..EDITS_MAX {
        if input.is_empty() || bytes.is_empty() {
            break;
        }
        edit(&mut bytes, input);
    }
    let evidence = bytes.chunks(PAGE_BYTES).filter_map(|page| {
        let header = page.first_chunk()?;
        template
            .headers
            .iter()
            .find(|(known, _)| known == header)
            .map(|(_, durable_to)| *durable_to)
    });
    let acknowledged = evidence.max().unwrap_or_default();
    let medium = MemoryMedium::new();
    medium.put(NAMES[0], bytes);
    match scan(&medium) {
        Ok(recovery) => {
            let records = replayed(&recovery).expect("what the scan accepted");
            assert!(template.records.starts_with(&records), "an event was invented");
            let last = recovery.last_sequence();
            assert!(last >= acknowledged, "{acknowledged} was acknowledged, {last} is the end");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// One edit; none of them can make a checksum hold over something new.
fn edit(bytes: &mut Vec<u8>, input: &mut Input<'_>) {
    let pages = bytes.len().div_ceil(PAGE_BYTES);
    let page = usize::from(input.byte()) % pages * PAGE_BYTES;
    let end = (page + PAGE_BYTES).min(bytes.len());
    match input.byte() % 6 {
        0 => {
            let at = page + usize::from(input.short()) % (end - page);
            bytes[at] = input.byte();
        }
        1 => {
            // Headers and what follows them matter most.
            let at = page + usize::from(input.byte()) % (end - page);
            bytes[at] ^= input.byte();
        }
        2 => bytes[page..end].fill(0),
        3 => {
            let other = usize::from(input.byte()) % pages * PAGE_BYTES;
            let copied = bytes[page..end].to_vec();
            let other_end = (other + copied.len()).min(bytes.len());
            bytes[other..other_end].copy_from_slice(&copied[..other_end - other]);
        }
        4 => bytes.truncate(page + usize::from(input.short()) % PAGE_BYTES),
        _ => {
            let junk = input.piece();
            let length = junk.len().min(end - page);
            bytes[page..page + length].copy_from_slice(&junk[..length]);
        }
    }
}

fn forged(input: &mut Input<'_>) {
    let medium = MemoryMedium::new();
    for name in &NAMES[..1 + usize::from(input.byte() % 2)] {
        medium.put(name, forge(input));
    }
    let Ok(recovery) = scan(&medium) else { return };
    let Ok(records) = replayed(&recovery) else { return };
    for (first, payload) in records {
        let mut events = 0_usize;
        let told = tell(&payload, first, |_| {
            events += 1;
            Ok::<_, saldo::store::save::LoadError>(())
        });
        assert!(events <= payload.len(), "{events} events in {} bytes", payload.len());
        if let Err(error) = told {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// A segment whose checksums all hold and whose figures are the input's.
fn forge(input: &mut Input<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut previous_checksum = 0;
    let (mut run, mut next) = (1, 1);
    for place in 0..RECORDS_MAX {
        if input.is_empty() {
            break;
        }
        let plain = input.byte();
        let kind = match plain % 8 {
            _ if place == 0 && plain < 0xc0 => Kind::Opening,
            0..4 => Kind::Events,
            4 => Kind::Closing,
            5 => Kind::Frame,
            6 => Kind::FrameEnd,
            _ => Kind::Opening,
        };
        let is_mark = matches!(kind, Kind::Opening | Kind::Closing);
        if plain & 0x10 != 0 {
            (run, next) = (input.number(), input.number());
        }
        let payload = if is_mark { mark(input, next) } else { input.piece().to_vec() };
        let count = if is_mark && plain & 0x20 == 0 { 0 } else { input.number() };
        let header = Header {
            kind,
            run,
            first_sequence: next,
            logged_time_us: input.number(),
            durable_to: input.number(),
            count: u32::try_from(count).unwrap_or(u32::MAX),
            length: u32::try_from(payload.len()).expect("a short payload"),
            previous_checksum,
            payload_checksum: crc32c::crc32c(&payload),
        };
        let (head, checksum) = header.encode();
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&payload);
        bytes.resize(bytes.len().next_multiple_of(PAGE_BYTES), 0);
        previous_checksum = checksum;
        next = next.saturating_add(u64::from(header.count));
    }
    bytes
}

/// An opening or closing record's payload, as `docs/journal_format.md` lays it out.
fn mark(input: &mut Input<'_>, next: u64) -> Vec<u8> {
    let is_plain = input.byte() < 0xc0;
    let last = if is_plain { next.wrapping_sub(1) } else { input.number() };
    let number = 1 + u64::from(input.byte() % 2);
    let mut payload = JOURNAL_ID.to_le_bytes().to_vec();
    payload.extend_from_slice(&number.to_le_bytes());
    payload.extend_from_slice(&input.number().to_le_bytes());
    payload.extend_from_slice(&last.to_le_bytes());
    payload.extend_from_slice(&[0; 8]);
    payload
}
