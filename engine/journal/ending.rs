//! Finds where a journal ends, and tells a torn tail, which nobody was told of, from damage to acknowledged data.
//!
//! A segment's opening record is synced no earlier than everything before it, so the last segment with a valid
//! opening holds the end; its records are followed until one fails. Every later record that can still be
//! found, there or in later files, was written when nothing behind the failing place was durable, unless its
//! `durable_to` says otherwise: then the failing place is damage.

use super::{
    error::{RecordFault, RecoveryError},
    options::SEGMENT_BYTES_MIN,
    record::{Kind, PAGE_BYTES},
    recovery::{Recovery, TornTail, io_error},
    scan::{Expected, Scanner, WINDOW_BYTES_LONG, Walker},
    segment::{Segment, is_other_version, name_of},
};

/// What was found behind the journal's end, by headers alone.
#[derive(Default)]
struct Behind {
    dead_records: u64,
    bytes_found: bool,
    /// Of all, the highest `durable_to` and where it stands.
    durable_to: u64,
    file: String,
    offset: u64,
}

impl Recovery {
    /// Follows the last segment to its end and judges what lies behind it.
    pub(super) fn find_end(&mut self, unopened: &[u64]) -> Result<(), RecoveryError> {
        let Some((last, opening)) = self.segments.last().cloned() else {
            return self.judge_unopened(unopened);
        };
        if let Some((first, first_opening)) = self.segments.first() {
            self.first_sequence = first.first_sequence;
            self.journal_id = first_opening.mark.journal_id;
        }
        self.run = opening.header.run;
        self.last_sequence = opening.mark.last_sequence;
        self.last_checksum = opening.mark.last_checksum;
        self.last_logged_time_us = opening.header.logged_time_us;
        let name = last.name();
        let mut walker = Walker::new(
            self.scanner(&name, WINDOW_BYTES_LONG)?,
            PAGE_BYTES as u64,
            Expected::after(&opening.header, opening.checksum),
        );
        let fault = loop {
            match walker.next().map_err(io_error("reading", &name))? {
                Err(fault) => break fault,
                Ok(found) if found.header.kind == Kind::Closing => self.clean_stop = true,
                Ok(found) if self.clean_stop || !found.holds_events() => {
                    break RecordFault::Misplaced;
                }
                Ok(found) => {
                    last.add(found.header.first_sequence, found.offset);
                    self.end_holds_events = true;
                    self.last_checksum = found.checksum;
                    self.last_logged_time_us = found.header.logged_time_us;
                    self.end_offset = found.offset + found.header.step_bytes();
                    self.last_sequence = found.header.next_sequence() - 1;
                    continue;
                }
            }
            self.end_offset = walker.offset;
        };
        self.end_offset = self.end_offset.max(PAGE_BYTES as u64);
        last.complete();
        last.note_time(self.last_logged_time_us);
        if let Some(version) = is_other_version(fault) {
            return Err(RecoveryError::Version { file: name, version });
        }
        self.judge_tail(&last, opening.mark.segment_bytes, walker.into_scanner(), fault, unopened)
    }

    /// Torn tail or damage: looks at everything behind the end.
    fn judge_tail(
        &mut self,
        last: &Segment,
        segment_bytes: u64,
        scanner: Scanner,
        fault: RecordFault,
        unopened: &[u64],
    ) -> Result<(), RecoveryError> {
        let file = last.name();
        let mut behind = Behind::default();
        // A start that was cut short leaves a copy that ends where its records do, on the byte.
        let mut file_cut_short =
            scanner.file_bytes() != self.end_offset && scanner.file_bytes() < segment_bytes;
        behind.look(&file, scanner, self.end_offset)?;
        for &number in unopened {
            let name = name_of(number);
            let scanner = self.scanner(&name, WINDOW_BYTES_LONG)?;
            // A segment has its whole length before it has its name.
            file_cut_short |= scanner.file_bytes() < SEGMENT_BYTES_MIN;
            behind.look(&name, scanner, 0)?;
        }
        if behind.durable_to > self.last_sequence {
            return Err(RecoveryError::Damaged {
                file,
                offset: self.end_offset,
                sequence: self.last_sequence + 1,
                fault,
                evidence_file: behind.file,
                evidence_offset: behind.offset,
                durable_to: behind.durable_to,
            });
        }
        if behind.bytes_found || file_cut_short {
            let torn = TornTail {
                file,
                offset: self.end_offset,
                first_sequence: self.last_sequence + 1,
                fault,
                dead_records: behind.dead_records,
                file_cut_short,
            };
            self.torn_tail = Some(torn);
        }
        Ok(())
    }

    /// Tells the operator what was cut, if anything.
    pub(super) fn log_torn_tail(&self) {
        if let Some(torn) = &self.torn_tail {
            tracing::warn!(
                file = torn.file,
                offset = torn.offset,
                first_sequence = torn.first_sequence,
                dead_records = torn.dead_records,
                file_cut_short = torn.file_cut_short,
                "the journal's unacknowledged tail is cut: {}",
                torn.fault
            );
        }
    }

    /// No segment opens validly: a crash during the very first start, or damage. A first start leaves one segment
    /// without a record of events, for nothing is written behind an opening, and no second segment made, before
    /// the opening is durable.
    fn judge_unopened(&self, unopened: &[u64]) -> Result<(), RecoveryError> {
        let mut behind = Behind::default();
        for &number in unopened {
            let name = name_of(number);
            behind.look(&name, self.scanner(&name, WINDOW_BYTES_LONG)?, 0)?;
        }
        let (Some(first), Some(last)) = (unopened.first(), unopened.last()) else {
            return Ok(());
        };
        let opening_at_most = behind.dead_records == 0
            || (behind.dead_records == 1
                && behind.offset == 0
                && behind.durable_to <= self.last_sequence);
        if first == last && opening_at_most {
            return Ok(());
        }
        Err(RecoveryError::Damaged {
            file: name_of(*first),
            offset: 0,
            sequence: self.first_sequence,
            fault: RecordFault::Misplaced,
            evidence_file: if behind.file.is_empty() { name_of(*last) } else { behind.file },
            evidence_offset: behind.offset,
            durable_to: behind.durable_to,
        })
    }
}

impl Behind {
    /// Looks at every page from an offset on for headers that hold, and for bytes at all.
    fn look(&mut self, name: &str, mut scanner: Scanner, from: u64) -> Result<(), RecoveryError> {
        let mut offset = from;
        while offset < scanner.file_bytes() {
            if let Ok((header, _)) = scanner.header(offset).map_err(io_error("reading", name))? {
                self.dead_records += 1;
                if header.durable_to > self.durable_to || self.file.is_empty() {
                    self.durable_to = header.durable_to;
                    name.clone_into(&mut self.file);
                    self.offset = offset;
                }
            }
            self.bytes_found |= !scanner.is_blank(offset).map_err(io_error("reading", name))?;
            offset += PAGE_BYTES as u64;
        }
        Ok(())
    }
}
