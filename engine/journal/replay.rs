//! Hands a recovered journal over, record by record, each verified before its bytes are believed.

use super::{
    error::{RecordFault, RecoveryError, ReplayError},
    record::{Kind, PAGE_BYTES},
    recovery::{Recovery, io_error},
    scan::{Expected, Found, WINDOW_BYTES_LONG, Walker},
};

/// A record as a replay sees it.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// The sequence of its first event.
    pub first_sequence: u64,
    /// How many events it holds; at least 1.
    pub count: u32,
    /// Logged time of its last group, microseconds since 1970.
    pub logged_time_us: u64,
    /// The groups as they were appended, one behind the other.
    pub payload: &'a [u8],
}

impl Recovery {
    /// Hands over every record from the one that holds `from_sequence` on, verified and in order; with
    /// [`Recovery::first_sequence`] it verifies the whole journal. That first record may begin before `from_sequence`.
    ///
    /// # Errors
    /// [`RecoveryError::Gone`] and [`RecoveryError::Ahead`] when `from_sequence` is not within the journal (one past
    /// its end is), [`RecoveryError::Damaged`], or what the caller answered.
    pub fn replay<E>(
        &self,
        from_sequence: u64,
        mut each: impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<(), ReplayError<E>> {
        if from_sequence < self.first_sequence {
            return Err(RecoveryError::Gone {
                wanted: from_sequence,
                earliest: self.first_sequence,
            }
            .into());
        }
        if from_sequence > self.last_sequence + 1 {
            return Err(
                RecoveryError::Ahead { wanted: from_sequence, last: self.last_sequence }.into()
            );
        }
        let start = self
            .segments
            .partition_point(|(segment, _)| segment.first_sequence <= from_sequence)
            .saturating_sub(1);
        for at in start..self.segments.len() {
            self.replay_segment(at, from_sequence, &mut each)?;
        }
        Ok(())
    }

    fn replay_segment<E>(
        &self,
        at: usize,
        from_sequence: u64,
        each: &mut impl FnMut(Record<'_>) -> Result<(), E>,
    ) -> Result<(), ReplayError<E>> {
        let (segment, opening) = &self.segments[at];
        let next = self.segments.get(at + 1);
        let last_sequence = next.map_or(self.last_sequence, |(_, next)| next.mark.last_sequence);
        let last_checksum = next.map_or(self.last_checksum, |(_, next)| next.mark.last_checksum);
        let name = segment.name();
        let expected = Expected::after(&opening.header, opening.checksum);
        let mut walker =
            Walker::new(self.scanner(&name, WINDOW_BYTES_LONG)?, PAGE_BYTES as u64, expected);
        let mut checksum = opening.mark.last_checksum;
        while walker.expected.next_sequence <= last_sequence {
            let found = match walker.next().map_err(io_error("reading", &name))? {
                Ok(found) if found.holds_events() => found,
                Ok(found) => {
                    return Err(self
                        .damaged(
                            at,
                            found.offset,
                            found.header.first_sequence,
                            RecordFault::Misplaced,
                        )
                        .into());
                }
                Err(fault) => {
                    return Err(self
                        .damaged(at, walker.offset, walker.expected.next_sequence, fault)
                        .into());
                }
            };
            checksum = found.checksum;
            segment.add(found.header.first_sequence, found.offset);
            if found.header.next_sequence() > from_sequence {
                each(found.record()).map_err(|source| ReplayError::Caller {
                    first_sequence: found.header.first_sequence,
                    source,
                })?;
            }
        }
        if walker.expected.next_sequence != last_sequence + 1 || checksum != last_checksum {
            return Err(self
                .damaged(at, walker.offset, walker.expected.next_sequence, RecordFault::Chain)
                .into());
        }
        segment.complete();
        Ok(())
    }

    /// Damage in a segment that a later one, or the scan before, showed to be whole.
    fn damaged(&self, at: usize, offset: u64, sequence: u64, fault: RecordFault) -> RecoveryError {
        let evidence = self.segments.get(at + 1).unwrap_or(&self.segments[at]);
        RecoveryError::Damaged {
            file: self.segments[at].0.name(),
            offset,
            sequence,
            fault,
            evidence_file: evidence.0.name(),
            evidence_offset: 0,
            durable_to: evidence.1.header.durable_to,
        }
    }
}

impl Found<'_> {
    const fn record(&self) -> Record<'_> {
        Record {
            first_sequence: self.header.first_sequence,
            count: self.header.count,
            logged_time_us: self.header.logged_time_us,
            payload: self.payload,
        }
    }

    /// Whether it is a record of events and not a mark.
    pub(super) fn holds_events(&self) -> bool {
        self.header.kind == Kind::Events && self.header.count > 0
    }
}
