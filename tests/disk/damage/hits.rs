//! Where damage hits: bits, lengths, and records of another history.

use saldo::journal::{HEADER_BYTES, Kind, PAGE_BYTES};

use crate::disk::machine::Machine;
use crate::disk::medium::PagedMedium;
use crate::disk::pages::{Pages, SECTOR_BYTES};
use crate::disk::rows::{records, segments};

use super::bases::Base;

/// Which of a machine's media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Journal,
    Baselines,
    Files,
    Tree,
}

/// A place that is hit.
#[derive(Clone, Debug)]
pub struct Place {
    pub which: Which,
    pub file: String,
    /// Bytes from the file's beginning.
    pub offset: usize,
    pub bit: u8,
    /// Whether the store is lost too, so that baseline and journal alone must do.
    pub without_store: bool,
    /// Whether it is a cut at the end of a record.
    pub at_end: bool,
}

/// Bytes of every 64 that are hit in the short form.
const SAMPLED: [usize; 3] = [1, 29, 58];
/// Fields of a header that are hit in the short form: magic, version, kind, run, sequence, `durable_to`, count, length,
/// the checksum before, the payload's, zeros, its own.
const FIELDS: [usize; 12] = [0, 4, 6, 8, 16, 32, 40, 45, 48, 52, 57, 61];

impl Place {
    /// The tree as a whole.
    pub fn of_tree() -> Self {
        Self::new(Which::Tree, "the tree", 0)
    }

    fn new(which: Which, file: &str, offset: usize) -> Self {
        let without_store = which == Which::Baselines;
        Self { which, file: file.to_owned(), offset, bit: 0, without_store, at_end: false }
    }

    /// Bits of a byte: all, or one.
    fn bits(self, full: bool) -> impl Iterator<Item = Self> {
        let bits = if full { (0..8).collect() } else { vec![self.bit_sampled()] };
        bits.into_iter().map(move |bit| Self { bit, ..self.clone() })
    }

    fn bit_sampled(&self) -> u8 {
        u8::try_from((self.offset / 3 + self.offset / PAGE_BYTES) % 8).unwrap_or(0)
    }

    fn medium<'a>(&self, machine: &'a Machine) -> Option<&'a PagedMedium> {
        match self.which {
            Which::Journal => Some(&machine.journal),
            Which::Baselines => Some(&machine.baselines),
            Which::Files => Some(&machine.files),
            Which::Tree => None,
        }
    }
}

fn media(machine: &Machine) -> [(Which, &PagedMedium); 3] {
    let Machine { journal, baselines, files, .. } = machine;
    [(Which::Journal, journal), (Which::Baselines, baselines), (Which::Files, files)]
}

/// Bits to turn.
pub fn flips(base: &Base<'_>, full: bool) -> Vec<Place> {
    let mut places = Vec::new();
    for (which, medium) in media(&base.machine) {
        for name in medium.names() {
            let pages = medium.pages(&name).unwrap_or_default();
            let mut offsets = of_records(&pages, full);
            if offsets.is_empty() {
                // A segment that waits for its first record is one blank page after the other.
                let blank = || vec![0, 5, PAGE_BYTES + 100];
                let all = || sampled(0..pages.len().min(4 * PAGE_BYTES), full);
                offsets = if which == Which::Journal { blank() } else { all() };
            }
            let all = offsets.into_iter().map(|offset| Place::new(which, &name, offset));
            places.extend(all.flat_map(|place| place.bits(full)));
        }
    }
    places
}

/// Bytes of all records of a file, and some behind them.
fn of_records(pages: &Pages, full: bool) -> Vec<usize> {
    let mut offsets = Vec::new();
    let mut end = 0;
    for (number, record) in records(pages).iter().enumerate() {
        let payload = record.offset + HEADER_BYTES;
        end = payload + record.payload.len();
        if full {
            offsets.extend(record.offset..payload);
            offsets.extend(sampled(payload..end.min(payload + PAGE_BYTES), full));
        } else {
            // Each record is hit in other fields than the one before.
            let fields = FIELDS.iter().skip(number % 3).step_by(3);
            offsets.extend(fields.map(|field| record.offset + field));
            offsets.extend([payload + number % 40, end.saturating_sub(1)]);
        }
        offsets.push(end);
    }
    if !offsets.is_empty() {
        let next = end.next_multiple_of(PAGE_BYTES);
        offsets.extend([next, next + 5, next + PAGE_BYTES + 100]);
    }
    offsets
}

fn sampled(range: std::ops::Range<usize>, full: bool) -> Vec<usize> {
    range.filter(|offset| full || SAMPLED.contains(&(offset % 64))).collect()
}

/// Turns the bit; false where there is none.
pub fn flip(machine: &Machine, place: &Place) -> bool {
    change(machine, place, |pages| pages.flip(place.offset, place.bit))
}

/// Cuts the file there; false where it ends before.
pub fn cut(machine: &Machine, place: &Place) -> bool {
    change(machine, place, |pages| {
        let is_shorter = place.offset < pages.len();
        pages.cut(place.offset);
        is_shorter
    })
}

fn change(machine: &Machine, place: &Place, with: impl FnOnce(&mut Pages) -> bool) -> bool {
    let Some(medium) = place.medium(machine) else { return false };
    let Some(mut pages) = medium.pages(&place.file) else { return false };
    let is_changed = with(&mut pages);
    medium.put(&place.file, pages);
    is_changed
}

/// Lengths to cut files to: page by page, and within the pages of records sector by sector.
pub fn cuts(base: &Base<'_>, full: bool) -> Vec<Place> {
    let mut places = Vec::new();
    for (which, medium) in media(&base.machine) {
        for name in medium.names() {
            let pages = medium.pages(&name).unwrap_or_default();
            let found = records(&pages);
            let ends: Vec<usize> = found
                .iter()
                .map(|it| {
                    (it.offset + HEADER_BYTES + it.payload.len()).next_multiple_of(PAGE_BYTES)
                })
                .collect();
            let last = ends.last().copied().unwrap_or(pages.len()).min(pages.len());
            let step = if full || last < 32 * SECTOR_BYTES {
                SECTOR_BYTES
            } else {
                PAGE_BYTES + SECTOR_BYTES
            };
            let steps = (0..last + PAGE_BYTES).step_by(step);
            let short = |offset: &usize| {
                full || last < 64 * PAGE_BYTES || offset % (16 * PAGE_BYTES) < step
            };
            let all = steps.filter(short).chain(ends.iter().copied());
            places.extend(all.map(|offset| Place {
                at_end: ends.contains(&offset),
                ..Place::new(which, &name, offset)
            }));
        }
    }
    places
}

/// The base's last segment with a record of a stranger's put behind a valid one that it does not follow on: alone, with
/// all behind it, and as the first after the end. Each with the last event that was acknowledged.
pub fn splices(base: &Base<'_>, stranger: &Machine) -> Vec<(Machine, Place, u64)> {
    let mut made = Vec::new();
    let journal = &base.machine.journal;
    for name in segments(journal) {
        let (Some(own), Some(other)) = (journal.pages(&name), stranger.journal.pages(&name)) else {
            continue;
        };
        let (mine, theirs) = (records(&own), records(&other));
        for (record, strange) in mine.iter().zip(&theirs) {
            let same_place = record.offset == strange.offset
                && record.header.first_sequence == strange.header.first_sequence
                && record.header.run == strange.header.run;
            let follows = record.header.previous_checksum == strange.header.previous_checksum;
            if !same_place || follows || record.header.kind != Kind::Events {
                continue;
            }
            let place = Place::new(Which::Journal, &name, record.offset);
            let end = strange.offset
                + (HEADER_BYTES + strange.payload.len()).next_multiple_of(PAGE_BYTES);
            let rest = other.page_count() * PAGE_BYTES;
            for (from_other, kept, durable) in [
                (record.offset..end, true, base.known_durable),
                (record.offset..rest, true, base.known_durable),
                (record.offset..end, false, record.header.first_sequence - 1),
            ] {
                let machine = base.machine.process_crash();
                let mut pages = own.clone();
                if !kept {
                    let bytes = pages.len();
                    pages.cut(record.offset);
                    pages.write(&vec![0; bytes - record.offset], record.offset);
                }
                for page in from_other.start / PAGE_BYTES..from_other.end / PAGE_BYTES {
                    pages.take_page(&other, page, u8::MAX);
                }
                machine.journal.put(&name, pages);
                made.push((machine, place.clone(), durable));
            }
        }
    }
    made
}
